"""A queue of waiting callers, first come first served, and the timer that wakes them."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from videsk_rooms._concurrency.loops import call_soon_in
from videsk_rooms.errors import CLOSED, ClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class WaitQueue(Generic[T]):
    """Callers in order, of one event loop or several; each may walk off at any moment."""

    def __init__(self, changed: Callable[[], None], unused: Callable[[T], None]) -> None:
        """Begin an empty line.

        Args:
            changed: Called when somebody has come or gone.
            unused: Called with what a caller was given that was cancelled at this very moment.
        """
        # Re-entrant: a coroutine that is collected leaves the line from wherever that happens.
        self.lock = threading.RLock()
        self._changed = changed
        self._unused = unused
        self._ahead: OrderedDict[asyncio.Future[T], None] = OrderedDict()
        self.waiting: OrderedDict[asyncio.Future[T], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ahead) + len(self.waiting)

    async def wait(self, *, ahead: bool = False) -> T:
        """Wait until called up; `ahead` of all who came without it."""
        line = self._ahead if ahead else self.waiting
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self.lock:
            line[waiting] = None
            self._changed()
        try:
            return await waiting
        except BaseException:  # also the end of a coroutine that its loop left behind
            with self.lock:
                line.pop(waiting, None)
                if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                    self._unused(waiting.result())
                self._changed()
            raise

    def first(self) -> asyncio.Future[T] | None:
        """Find who is first; `None` if nobody waits in a loop that is running."""
        return _first(self._ahead) or _first(self.waiting)

    def wake(self, waiting: asyncio.Future[T], value: T) -> None:
        """Take somebody out of the line, and hand over what it waits for."""
        self._ahead.pop(waiting, None)
        self.waiting.pop(waiting, None)
        if not call_soon_in(waiting.get_loop(), self._hand_over, waiting, value):
            self._unused(value)

    def fail_all(self, error: Exception | None = None) -> None:
        """Send everybody home, with an error."""
        with self.lock:
            everybody = [*self._ahead, *self.waiting]
            self._ahead.clear()
            self.waiting.clear()
        for waiting in everybody:
            reason = error or ClosedError(CLOSED)
            call_soon_in(waiting.get_loop(), _send_home, waiting, reason)

    def _hand_over(self, waiting: asyncio.Future[T], value: T) -> None:
        if waiting.done():
            self._unused(value)
        else:
            waiting.set_result(value)


def _first(line: OrderedDict[asyncio.Future[T], None]) -> asyncio.Future[T] | None:
    first: asyncio.Future[T] | None = None
    gone: list[asyncio.Future[T]] = []
    for waiting in line:
        loop = waiting.get_loop()
        # Cancelled and not yet told so, or left behind.
        if waiting.done() or loop.is_closed():
            gone.append(waiting)
        elif loop.is_running():  # one that stands still may go on, and keeps its turn
            first = waiting
            break
    for waiting in gone:
        del line[waiting]
    return first


def _send_home(waiting: asyncio.Future[Any], error: Exception) -> None:
    if not waiting.done():
        waiting.set_exception(error)


class Timer:
    """Calls a function later, in the loop of whoever waits; one call at most is ahead."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None

    def set(self, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        """Call in so many seconds; in another loop at once, where it can then be set."""
        if loop is asyncio._get_running_loop():
            self._loop, self._handle = loop, loop.call_later(max(seconds, 0.0), self._ring)
        else:
            call_soon_in(loop, self._ring)

    def off(self) -> None:
        """Call nobody; what another loop has ahead does no harm."""
        handle, self._handle = self._handle, None
        if handle is not None and self._loop is asyncio._get_running_loop():
            handle.cancel()


async def end(task: asyncio.Task[None] | None, *, patience: float = 0.0) -> None:
    """Await a task, cancelled if it takes too long; leave one of another loop alone."""
    if task is not None and task.get_loop() is asyncio.get_running_loop():
        await asyncio.wait([task], timeout=patience)
        task.cancel()
        await asyncio.wait([task])
