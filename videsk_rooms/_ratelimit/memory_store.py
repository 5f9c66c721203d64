"""The rate limiter of one client alone, in one event loop or several.

Nothing is reserved: callers wait in a queue, and the first asks again and again whether one more
request may leave now. Counted is when requests really leave, not when they were permitted: a
first request spends a while connecting, and the one a window later does not, so that counting
permits would let the two reach the server too close together.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.fork import leak

from .limit import SPREAD, ObservedLimit, described
from .limiter import Rank
from .queue import Timer, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .limit import Limit

# Seconds. So often those who wait in a loop look up: the timer for all may be set in another loop,
# which has stopped since, and so may somebody have who was to leave first.
_LOOK_UP = 0.25


class MemoryLimiter:
    """Gives permits in order, never more than the limit allows."""

    def __init__(
        self, limit: Limit, *, margin: float = SPREAD, clock: Callable[[], float] = monotonic
    ) -> None:
        self._limit = ObservedLimit(limit)
        self._margin = margin
        self._clock = clock
        self._left: deque[float] = deque(maxlen=limit.requests)
        # By loop: what was to leave in one that does not run will not leave now.
        self._leaving: Counter[asyncio.AbstractEventLoop | None] = Counter()
        self._looking_up: set[asyncio.AbstractEventLoop] = set()
        self._held_until = 0.0
        self._next_from_line = 0.0
        self._line = self._new_line()
        self._alarm = Timer(self._serve)
        self._closed = False

    def try_acquire(self, rank: Rank = Rank.INTERACTIVE) -> _Permit | None:
        """Return the permission if nobody waits and one more may leave."""
        with self._line.lock:
            if self._opening(self._clock()) > 0 or self._line.waiting:
                return None
            return self._granted(asyncio._get_running_loop())

    async def acquire(self, rank: Rank = Rank.INTERACTIVE) -> _Permit:
        """Stand in line."""
        loop = asyncio.get_running_loop()
        if loop not in self._looking_up:
            self._looking_up.add(loop)
            loop.call_later(_LOOK_UP, self._look_up, loop)
        return await self._line.wait()

    def learn(self, headers: Mapping[str, str]) -> None:
        """Go by the server's limit from now on."""
        if self._limit.learn(headers):
            with self._line.lock:
                self._left = deque(self._left, maxlen=self._limit.limit.requests)
                self._serve()

    def hold(self, seconds: float) -> None:
        """Pause all requests for so long."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def waited_for(self) -> str:
        """Name the limit that requests wait for, and a hold."""
        return described(self._limit, self._held_until - self._clock())

    async def close(self) -> None:
        """Fail all waiters."""
        self._closed = True
        self._serve()

    def reset_after_fork(self) -> None:
        """Forget who waits and who is on the way, in a child after a fork."""
        leak(self._line, self._alarm)
        self._line = self._new_line()
        self._leaving.clear()
        self._looking_up.clear()
        self._alarm = Timer(self._serve)

    def _new_line(self) -> WaitQueue[_Permit]:
        return WaitQueue(self._serve, unused=_Permit.over)

    def _opening(self, now: float) -> float:
        """Return in how many seconds one more may leave; infinity if another must leave first."""
        limit = self._limit.limit
        # Those on their way to a connection will leave at any moment, so each takes a place.
        leaving = sum(
            count
            for loop, count in self._leaving.items()
            if loop is None or (loop.is_running() and not loop.is_closed())
        )
        unused = limit.requests - leaving
        if unused <= 0:
            return inf
        opens = self._held_until
        if len(self._left) >= unused:
            opens = max(opens, self._left[-unused] + limit.per + self._margin)
        return opens - now

    def _granted(self, loop: asyncio.AbstractEventLoop | None) -> _Permit:
        for ended in [each for each in self._leaving if each is not None and each.is_closed()]:
            del self._leaving[ended]
        self._leaving[loop] += 1
        return _Permit(self, loop)

    def _look_up(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._line.lock:
            self._looking_up = {each for each in self._looking_up if not each.is_closed()}
            if any(waiting.get_loop() is loop for waiting in self._line.waiting):
                loop.call_later(_LOOK_UP, self._look_up, loop)
            else:
                self._looking_up.discard(loop)
            self._serve()

    def _serve(self) -> None:
        """Wake the first waiters whose time has come, and set the timer for the next."""
        with self._line.lock:
            self._alarm.off()
            if self._closed:
                self._line.fail_all()
            while (first := self._line.first()) is not None:
                now = self._clock()
                wait = max(self._opening(now), self._next_from_line - now)
                if wait > 0:
                    if wait != inf:
                        self._alarm.set(wait, first.get_loop())
                    return
                self._line.wake(first, self._granted(first.get_loop()))
                self._next_from_line = now + self._limit.limit.gap

    def _one_left(self, loop: asyncio.AbstractEventLoop | None) -> None:
        with self._line.lock:
            self._one_less(loop)
            self._left.append(self._clock())
            if self._line.waiting:
                self._serve()

    def _one_stayed(self, loop: asyncio.AbstractEventLoop | None) -> None:
        with self._line.lock:
            self._one_less(loop)
            if self._line.waiting:
                self._serve()

    def _one_less(self, loop: asyncio.AbstractEventLoop | None) -> None:
        if self._leaving[loop] > 1:
            self._leaving[loop] -= 1
        else:
            del self._leaving[loop]


class _Permit:
    __slots__ = ("_loop", "_pacing")

    def __init__(self, pacing: MemoryLimiter, loop: asyncio.AbstractEventLoop | None) -> None:
        self._pacing: MemoryLimiter | None = pacing
        self._loop = loop

    async def leave(self) -> None:
        """Count it."""
        pacing, self._pacing = self._pacing, None
        if pacing is not None:
            pacing._one_left(self._loop)

    def over(self) -> None:
        """Give the place back, unless the request left."""
        pacing, self._pacing = self._pacing, None
        if pacing is not None:
            pacing._one_stayed(self._loop)
