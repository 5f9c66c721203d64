"""An event loop whose time passes only while everybody waits."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

from tests import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps from one alarm to the next. Where there is none, everybody waits for ever."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise AssertionError("everybody waits for ever")
            self._loop.now += timeout
        return ready


def leave_behind(loop: VirtualLoop) -> None:
    """Close a loop whose tasks will never end, without asyncio's complaint of them."""
    for task in asyncio.all_tasks(loop):
        inside.silence_pending(task)
    loop.close()


def simulate(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function in virtual time, and see that it leaves nothing behind."""
    loop = VirtualLoop()
    try:
        result = loop.run_until_complete(main(loop))
        assert asyncio.all_tasks(loop) == set()
        return result
    finally:
        loop.close()
