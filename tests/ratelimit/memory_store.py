"""A store in memory: what processes share, and the way of each of them to it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from videsk_rooms._ratelimit.schedule import SlidingWindow
from videsk_rooms._ratelimit.store import (
    MICRO,
    PATIENCE,
    StoreUnreachableError,
    slots_of,
    window_params,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from videsk_rooms._ratelimit.limit import Limit
    from videsk_rooms._ratelimit.store import Slot

T = TypeVar("T")


class Server:
    """One ring for all."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.ring = SlidingWindow()
        self._clock = clock

    def now(self) -> int:
        return int(self._clock() * MICRO)

    def lose_everything(self) -> None:
        self.ring = SlidingWindow()


class MemoryStore:
    """The way of one process to the ring, which takes time and may be blocked."""

    def __init__(self, server: Server, clock: Callable[[], float], *, way: float = 0.0) -> None:
        self.reachable = True
        self.silent = False
        self.asked: Counter[str] = Counter()
        self.error: Exception | None = None
        self._server = server
        self._clock = clock
        self._way = way

    async def ready(self) -> None:
        if self.error is not None:
            raise self.error

    async def reserve(self, count: int, limit: Limit) -> Sequence[Slot]:
        return await self._ask(
            "reserve",
            lambda now: self._server.ring.reserve(count, window_params(limit), now=now),
        )

    async def confirm(self, places: Sequence[Slot], limit: Limit) -> Sequence[Slot]:
        rule = window_params(limit)
        return await self._ask(
            "confirm",
            lambda now: [self._server.ring.confirm(each.slot, rule, now=now) for each in places],
        )

    async def give_back(self, places: Sequence[Slot]) -> None:
        slots = [place.slot for place in places]
        await self._ask("give back", lambda _: self._server.ring.give_back(slots))

    async def hold(self, seconds: float) -> None:
        await self._ask("hold", lambda now: self._server.ring.hold(now + int(seconds * MICRO)))

    async def close(self) -> None:
        self.asked["close"] += 1

    def reset_after_fork(self) -> None:
        self.asked["begin anew"] += 1

    async def _ask(self, what: str, do: Callable[[int], list[int] | None]) -> Sequence[Slot]:
        self.asked[what] += 1
        await asyncio.sleep(self._way)
        if not self.reachable:
            await asyncio.sleep(PATIENCE if self.silent else 0.0)
            raise StoreUnreachableError("out of order")
        now = self._server.now()
        slots = do(now) or []
        await asyncio.sleep(self._way)
        return slots_of(slots, self, now=now, here=self._clock())
