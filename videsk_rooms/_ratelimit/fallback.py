"""Limits a process by itself while the shared store is out of reach.

Nobody then knows how many processes share the limit. Each takes a quarter of it, which keeps four
within it. A process that loses the store first lets one window pass; when the store is back, it
keeps to its quarter until others must have noticed, too. So no window holds requests by the store
and as many beside them.
"""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING

import attrs

from .queue import end
from .schedule import SlidingWindow, WindowParams
from .store import MARGIN, MICRO, PATIENCE, StoreUnreachableError, slots_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .limit import Limit, ObservedLimit
    from .store import Slot, Store

SHARE = 0.25
RETURN_AFTER = 1.0
_AHEAD = 0.05

_logger = logging.getLogger("videsk_rooms")


class LocalFallback:
    """Paces this process by its share of the limit, and asks nobody."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._ring = SlidingWindow()

    async def ready(self) -> None:
        """Nobody is asked."""

    async def reserve(self, count: int, limit: Limit) -> Sequence[Slot]:
        """Reserve one place, or none as long as it is far ahead: the store may be back by then."""
        share = limit.requests * SHARE
        requests = max(1, int(share))
        per = limit.per * requests / share + MARGIN  # a quarter of 2 a second is 1 in two seconds
        here = self._clock()
        now = int(here * MICRO)
        (slot,) = self._ring.reserve(1, WindowParams(requests, int(per * MICRO)), now=now)
        if slot - now > _AHEAD * MICRO:
            self._ring.give_back([slot])
            return []
        return slots_of([slot], self, now=now, here=here)

    async def confirm(self, places: Sequence[Slot], limit: Limit) -> Sequence[Slot]:
        """Confirm places: nobody else can have moved them."""
        return [attrs.evolve(place, sure=True) for place in places]

    async def give_back(self, places: Sequence[Slot]) -> None:
        """Free places."""
        self._ring.give_back(place.slot for place in places)

    async def hold(self, seconds: float) -> None:
        """Pause all requests for so long."""
        self._ring.hold(int((self._clock() + seconds) * MICRO))

    async def close(self) -> None:
        """Nothing is held."""

    def reset_after_fork(self) -> None:
        """Nothing is the parent's: what it let go counts for both."""


class FallbackStore:
    """A store that can always be asked: while the real one cannot, its stand-in answers."""

    def __init__(
        self, store: Store, limit: ObservedLimit, clock: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._alone = LocalFallback(clock)
        self._limit = limit
        self._clock = clock
        self._away = False
        self._look_at = 0.0
        self._look: asyncio.Task[None] | None = None
        self._careful_until = 0.0

    async def ready(self) -> None:
        """See to it that the store can be asked."""
        await self._store.ready()

    async def reserve(self, count: int) -> Sequence[Slot]:
        """Reserve up to so many places, in order."""
        if self._away:
            self._look_out()
        else:
            try:
                return await self._reserve(count)
            except StoreUnreachableError as error:
                await self._lost(error)
        return await self._alone.reserve(count, self._limit.limit)

    async def confirm(self, places: Sequence[Slot]) -> Sequence[Slot]:
        """Confirm places whose time has come; those of a store out of reach are void."""
        own, shared = self._apart(places)
        confirmed = [*await self._alone.confirm(own, self._limit.limit)]
        if shared and not self._away:
            try:
                confirmed += await self._store.confirm(shared, self._limit.limit)
            except StoreUnreachableError as error:
                await self._lost(error)
        return confirmed

    async def give_back(self, places: Sequence[Slot]) -> None:
        """Free places."""
        own, shared = self._apart(places)
        await self._alone.give_back(own)
        if shared and not self._away:
            try:
                await self._store.give_back(shared)
            except StoreUnreachableError as error:
                await self._lost(error)

    async def hold(self, seconds: float) -> None:
        """Pause all requests for so long."""
        await self._alone.hold(seconds)
        if not self._away:
            try:
                await self._store.hold(seconds)
            except StoreUnreachableError as error:
                await self._lost(error)

    async def close(self) -> None:
        """Close the store."""
        await end(self._look)
        await self._store.close()

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent."""
        self._look = None
        self._store.reset_after_fork()

    def _apart(self, places: Sequence[Slot]) -> tuple[Sequence[Slot], Sequence[Slot]]:
        own = [place for place in places if place.store is self._alone]
        return own, [place for place in places if place.store is not self._alone]

    async def _reserve(self, count: int) -> Sequence[Slot]:
        limit = self._limit.limit
        if self._clock() >= self._careful_until:
            return await self._store.reserve(count, limit)
        # Others may still be on their own, so this one goes on keeping to its share.
        own = await self._alone.reserve(1, limit)
        shared = await self._store.reserve(1, limit) if own else ()
        return [
            attrs.evolve(place, at=max(place.at, mine.at), sure=False)
            for place, mine in zip(shared, own, strict=False)
        ]

    async def _lost(self, error: StoreUnreachableError) -> None:
        # Until a window has passed over what left by the promises of the store, here or elsewhere.
        await self._alone.hold(self._limit.limit.per + MARGIN)
        self._away = True
        self._look_at = self._clock() + RETURN_AFTER
        _logger.warning(
            "the shared rate limit is out of reach (%s); until it is back, this process paces "
            "itself by %.0f %% of the limit",
            error,
            SHARE * 100,
        )

    def _look_out(self) -> None:
        """Look whether the store is back, in the background: it may be long in not answering."""
        if self._look is not None and self._look.get_loop().is_closed():
            self._look = None
        if self._look is None and self._clock() >= self._look_at:
            look = asyncio.ensure_future(self._look_once())
            if not look.done():  # as it can be where a loop begins tasks at once
                self._look = look

    async def _look_once(self) -> None:
        try:
            await self._store.reserve(0, self._limit.limit)
        except Exception:
            self._look_at = self._clock() + RETURN_AFTER
        else:
            self._away = False
            others_know = self._clock() + RETURN_AFTER + PATIENCE
            self._careful_until = others_know + self._limit.limit.per + MARGIN
            _logger.warning("the shared rate limit is back")
        finally:
            self._look = None
