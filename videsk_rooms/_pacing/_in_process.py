"""Pacing for one client alone.

Nothing is reserved: callers stand in line, and whoever is first asks again and again whether one
more may leave now. Counted is when requests really leave, not when they were allowed to: a first
request spends a while connecting, and its successor a window later does not, so that counting from
the permission would let the two come too close together at the server.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from ._limit import Learned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._limit import Limit

# More than the spread of the way to the server, so that two requests a window apart do not
# arrive closer together than that (docs/architecture.md, "Pacing").
MARGIN = 0.010


class InProcess:
    """Lets requests leave in the order in which they came, never more than the limit allows."""

    def __init__(self, limit: Limit, *, margin: float = MARGIN) -> None:
        self._limit = Learned(limit)
        self._margin = margin
        self._left: deque[float] = deque(maxlen=limit.requests)
        self._leaving = 0
        self._held_until = 0.0
        self._line: deque[asyncio.Future[_Departure]] = deque()
        self._alarm: asyncio.TimerHandle | None = None

    def depart_at_once(self) -> _Departure | None:
        """Return the permission if nobody waits and one more may leave."""
        if self._line or self._opening(monotonic()) > 0:
            return None
        return self._granted()

    async def depart(self) -> _Departure:
        """Stand in line."""
        waiting: asyncio.Future[_Departure] = asyncio.get_running_loop().create_future()
        self._line.append(waiting)
        self._serve()
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                waiting.result().over()
            else:
                waiting.cancel()
                self._serve()
            raise

    def learn(self, headers: Mapping[str, str]) -> None:
        """Go by the server's limit from now on."""
        if self._limit.learn(headers):
            self._left = deque(self._left, maxlen=self._limit.limit.requests)
            self._serve()

    def hold(self, seconds: float) -> None:
        """Let nobody leave for so long."""
        self._held_until = max(self._held_until, monotonic() + seconds)

    async def close(self) -> None:
        """Forget the alarm; whoever waits is cancelled by its own call."""
        self._disarm()

    def _opening(self, now: float) -> float:
        """Tell in how many seconds one more may leave; infinity if somebody must leave first."""
        limit = self._limit.limit
        # Those on their way to a connection will leave at any moment, so each takes a place.
        unused = limit.requests - self._leaving
        if unused <= 0:
            return float("inf")
        opens = self._held_until
        if len(self._left) >= unused:
            opens = max(opens, self._left[-unused] + limit.per + self._margin)
        return opens - now

    def _granted(self) -> _Departure:
        self._leaving += 1
        return _Departure(self)

    def _serve(self) -> None:
        """Let those at the head of the line leave who may, and wake up when the next one may."""
        while self._line:
            if self._line[0].done():
                self._line.popleft()  # cancelled
                continue
            wait = self._opening(monotonic())
            if wait > 0:
                self._wake_in(wait)
                return
            self._line.popleft().set_result(self._granted())
        self._disarm()

    def _wake_in(self, seconds: float) -> None:
        self._disarm()
        if seconds != float("inf"):
            self._alarm = asyncio.get_running_loop().call_later(seconds, self._serve)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _one_left(self) -> None:
        self._leaving -= 1
        self._left.append(monotonic())
        if self._line:
            self._serve()

    def _one_stayed(self) -> None:
        self._leaving -= 1
        if self._line:
            self._serve()


class _Departure:
    __slots__ = ("_pacing",)

    def __init__(self, pacing: InProcess) -> None:
        self._pacing: InProcess | None = pacing

    def left(self) -> None:
        """Count it."""
        pacing, self._pacing = self._pacing, None
        if pacing is not None:
            pacing._one_left()

    def over(self) -> None:
        """Give the place back, unless the request left."""
        pacing, self._pacing = self._pacing, None
        if pacing is not None:
            pacing._one_stayed()
