"""Processes that share a limit, their store and their server, in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from videsk_rooms._ratelimit import Rank
from videsk_rooms._ratelimit.fallback_store import FallbackStore
from videsk_rooms._ratelimit.latency import Latency
from videsk_rooms._ratelimit.limit import Limit, ObservedLimit
from videsk_rooms._ratelimit.limiter import StoreLimiter
from videsk_rooms._ratelimit.memory_store import MemoryStore
from videsk_rooms._ratelimit.store import PATIENCE, StoreUnreachableError

if TYPE_CHECKING:
    from tests.ratelimit.virtual_time import VirtualLoop
    from videsk_rooms._ratelimit import Permit, RateLimiter
    from videsk_rooms._ratelimit.schedule import Message
    from videsk_rooms._ratelimit.store import Store

LIMIT = Limit(4, 1.0)
SOON = 0.0075
"""Seconds by which a permit may come later than the rule has it: a look, and the store's tick."""


class Shared:
    """What processes count in; it may forget everything."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.memory = MemoryStore(loop.time)

    def forget(self) -> None:
        self.memory = MemoryStore(self._loop.time)


class Way:
    """One process's way to what is shared, which takes time and may be blocked."""

    def __init__(self, shared: Shared, *, takes: float = 0.0) -> None:
        self.reachable = True
        self.silent = False
        self.asked: Counter[str] = Counter()
        self.error: Exception | None = None
        self._shared = shared
        self._takes = takes

    async def apply(self, message: Message) -> float:
        self.asked["apply"] += 1
        await asyncio.sleep(self._takes)
        if self.error is not None:
            raise self.error
        if not self.reachable:
            await asyncio.sleep(PATIENCE if self.silent else 0.0)
            raise StoreUnreachableError("out of order")
        answer = self._shared.memory.apply_now(message)
        await asyncio.sleep(self._takes)
        return answer

    async def close(self) -> None:
        self.asked["close"] += 1

    def reset_after_fork(self) -> None:
        self.asked["reset"] += 1


def _the_same(store: Store) -> Store:
    return store


class World:
    """Processes with a limiter each, and a server that counts in a sliding window."""

    def __init__(
        self,
        loop: VirtualLoop,
        processes: int = 1,
        *,
        limit: Limit = LIMIT,
        shared: bool = False,
        takes: float = 0.0,
        way: float = 0.0,
    ) -> None:
        """Make it.

        Args:
            loop: Whose time it is.
            processes: How many.
            limit: Of the server, which the processes know.
            shared: Whether they fall back to themselves when the store is out of reach; else
                they count in memory.
            takes: Seconds to the store, and as many back.
            way: Seconds to the server, and as many back.
        """
        self.loop = loop
        self.began = loop.now
        self.limit = limit
        self.way = way
        self.shared = Shared(loop)
        self.ways = [Way(self.shared, takes=takes) for _ in range(processes if shared else 0)]
        self.limiters: list[RateLimiter] = []
        for number in range(processes):
            observed = ObservedLimit(limit)
            store: Store = self.shared.memory
            if shared:
                store = FallbackStore(
                    self.ways[number], MemoryStore(loop.time), observed, clock=loop.time
                )
            limiter = StoreLimiter(
                observed, Latency(), partial(_the_same, store), shared=shared, clock=loop.time
            )
            self.limiters.append(limiter)
        self.arrived: list[float] = []

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return round(self.loop.now - self.began, 6)

    async def permit(self, process: int = 0, rank: Rank = Rank.INTERACTIVE) -> Permit:
        """Get a permit as a call does."""
        limiter = self.limiters[process]
        return limiter.try_acquire(rank, "list") or await limiter.acquire(rank, "list")

    async def send(
        self,
        process: int = 0,
        rank: Rank = Rank.INTERACTIVE,
        *,
        connects: float = 0.0,
        leaves: bool = True,
    ) -> float:
        """Make one request as a call does; tell when it left."""
        permit = await self.permit(process, rank)
        try:
            await asyncio.sleep(connects)
            if not leaves:
                return self.now
            await permit.commit()
            left = self.now
            await asyncio.sleep(self.way)
            self.arrived.append(self.loop.now)
            await asyncio.sleep(self.way)
            permit.answered(200)
            return left
        finally:
            permit.release()

    def sending(
        self,
        process: int = 0,
        rank: Rank = Rank.INTERACTIVE,
        *,
        connects: float = 0.0,
        leaves: bool = True,
    ) -> asyncio.Task[float]:
        """Make one request in a task."""
        return asyncio.create_task(self.send(process, rank, connects=connects, leaves=leaves))

    async def use_up(self, process: int = 0) -> None:
        """Make as many requests as may leave at once."""
        left = [await self.send(process) for _ in range(self.limit.requests)]
        assert max(left) - min(left) < SOON

    def most(self) -> int:
        """Find how many arrived in any window of the server."""
        return max(
            (
                sum(end - self.limit.per < each <= end for each in self.arrived)
                for end in self.arrived
            ),
            default=0,
        )

    async def close(self) -> None:
        """Close all limiters."""
        for limiter in self.limiters:
            await limiter.close()
