"""Pacing for several processes: places are reserved in a store that they have in common.

Callers of one process stand in line, and the places reserved for it are handed out from the front.
So when a caller is cancelled, those behind it move up, and places are left over only when the line
has ended; they are then given back to the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from ._limit import Learned, Limit
from ._store import ALONE_SHARE, Alone, Place, Store, StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_logger = logging.getLogger("videsk_rooms")

_RETURN_AFTER = 1.0
_WHEN_FULL = 0.05
_ROUNDING = 0.001


class Shared:
    """Lets requests leave at places that are reserved in a common store."""

    def __init__(self, store: Store, limit: Limit) -> None:
        self._store = store
        self._alone = Alone()
        self._used: Store = store
        self._limit = Learned(limit)
        self._line: deque[asyncio.Future[Place]] = deque()
        self._places: deque[Place] = deque()
        self._surplus: list[Place] = []
        self._holding = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._errand: asyncio.Task[None] | None = None
        self._away_until = 0.0
        self._warned = False

    def depart_at_once(self) -> None:
        """Tell nothing: only the store knows."""

    async def depart(self) -> _Departure:
        """Stand in line."""
        waiting: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._line.append(waiting)
        self._serve()
        try:
            return _Departure(self, await waiting)
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                self._unused(waiting.result())  # called up at this very moment
            waiting.cancel()
            self._serve()
            raise

    def learn(self, headers: Mapping[str, str]) -> None:
        """Go by the server's limit from now on."""
        self._limit.learn(headers)

    def hold(self, seconds: float) -> None:
        """Let nobody leave for so long, in any process."""
        self._holding = max(self._holding, seconds)
        self._run_errand()

    async def close(self) -> None:
        """Give back what is reserved, and let go of the store."""
        self._disarm()
        if self._errand is not None:
            self._errand.cancel()
            await asyncio.wait([self._errand])
        self._surplus += self._places
        self._places.clear()
        await self._give_back()
        await self._store.close()

    # -- the line ---------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Let those leave whose place has come, and see to it that the others get one."""
        self._disarm()
        self._drop_what_is_held()
        now = monotonic()
        while self._line and (self._line[0].done() or self._has_place(now)):
            waiting = self._line.popleft()
            if not waiting.done():
                waiting.set_result(self._places.popleft())
        if not self._line:
            self._surplus += self._places
            self._places.clear()
        if self._holding or self._surplus or len(self._places) < self._wanted():
            self._run_errand()
        if self._places:
            self._wake_in(self._places[0].at - now)

    def _has_place(self, now: float) -> bool:
        return bool(self._places) and self._places[0].at <= now

    def _drop_what_is_held(self) -> None:
        """Return the places that lie before the end of a hold, to ask for later ones."""
        if self._places and self._places[0].at < self._used.held_until() - _ROUNDING:
            self._surplus += self._places
            self._places.clear()

    def _wanted(self) -> int:
        # No more than one window ahead: a process that is killed takes its places with it.
        return min(len(self._line), self._limit.limit.requests)

    def _unused(self, place: Place) -> None:
        self._places.appendleft(place)
        self._serve()

    # -- errands to the store ---------------------------------------------------------------------

    def _run_errand(self) -> None:
        if self._errand is None or self._errand.get_loop().is_closed():
            self._errand = asyncio.ensure_future(self._go())

    async def _go(self) -> None:
        try:
            await self._hold()
            await self._give_back()
            await self._reserve()
        except Exception as error:  # a token that cannot be had, say: whoever waits must hear of it
            for waiting in self._line:
                if not waiting.done():
                    waiting.set_exception(error)
            self._line.clear()
        finally:
            self._errand = None
        self._serve()

    async def _hold(self) -> None:
        seconds, self._holding = self._holding, 0.0
        if seconds > 0:
            try:
                await self._used.hold(seconds)
            except StoreUnreachableError as error:
                self._out_of_reach(error)
                await self._alone.hold(seconds)

    async def _give_back(self) -> None:
        surplus, self._surplus = self._surplus, []
        for store in {id(place.store): place.store for place in surplus}.values():
            await self._return_to(store, [place for place in surplus if place.store is store])

    async def _return_to(self, store: Store, places: Sequence[Place]) -> None:
        try:
            await store.give_back(places)
        except StoreUnreachableError as error:
            self._out_of_reach(error)

    async def _reserve(self) -> None:
        while (missing := self._wanted() - len(self._places)) > 0:
            places = await self._reserved(missing)
            if not places:
                await asyncio.sleep(_WHEN_FULL)
            self._places.extend(places)
            if self._has_place(monotonic()):
                return

    async def _reserved(self, count: int) -> Sequence[Place]:
        if monotonic() >= self._away_until:
            try:
                places = await self._store.reserve(count, self._limit.limit)
            except StoreUnreachableError as error:
                self._out_of_reach(error)
            else:
                self._back_again()
                return places
        return await self._alone.reserve(count, self._limit.limit)

    def _out_of_reach(self, error: StoreUnreachableError) -> None:
        self._used = self._alone
        self._away_until = monotonic() + _RETURN_AFTER
        if not self._warned:
            self._warned = True
            _logger.warning(
                "the shared rate limit is out of reach (%s); until it is back, this process paces "
                "itself by %.0f %% of the limit",
                error,
                ALONE_SHARE * 100,
            )

    def _back_again(self) -> None:
        self._used = self._store
        if self._warned:
            self._warned = False
            _logger.warning("the shared rate limit is back")

    # -- the alarm --------------------------------------------------------------------------------

    def _wake_in(self, seconds: float) -> None:
        self._alarm = asyncio.get_running_loop().call_later(max(seconds, 0.0), self._serve)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


class _Departure:
    __slots__ = ("_pacing", "_place")

    def __init__(self, pacing: Shared, place: Place) -> None:
        self._pacing: Shared | None = pacing
        self._place = place

    def left(self) -> None:
        """Keep the place: it was counted when it was reserved."""
        self._pacing = None

    def over(self) -> None:
        """Give the place back, unless the request left."""
        pacing, self._pacing = self._pacing, None
        if pacing is not None:
            pacing._unused(self._place)
