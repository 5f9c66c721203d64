"""Waiting for what another thread, task or process does, where no event tells of it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 60.0
"""Seconds, much longer than anything takes on a busy machine: no test waits for them in vain."""

_PAUSE = 0.002


def wait_until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait in a test that blocks; fail if the condition has not come about by then."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"it has not come about within {patience:g} s"
        time.sleep(_PAUSE)


async def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait in a test that awaits, and let its loop run; fail as `wait_until` does."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"it has not come about within {patience:g} s"
        await asyncio.sleep(_PAUSE)
