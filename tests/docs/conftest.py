"""A sandbox that stands for the account of whoever reads the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """The sandbox that `AsyncVidesk()` and `Videsk()` reach, in an empty folder.

    Its rate, which it tells clients, makes none of them wait.
    """
    monkeypatch.chdir(tmp_path)
    with Sandbox(rate=10_000) as sandbox:
        monkeypatch.setenv("VIDESK_API_TOKEN", sandbox.api_token)
        monkeypatch.setenv("VIDESK_BASE_URL", sandbox.url)
        yield sandbox
