"""What every test stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aioresponses.core
import pytest

from tests.support import API, TOKEN, patch_aioresponses
from videsk_rooms import AsyncVidesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

patch_aioresponses()
pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the account of whoever runs the suite out of it."""
    for name in ("VIDESK_API_TOKEN", "VIDESK_API_TOKEN_FILE", "VIDESK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def wire() -> Iterator[aioresponses.core.aioresponses]:
    """The network, mocked: what one call sends and reads."""
    with aioresponses.core.aioresponses() as wire:
        yield wire


@pytest.fixture
async def wired() -> AsyncIterator[AsyncVidesk]:
    """A client for the mocked network."""
    async with AsyncVidesk(TOKEN, base_url=API) as videsk:
        yield videsk
