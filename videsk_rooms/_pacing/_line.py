"""Callers that wait for something in the order in which they came, and what wakes them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from videsk_rooms.errors import ClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Line(Generic[T]):
    """Callers in order; each waits until it is called up, and may walk off at any moment."""

    def __init__(self, changed: Callable[[], None], unused: Callable[[T], None]) -> None:
        """Begin an empty line.

        Args:
            changed: Called when somebody has come or gone.
            unused: Called with what a caller was given that was cancelled at this very moment.
        """
        self._changed = changed
        self._unused = unused
        self._ahead: OrderedDict[asyncio.Future[T], None] = OrderedDict()
        self._waiting: OrderedDict[asyncio.Future[T], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ahead) + len(self._waiting)

    async def wait(self, *, ahead: bool = False) -> T:
        """Wait until called up; `ahead` of all who came without it."""
        line = self._ahead if ahead else self._waiting
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        line[waiting] = None
        self._changed()
        try:
            return await waiting
        except BaseException:  # also the end of a coroutine that its loop left behind
            line.pop(waiting, None)
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                self._unused(waiting.result())
            self._changed()
            raise

    def next(self) -> asyncio.Future[T] | None:
        """Take the first one out of the line; `None` if nobody is there."""
        for line in (self._ahead, self._waiting):
            while line:
                waiting, _ = line.popitem(last=False)
                # Cancelled and not yet told so, or left behind by a loop that is closed.
                if not waiting.done() and not waiting.get_loop().is_closed():
                    return waiting
        return None

    def dismiss(self, error: Exception | None = None) -> None:
        """Send everybody home, with an error."""
        while (waiting := self.next()) is not None:
            waiting.set_exception(
                error or ClosedError("the client was closed; make a new one to go on")
            )


def wake_in(seconds: float, serve: Callable[[], None]) -> asyncio.TimerHandle | None:
    """Call a function later; outside of a loop nobody waits who could be served."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop.call_later(max(seconds, 0.0), serve)


async def end(task: asyncio.Task[None] | None, *, patience: float = 0.0) -> None:
    """Let a task come to its end, cancelled if it takes too long; one of another loop is let be."""
    if task is not None and task.get_loop() is asyncio.get_running_loop():
        await asyncio.wait([task], timeout=patience)
        task.cancel()
        await asyncio.wait([task])
