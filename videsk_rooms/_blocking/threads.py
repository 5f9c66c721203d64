"""The thread backend of Python's own threads, and the interface of both backends.

The backend is chosen when a loop is started, not when this module is imported: a server may load
the application first and patch Python later.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
from typing import TYPE_CHECKING, Protocol

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import WatchedLoop

if TYPE_CHECKING:
    from collections.abc import Callable


class OneShotEvent(Protocol):
    """One-shot event: one waiter, set from any thread. A raw lock that is held is one."""

    def acquire(self, *, timeout: float) -> bool:
        """Wait until it is set, for at most `timeout` seconds."""
        ...

    def release(self) -> None:
        """Set it."""
        ...


class Thread(Protocol):
    """A thread that is ready to start. It does not keep the interpreter from exiting."""

    def start(self) -> None:
        """Start it."""
        ...

    def join(self, timeout: float) -> None:
        """Wait for its end, for at most `timeout` seconds."""
        ...


class ThreadBackend:
    """Threads and waiting as Python has them."""

    def event(self) -> OneShotEvent:
        """Make an event that the current thread, or greenlet, can wait for."""
        lock = threading.Lock()
        lock.acquire()
        return lock

    def thread(self, run: Callable[[], None]) -> Thread:
        """Prepare a thread."""
        # A daemon: a client that nobody closed must not keep the interpreter from exiting.
        return threading.Thread(name="videsk-rooms", daemon=True, target=run)

    def loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop. Always asyncio's own (docs/decisions/0002-loop-in-a-thread.md)."""
        if sys.platform == "win32":
            loop = asyncio.new_event_loop()
            loop.time = monotonic  # type: ignore[method-assign]  # as WatchedLoop has it
            return loop
        return WatchedLoop(selectors.DefaultSelector())
