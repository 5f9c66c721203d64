"""The rate limiter of several processes, which reserve slots in a common store.

Callers of one process wait in a queue, and its slots are given out from the front. So when a
caller is cancelled, those behind it move up, and slots are left over only when the queue is
empty; they are then given back to the store.

A slot is a moment, and the store keeps the limit only if each request leaves at its slot. A
request that is slow to connect leaves later, while the one a window later may have its
connection: at the server the two would come too close together. So a late request, once
connected, has its slot confirmed again, which moves it to the time at which the request really
leaves. Each slot is also confirmed when its time has come, which moves it if those before it were
moved.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

import attrs

from videsk_rooms._concurrency.fork import leak

from .fallback import FallbackStore
from .limit import Limit, ObservedLimit, described
from .limiter import Rank
from .queue import Timer, WaitQueue, end
from .store import LATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .store import Slot, Store

# So often, and then a request leaves, late or not: where the machine stalls, nobody is on time.
_CONFIRMED_LATE = 3
_WHEN_FULL = 0.05
_LAST_ERRAND = 1.0


class Shared:
    """Gives permits for slots that are reserved in a common store."""

    def __init__(
        self, store: Store, limit: Limit, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._limit = ObservedLimit(limit)
        self._store = FallbackStore(store, self._limit, clock)
        self._clock = clock
        self._line = self._new_line()
        self._places: deque[Slot] = deque()
        self._surplus: list[Slot] = []
        self._to_hold = 0.0
        self._held_until = 0.0  # for errors to tell; it is the store that keeps to it
        self._full_until = 0.0
        self._alarm = Timer(self._serve)
        self._errand: asyncio.Task[None] | None = None
        self._closed = False

    def try_acquire(self, rank: Rank = Rank.INTERACTIVE) -> None:
        """Return `None`: only the store knows."""

    async def acquire(self, rank: Rank = Rank.INTERACTIVE) -> _Permit:
        """Stand in line."""
        await self._store.ready()
        return _Permit(self, await self._line.wait())

    def learn(self, headers: Mapping[str, str]) -> None:
        """Go by the server's limit from now on."""
        self._limit.learn(headers)

    def hold(self, seconds: float) -> None:
        """Pause all requests for so long, in any process."""
        self._to_hold = max(self._to_hold, seconds)
        self._held_until = max(self._held_until, self._clock() + seconds)
        self._serve()

    def waited_for(self) -> str:
        """Name the limit that requests wait for, and a hold by this process."""
        return f"{described(self._limit, self._held_until - self._clock())}, shared with others"

    async def close(self) -> None:
        """Fail all waiters, give back what is reserved, and close the store."""
        self._closed = True
        self._line.fail_all()
        self._serve()
        await end(self._errand, patience=_LAST_ERRAND)
        with contextlib.suppress(Exception):  # they come to an end by themselves
            await self._give_back()
        await self._store.close()

    def reset_after_fork(self) -> None:
        """Forget who waits for which place, in a child after a fork."""
        leak(self._line, self._errand, self._alarm)
        self._line = self._new_line()
        self._places.clear()
        self._surplus.clear()
        self._alarm, self._errand = Timer(self._serve), None
        self._store.reset_after_fork()

    # -- the line ---------------------------------------------------------------------------------

    def _new_line(self) -> WaitQueue[Slot]:
        return WaitQueue(self._serve, unused=self._unused)

    def _serve(self) -> None:
        """Wake the waiters whose slot has come, and reserve slots for the others."""
        self._alarm.off()
        if self._closed:
            self._line.fail_all()
        now = self._clock()
        while self._places and self._places[0].sure and self._places[0].at <= now:
            first = self._line.first()
            if first is None:
                break
            self._line.wake(first, self._places.popleft())
        if not self._line:
            self._surplus += self._places
            self._places.clear()
        if not self._closed:
            self._go_on(now)

    def _go_on(self, now: float) -> None:
        first = self._places[0].at if self._places else inf
        more = self._full_until if len(self._places) < self._wanted() else inf
        if self._to_hold or self._surplus or first <= now or more <= now:
            self._run_errand()
        elif (until := min(first, more)) != inf and (loop := asyncio._get_running_loop()):
            self._alarm.set(until - now, loop)

    def _wanted(self) -> int:
        # No more than one window ahead: a process that is killed takes its places with it.
        return min(len(self._line), self._limit.limit.requests)

    def _unused(self, place: Slot) -> None:
        """Take a place back from a request that did not leave; its time may have passed."""
        self._places.appendleft(attrs.evolve(place, sure=False))
        self._serve()

    def _is_late(self, place: Slot) -> bool:
        return self._clock() - place.at > LATE

    async def _confirmed(self, late: Slot) -> Slot:
        """Wait, ahead of all, until a place is confirmed: at once, as a rule."""
        self._places.appendleft(attrs.evolve(late, sure=False))
        return await self._line.wait(ahead=True)

    # -- errands to the store ---------------------------------------------------------------------

    def _run_errand(self) -> None:
        # One left behind by a loop that is closed will never end.
        free = self._errand is None or self._errand.get_loop().is_closed()
        if free and asyncio._get_running_loop() is not None:
            errand = asyncio.ensure_future(self._go())
            if not errand.done():  # as it can be where a loop begins tasks at once
                self._errand = errand

    async def _go(self) -> None:
        try:
            seconds, self._to_hold = self._to_hold, 0.0
            if seconds > 0:
                await self._store.hold(seconds)
            await self._give_back()
            await self._confirm()
            await self._reserve()
        except Exception as error:  # whoever waits must hear of it
            self._line.fail_all(error)
        finally:
            self._errand = None
        self._serve()

    async def _give_back(self) -> None:
        surplus, self._surplus = self._surplus, []
        if surplus:
            await self._store.give_back(surplus)

    async def _confirm(self) -> None:
        now = self._clock()
        due = [place for place in self._places if place.at <= now and not place.sure]
        if due:
            self._places = deque(place for place in self._places if place not in due)
            try:
                due = list(await self._store.confirm(due))
            finally:
                self._take(due)

    async def _reserve(self) -> None:
        missing = self._wanted() - len(self._places)
        if missing > 0:
            places = await self._store.reserve(missing)
            self._take(places)
            if not places:
                self._full_until = self._clock() + _WHEN_FULL

    def _take(self, places: Sequence[Slot]) -> None:
        self._places = deque(sorted([*self._places, *places], key=_at))


class _Permit:
    __slots__ = ("_pacing", "_place")

    def __init__(self, pacing: Shared, place: Slot) -> None:
        self._pacing: Shared | None = pacing
        self._place = place

    async def leave(self) -> None:
        """Keep the place: it was counted when it was reserved. Late, have it counted as now."""
        pacing, self._pacing = self._pacing, None
        if pacing is None:
            return
        place = self._place
        for _ in range(_CONFIRMED_LATE):
            if not pacing._is_late(place):
                return
            place = await pacing._confirmed(place)

    def over(self) -> None:
        """Give the place back, unless the request left."""
        pacing, self._pacing = self._pacing, None
        if pacing is not None:
            pacing._unused(self._place)


def _at(place: Slot) -> float:
    return place.at
