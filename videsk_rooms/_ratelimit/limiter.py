"""The rate limiter of a client: it decides when the next request may be sent."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeAlias

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import is_lost, leak
from videsk_rooms._concurrency.loops import run_coroutine_in
from videsk_rooms.errors import CLOSED, ClosedError

from .loop_queue import LoopQueue
from .permit import FreePermit, Permit, QueuedPermit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .latency import Latency
    from .limit import Limit, ObservedLimit
    from .schedule import Rank
    from .store import Store

# Seconds of the first pause after a 429. Each further one that follows soon is twice as long.
FIRST_PAUSE = 0.1


class StoreLimiter:
    """Gives permits as a store allows, with a separate queue in each event loop."""

    def __init__(
        self,
        limit: ObservedLimit,
        latency: Latency,
        make_store: Callable[[], Store],
        *,
        at_most: Limit | None = None,
        shared: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make a limiter.

        Args:
            limit: The account's limit, as far as it is known.
            latency: The latency to the server.
            make_store: Makes the store of an event loop, or returns the same one.
            at_most: The client's own limit, which the store keeps as well.
            shared: Whether other processes share the limit.
            clock: Returns seconds.
        """
        self._limit = limit
        self._latency = latency
        self._make_store = make_store
        self._at_most = at_most
        self._shared = shared
        self._clock = clock
        self._by_loop: dict[asyncio.AbstractEventLoop, LoopQueue] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._paused_until = 0.0
        self._refusals = 0

    def try_acquire(self, rank: Rank, operation: str) -> Permit | None:
        """Return a permit if nobody waits, and a store in memory gives one."""
        permit = QueuedPermit(self._here(), operation)
        return permit if permit.try_now(rank) else None

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Wait until the request may be sent. If the wait is cancelled, nothing counts.

        Args:
            rank: Its rank; the lowest goes first.
            operation: Its operation, because latencies differ between operations.

        Raises:
            ClosedError: The limiter was closed meanwhile.
        """
        permit = QueuedPermit(self._here(), operation)
        await permit.wait(rank)
        return permit

    def update_limit(self, headers: Mapping[str, str]) -> None:
        """Apply the account's limit from a response's headers."""
        if self._limit.learn(headers) and not self._closed:
            self._here().ask_now()

    def pause(self, seconds: float | None) -> None:
        """Pause all requests after a 429 that asks to wait for `seconds`; `None`: without a time.

        If a 429 asks for more than a window, the pause is that long. Otherwise the first pause is
        short, and each further one that follows soon is twice as long, up to the time in the 429,
        or a window. One refusal may be an accident, and waiting for a window costs a whole limit
        of requests. The refused request itself waits as long as the 429 asks.
        """
        now, window = self._clock(), self._limit.limit.per
        if now < self._paused_until or self._closed:
            return  # it was sent before the pause
        if now > self._paused_until + window:
            self._refusals = 0
        longest = window if seconds is None else seconds
        pause = longest if longest > window else min(FIRST_PAUSE * 2**self._refusals, longest)
        self._refusals += 1
        self._paused_until = now + pause
        self._here().pause(pause)

    def waited_for(self) -> str:
        """Name the limits that requests wait for, and this process's pause, to end a sentence."""
        limits = str(self._limit)
        if self._at_most is not None and self._at_most is self.limit:
            limits = f"{self._at_most} (RateLimit.at_most), within the account's {limits}"
        pause = self._paused_until - self._clock()
        paused = f", and a 429 pauses all calls for {pause:.3g} s more" if pause > 0 else ""
        others = ", shared with other processes" if self._shared else ""
        return f"the rate limit of {limits}{paused}{others}"

    @property
    def limit(self) -> Limit:
        """The limit that applies: the lower of the account's and the client's own."""
        limits = (
            [self._limit.limit] if self._at_most is None else [self._at_most, self._limit.limit]
        )
        return min(limits, key=lambda each: each.requests / each.per)

    @property
    def waiting(self) -> int:
        """How many requests wait in this process."""
        return sum(len(each) for each in list(self._by_loop.values()))

    async def close(self) -> None:
        """Raise `ClosedError` to all who wait, and close the stores; cancelled, call it again.

        Each queue is closed in its own loop, if that runs.
        """
        with self._lock:
            self._closed = True
        for loop, here in list(self._by_loop.items()):
            if loop.is_running() and not loop.is_closed():
                await run_coroutine_in(loop, here.close)
            self._by_loop.pop(loop, None)

    def reset_after_fork(self) -> None:
        """Forget the parent's loops, in a child after a fork."""
        for here in self._by_loop.values():
            here.reset_after_fork()
        leak(self._by_loop)
        self._lock = threading.Lock()
        self._by_loop = {}

    def _here(self) -> LoopQueue:
        """Return the queue of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._by_loop.get(loop)
        return found if found is not None else self._begin_in(loop)

    def _begin_in(self, loop: asyncio.AbstractEventLoop) -> LoopQueue:
        with self._lock:
            if self._closed:
                raise ClosedError(CLOSED)
            for ended in [each for each in self._by_loop if each.is_closed()]:
                gone = self._by_loop.pop(ended)
                if is_lost(ended):
                    leak(gone)
            here = LoopQueue(self._make_store(), loop, self._limit, self._latency, self._clock)
            self._by_loop[loop] = here
            return here


class NoLimit:
    """The limiter of `rate_limit=None`: every request may be sent immediately."""

    limit = None
    waiting = 0

    def try_acquire(self, rank: Rank, operation: str) -> Permit:
        """Return a permit."""
        return _FREE_PERMIT

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Return a permit."""
        return _FREE_PERMIT

    def update_limit(self, headers: Mapping[str, str]) -> None:
        """Do nothing: there is no limit."""

    def pause(self, seconds: float | None) -> None:
        """Do nothing: there is no limit."""

    def waited_for(self) -> str:
        """Say that there is no limit, to end a sentence."""
        return "no rate limit"

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    def reset_after_fork(self) -> None:
        """Do nothing: nothing is inherited."""


_FREE_PERMIT = FreePermit()

RateLimiter: TypeAlias = StoreLimiter | NoLimit
