"""The application of the appointments, as two folders of tests put it to work."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .blocks import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    import pytest

    from videsk_rooms.sandbox import Sandbox

KEY = {"Authorization": "Bearer key-of-the-staff"}


@contextmanager
def application(
    sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, now: Callable[[], datetime]
) -> Iterator[Any]:
    """Give the application with a database in a folder, and a clock of its own."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("VIDESK_API_TOKEN", sandbox.api_token)
    monkeypatch.setenv("VIDESK_BASE_URL", sandbox.url)
    monkeypatch.setenv("APPOINTMENTS_DATABASE", f"sqlite:///{folder / 'appointments.db'}")
    monkeypatch.setenv("APPOINTMENTS_STAFF_KEY", "key-of-the-staff")
    module = importlib.import_module("appointments_app")
    module.app.dependency_overrides[module.now] = now
    try:
        yield module.app
    finally:
        module.app.dependency_overrides.clear()
