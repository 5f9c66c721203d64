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

from videsk_rooms._concurrency.fork import WatchedLoop

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = "videsk-rooms"


class OneShotEvent(Protocol):
    """One-shot event: one waiter, set from any thread. A raw lock that is held is one."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Wait until it is open, at most so many seconds; -1 for no bound."""
        ...

    def release(self) -> None:
        """Open it."""
        ...


class Thread(Protocol):
    """A thread that is to be started."""

    def start(self) -> None:
        """Start it."""
        ...

    def join(self, timeout: float) -> None:
        """Wait for its end, at most so many seconds."""
        ...

    def is_current(self) -> bool:
        """Return whether this is called in it."""
        ...


class ThreadBackend(Protocol):
    """A way to have threads and to wait for them."""

    def gate(self) -> OneShotEvent:
        """Make a gate for the thread, or the greenlet, that calls this."""
        ...

    def thread(self, run: Callable[[], None]) -> Thread:
        """Prepare a thread that keeps no interpreter from leaving."""
        ...

    def loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop that can run in such a thread."""
        ...


class StandardThread(threading.Thread):
    """A daemon: a client that nobody closed must not keep the interpreter from leaving."""

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__(target=run, name=_NAME, daemon=True)

    def is_current(self) -> bool:
        """Return whether this is called in it."""
        return self is threading.current_thread()


class StandardBackend:
    """Threads as they come with Python."""

    def gate(self) -> OneShotEvent:
        """Make a lock, and hold it."""
        lock = threading.Lock()
        lock.acquire()
        return lock

    def thread(self, run: Callable[[], None]) -> Thread:
        """Prepare a thread."""
        return StandardThread(run)

    def loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop. Always asyncio's own (docs/decisions/0033-asyncio-in-the-thread.md)."""
        if sys.platform == "win32":
            return asyncio.new_event_loop()
        return WatchedLoop(selectors.DefaultSelector())


STANDARD = StandardBackend()
