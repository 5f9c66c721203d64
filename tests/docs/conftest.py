"""What the documents are run with: an account, a generated client."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.generated import generating
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
    # A page may import the file that it has shown, as from Python's prompt.
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    with Sandbox(rate=10_000) as sandbox:
        monkeypatch.setenv("VIDESK_API_TOKEN", sandbox.api_token)
        monkeypatch.setenv("VIDESK_BASE_URL", sandbox.url)
        yield sandbox
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(scope="session")
def generated_rooms() -> Iterator[None]:
    """The package `generated_rooms`, which openapi-python-client makes, can be imported."""
    with generating() as folder, pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield
