"""The clients of these tests: quick to try again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.exact.support import client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from videsk_rooms import AsyncVidesk
    from videsk_rooms.sandbox import Sandbox


@pytest.fixture
async def fast(sandbox: Sandbox) -> AsyncIterator[AsyncVidesk]:
    """A client on the sandbox: four attempts a call, short pauses, no pacing."""
    async with client(sandbox) as videsk:
        yield videsk
