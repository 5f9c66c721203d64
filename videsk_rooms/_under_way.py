"""Attempts under way: what each carries along, and what ends it before its answer comes.

aiohttp's own bound takes a timer and three context managers a request, 7 µs, and hardly ever rings.
Here all attempts of a loop have one timer, which is moved only for those that end earlier: 1 µs.
"""

from __future__ import annotations

import asyncio
import sys
from contextvars import ContextVar
from math import inf
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from asyncio import Task

    from ._auth import Secret, TokenSource
    from ._pacing import Departure

Origin: TypeAlias = tuple[str, str | None, int | None]
"""Scheme, host and port of a URL."""


class Ticket:
    """What one attempt tells the middleware and the connector, and what they tell the attempt."""

    __slots__ = (
        "_cancelled_before",
        "_departure",
        "_task",
        "connects",
        "ended_by",
        "error",
        "left",
        "origin",
        "source",
        "used",
    )

    def __init__(self, source: TokenSource, origin: Origin, departure: Departure) -> None:
        self.source = source
        self.origin = origin
        self.used: Secret | None = None
        self.error: Exception | None = None
        self.connects = False
        self.left = False
        self.ended_by: Literal["time", "closing"] | None = None
        self._departure = departure
        self._task: Task[Any] | None = asyncio.current_task()
        # A task may clean up after it was cancelled, and goes by a bound as any other.
        self._cancelled_before = _times_cancelled(self._task)

    async def leave(self) -> None:
        """Tell that the request has its connection and leaves as soon as this returns."""
        await self._departure.leave()
        self.connects = False
        self.left = True

    def end(self, reason: Literal["time", "closing"]) -> None:
        """Cancel the attempt, unless that was done, or the attempt is over."""
        if self.ended_by is None and self._task is not None:
            self.ended_by = reason
            self._task.cancel()

    def over(self) -> None:
        """Tell that the attempt has ended, however it did; its task goes on."""
        if self.ended_by is not None:
            _uncancel(self._task)
        self._task = None

    def is_of(self, task: Task[Any] | None) -> bool:
        """Tell whether a task makes the attempt."""
        return self._task is task

    def is_out_of_time(self, error: BaseException) -> bool:
        """Tell whether the attempt ended with this because its time was up."""
        if not isinstance(error, asyncio.CancelledError) or self.is_of_others(error):
            return False
        return self.ended_by == "time"

    def is_of_others(self, error: BaseException) -> bool:
        """Tell whether the attempt ended with this because others cancelled its task."""
        ours = self._cancelled_before + (self.ended_by is not None)
        return isinstance(error, asyncio.CancelledError) and _times_cancelled(self._task) > ours


if sys.version_info >= (3, 11):

    def _times_cancelled(task: Task[Any] | None) -> int:
        return 0 if task is None else task.cancelling()

    def _uncancel(task: Task[Any] | None) -> None:
        if task is not None:
            task.uncancel()

else:

    def _times_cancelled(_: Task[Any] | None) -> int:
        return 0  # nobody knows

    def _uncancel(_: Task[Any] | None) -> None:
        pass


ticket_in_hand: ContextVar[Ticket] = ContextVar("videsk_rooms_ticket")


class UnderWay:
    """The attempts under way in the running loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends: dict[Ticket, float] = {}
        self._rings_at = inf
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    def begin(self, ticket: Ticket, seconds: float) -> None:
        """Take note of an attempt that may take so long."""
        ends = self._ends[ticket] = self._loop.time() + seconds
        if ends < self._rings_at:
            self._ring_at(ends)

    def over(self, ticket: Ticket) -> None:
        """Take note that an attempt has ended."""
        del self._ends[ticket]
        ticket.over()
        if self._closing:
            self._leave_no_timer()

    def end_all(self, *, but: Task[Any] | None) -> None:
        """Cancel all attempts, but for that of a task; the timer goes with the last of them."""
        for ticket in list(self._ends):
            if not ticket.is_of(but):
                ticket.end("closing")
        self._closing = True
        self._leave_no_timer()

    def _leave_no_timer(self) -> None:
        if not self._ends:
            self._ring_at(inf)

    def _ring_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = moment
        self._timer = None if moment == inf else self._loop.call_at(moment, self._ring)

    def _ring(self) -> None:
        now = self._loop.time()
        for ticket in [ticket for ticket, ends in self._ends.items() if ends <= now]:
            self._ends[ticket] = inf
            ticket.end("time")
        self._ring_at(min(self._ends.values(), default=inf))
