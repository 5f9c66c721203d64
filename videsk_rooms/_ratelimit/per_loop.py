"""The shared rate limiter of a client that is used in several event loops.

Each loop is limited like a process of its own: it has its own queue and its own connection to the
store, because connections and descriptors are not shared between threads.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.fork import is_lost, leak
from videsk_rooms._concurrency.loops import run_coroutine_in
from videsk_rooms.errors import CLOSED, ClosedError

from .limiter import Rank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .limiter import Permit
    from .shared import Shared


class LimiterPerLoop:
    """Gives each loop its own shared pacing."""

    def __init__(self, make: Callable[[], Shared]) -> None:
        self._make = make
        # Made at once, so that a store that cannot be used is told at construction.
        self._next: Shared | None = make()
        self._by_loop: dict[asyncio.AbstractEventLoop, Shared] = {}
        self._lock = threading.Lock()
        self._closed = False

    def try_acquire(self, rank: Rank = Rank.INTERACTIVE) -> None:
        """Return `None`: only the store knows."""

    async def acquire(self, rank: Rank = Rank.INTERACTIVE) -> Permit:
        """Stand in the line of the running loop."""
        return await self.here().acquire(rank)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Go by the server's limit from now on."""
        if not self._closed:
            self.here().learn(headers)

    def hold(self, seconds: float) -> None:
        """Pause all requests for so long, in any loop of any process."""
        if not self._closed:
            self.here().hold(seconds)

    def waited_for(self) -> str:
        """Name the limit that requests wait for in the running loop."""
        return self.here().waited_for()

    async def close(self) -> None:
        """Close all, each in its own loop, while that runs; cancelled, call it again."""
        with self._lock:
            self._closed = True
        for loop, pacing in list(self._by_loop.items()):
            if loop.is_running() and not loop.is_closed():
                await run_coroutine_in(loop, pacing.close)
            self._by_loop.pop(loop, None)
        if self._next is not None:
            await self._next.close()
            self._next = None

    def reset_after_fork(self) -> None:
        """Forget the parent's loops, in a child after a fork."""
        for pacing in self._by_loop.values():
            pacing.reset_after_fork()
        leak(self._by_loop)
        self._lock = threading.Lock()
        self._by_loop = {}
        if self._next is not None:
            self._next.reset_after_fork()

    def here(self) -> Shared:
        """Return the pacing of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._by_loop.get(loop)
        return found if found is not None else self._begin_in(loop)

    def _begin_in(self, loop: asyncio.AbstractEventLoop) -> Shared:
        with self._lock:
            if self._closed:
                raise ClosedError(CLOSED)
            for ended in [each for each in self._by_loop if each.is_closed()]:
                pacing = self._by_loop.pop(ended)
                if is_lost(ended):
                    leak(pacing)
            pacing = self._next or self._make()
            self._next = None
            self._by_loop[loop] = pacing
            return pacing
