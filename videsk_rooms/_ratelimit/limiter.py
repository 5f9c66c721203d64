"""The interface of rate limiters and permits, and the limiter that asks a store."""

from __future__ import annotations

import asyncio
import secrets
import threading
from itertools import count
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from videsk_rooms._concurrency.fork import is_lost, leak
from videsk_rooms._concurrency.loops import call_soon_in, run_coroutine_in
from videsk_rooms.errors import CLOSED, ClosedError

from .memory_store import MemoryStore
from .queue import Waiter, WaitQueue
from .rank import Rank
from .schedule import Ask, Message, Update

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .limit import Limit, ObservedLimit
    from .path import Path
    from .store import Store

# Seconds after the permit at which a request may leave without asking for another.
_ON_TIME = 0.005
# So often, and then a request leaves, late or not: where the machine stalls, nobody is on time.
_PERMITS = 3
# Seconds that the last news may take to reach the store when the limiter is closed.
_LAST_NEWS = 1.0
# Seconds of the first pause after a 429. Each that follows soon is twice as long.
_FIRST_PAUSE = 0.1


class Permit(Protocol):
    """The permission for one request to leave."""

    @property
    def waited(self) -> float:
        """For how many seconds the request waited for it; 0 if it did not."""
        ...

    async def commit(self) -> None:
        """Note that the request has its connection, and leaves as soon as this returns.

        One that took long over connecting may have to wait for another permit.
        """
        ...

    def answered(self, status: int) -> None:
        """Note that the head of the answer has arrived."""
        ...

    def release(self) -> None:
        """End it: if nothing left, nothing is counted."""
        ...


class RateLimiter(Protocol):
    """Decides when a request may leave."""

    def try_acquire(self, rank: Rank, operation: str) -> Permit | None:
        """Return a permit if the request may leave now, without waiting."""
        ...

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Wait until the request may leave. Cancelled, nothing is counted.

        Raises:
            ClosedError: The limiter was closed meanwhile.
        """
        ...

    def update_limit(self, headers: Mapping[str, str]) -> None:
        """Take note of the limit that an answer tells."""
        ...

    def pause(self, seconds: float | None) -> None:
        """Pause all requests after one was refused, for as long as the refusal asks at most."""
        ...

    def waited_for(self) -> str:
        """Name the limit that requests wait for, where it comes from, and a pause.

        Returns:
            The end of a sentence.
        """
        ...

    @property
    def limit(self) -> Limit | None:
        """The limit that holds; `None`: there is none."""
        ...

    @property
    def waiting(self) -> int:
        """How many requests wait in this process."""
        ...

    async def close(self) -> None:
        """Raise `ClosedError` to all who wait, and close the store."""
        ...

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent, in a child after a fork."""
        ...


class StoreLimiter:
    """Gives permits as a store allows; in each event loop with a queue of its own."""

    def __init__(
        self,
        limit: ObservedLimit,
        path: Path,
        make_store: Callable[[], Store],
        *,
        shared: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make a limiter.

        Args:
            limit: The limit, as far as it is known.
            path: What is known of the way to the server.
            make_store: Makes the store of an event loop, or returns the same one.
            shared: Whether other processes share the limit.
            clock: Returns seconds.
        """
        self.observed = limit
        self.path = path
        self.clock = clock
        self._make_store = make_store
        self._shared = shared
        # Made at once, so that a store that cannot be used is told at construction.
        self._next_store: Store | None = make_store()
        self._by_loop: dict[asyncio.AbstractEventLoop, LoopQueue] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._paused_until = 0.0
        self._refusals = 0

    def try_acquire(self, rank: Rank, operation: str) -> Permit | None:
        """Return a permit if nobody waits, and a store in memory gives one."""
        return self._here().try_acquire(rank, operation)

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Wait in the queue of the running loop."""
        return await self._here().acquire(rank, operation)

    def update_limit(self, headers: Mapping[str, str]) -> None:
        """Go by the server's limit from now on."""
        if self.observed.learn(headers) and not self._closed:
            self._here().ask_anew()

    def pause(self, seconds: float | None) -> None:
        """Pause all requests: shortly at first, longer if it happens again.

        One refusal may be the fault of a moment, and a window is 20 requests for everybody. The
        refused request itself waits as long as the server asks.
        """
        now = self.clock()
        if now < self._paused_until or self._closed:
            return  # refused as were those that left before the pause
        longest = self.observed.limit.per if seconds is None else seconds
        if now > self._paused_until + longest:
            self._refusals = 0
        pause = min(_FIRST_PAUSE * 2**self._refusals, longest)
        self._refusals += 1
        self._paused_until = now + pause
        self._here().pause(pause)

    def waited_for(self) -> str:
        """Name the limit that requests wait for, and a pause by this process."""
        pause = self._paused_until - self.clock()
        paused = f", and a 429 pauses all calls for {pause:.3g} s more" if pause > 0 else ""
        others = ", shared with other processes" if self._shared else ""
        return f"the rate limit of {self.observed}{paused}{others}"

    @property
    def limit(self) -> Limit:
        """The limit that holds."""
        return self.observed.limit

    @property
    def waiting(self) -> int:
        """How many requests wait, in any loop."""
        return sum(len(each) for each in list(self._by_loop.values()))

    async def close(self) -> None:
        """Close all queues, each in its own loop, while that runs; cancelled, call it again."""
        with self._lock:
            self._closed = True
        for loop, here in list(self._by_loop.items()):
            if loop.is_running() and not loop.is_closed():
                await run_coroutine_in(loop, here.close)
            self._by_loop.pop(loop, None)
        if self._next_store is not None:
            await self._next_store.close()
            self._next_store = None

    def reset_after_fork(self) -> None:
        """Forget the parent's loops, in a child after a fork."""
        for here in self._by_loop.values():
            here.reset_after_fork()
        leak(self._by_loop)
        self._lock = threading.Lock()
        self._by_loop = {}
        if self._next_store is not None:
            self._next_store.reset_after_fork()

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
            store = self._next_store or self._make_store()
            self._next_store = None
            self._by_loop[loop] = here = LoopQueue(self, store, loop)
            return here


class LoopQueue:
    """The requests of one event loop. The first ones ask the store, the others wait behind them."""

    def __init__(
        self, limiter: StoreLimiter, store: Store, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._limiter = limiter
        self._store = store
        self._loop = loop
        self._queue = WaitQueue()
        self._ids = _ids()
        self._news: list[tuple[str, float | None]] = []
        self._pause = 0.0
        self._changed = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._queue)

    def try_acquire(self, rank: Rank, operation: str) -> Permit | None:
        """Return a permit if nobody waits, and a store in memory gives one."""
        store = self._store
        if self._queue or not isinstance(store, MemoryStore):
            return None
        permit = LoopPermit(self, self._limiter, next(self._ids), operation)
        if store.tell_now(Message(ask=permit.ask(rank, waited=0.0))) > 0:
            store.note(permit.id, None)
            return None
        permit.granted()
        return permit

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Wait for a permit."""
        permit = LoopPermit(self, self._limiter, next(self._ids), operation)
        await self.wait_for(permit, rank)
        return permit

    async def wait_for(self, permit: LoopPermit, rank: Rank) -> None:
        """Wait until a permit is given; cancelled, nothing is counted."""
        if self._closed:
            raise ClosedError(CLOSED)
        waiter = Waiter(permit, rank, behind_others=bool(self._queue))
        self._queue.add(waiter)
        self._ask()
        try:
            await waiter.future
        except BaseException:  # also the end of a coroutine that its loop left behind
            self._queue.discard(waiter)
            self.tell(permit.id, None)
            self.ask_anew()
            raise

    def tell(self, permit_id: str, counted_at: float | None) -> None:
        """Have the store know when a request was counted at the latest; `None`: it never left."""
        if isinstance(self._store, MemoryStore):
            self._store.note(permit_id, counted_at)
        elif not self._closed:
            self._news.append((permit_id, counted_at))

    def pause(self, seconds: float) -> None:
        """Have the store pause all requests."""
        self._pause = max(self._pause, seconds)
        self._ask()

    def ask_anew(self) -> None:
        """Ask the store at once: a place may be free now."""
        self._queue.ask_anew()
        self._ask()

    async def close(self) -> None:
        """Raise `ClosedError` to all who wait, tell the store the last news, and close it."""
        self._closed = True
        self._queue.fail_all(ClosedError(CLOSED))
        self._changed.set()
        asking = self._asking
        if asking is not None:
            await asyncio.wait([asking], timeout=_LAST_NEWS)
            asking.cancel()
            await asyncio.wait([asking])
        await self._store.close()

    def reset_after_fork(self) -> None:
        """Leak what belongs to the parent's loop."""
        leak(self._queue, self._asking)
        self._store.reset_after_fork()

    # -- asking the store -------------------------------------------------------------------------

    def _ask(self) -> None:
        """Have the task ask that speaks with the store; it lives as long as there is something."""
        self._changed.set()
        if self._asking is not None and not self._asking.done():
            return
        if not (self._queue.heads() or self._news or self._pause):
            return
        # A coroutine that is collected may come here from any thread, and with no loop running.
        if asyncio._get_running_loop() is self._loop:
            self._asking = asyncio.ensure_future(self._ask_until_done())

    async def _ask_until_done(self) -> None:
        try:
            while self._queue.heads() or self._news or self._pause:
                wait = await self._ask_once()
                if wait > 0:
                    await self._sleep(wait)
        except Exception as error:  # whoever waits must hear of it
            self._queue.fail_all(error)
        except asyncio.CancelledError:  # with all tasks of the loop, or by somebody who guessed
            if not (self._closed or self._loop.is_closed()):
                self._loop.call_soon(self._ask)
            raise

    async def _ask_once(self) -> float:
        """Ask for those who are next; return in how many seconds to do it again."""
        self._changed.clear()
        heads = self._queue.heads()
        if self._news or self._pause or not heads:
            await self._send(None)
        now, wait = self._limiter.clock(), inf
        for waiter in heads:
            if waiter.due <= now:
                ask = waiter.permit.ask(waiter.rank, waited=monotonic() - waiter.since)
                again = await self._send(ask)
                if again == 0:
                    self._grant(waiter)
                    return 0.0
                waiter.due, waiter.waits = self._limiter.clock() + again, True
            wait = min(wait, waiter.due - self._limiter.clock())
        return wait if heads else 0.0

    async def _send(self, ask: Ask | None) -> float:
        news, self._news = self._news, []
        pause, self._pause = self._pause, 0.0
        now = self._limiter.clock()
        updates = [
            Update(each, None if counted_at is None else now - counted_at)
            for each, counted_at in news
        ]
        try:
            return await self._store.tell(Message(updates, pause, ask))
        except BaseException:
            self._news = news + self._news
            self._pause = max(self._pause, pause)
            raise

    def _grant(self, waiter: Waiter) -> None:
        self._queue.discard(waiter)
        if waiter.future.done():
            self.tell(waiter.permit.id, None)
        else:
            # That a store elsewhere takes a moment to answer is not a wait for the limit.
            waiter.permit.granted(monotonic() - waiter.since if waiter.waits else 0.0)
            waiter.future.set_result(None)

    async def _sleep(self, seconds: float) -> None:
        timer = self._loop.call_later(seconds, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            timer.cancel()


class LoopPermit:
    """A permit, given by the queue of an event loop."""

    __slots__ = ("_at", "_left_at", "_limiter", "_operation", "_queue", "_released", "id", "waited")

    def __init__(
        self, queue: LoopQueue, limiter: StoreLimiter, permit_id: str, operation: str
    ) -> None:
        self.id = permit_id
        self.waited = 0.0
        self._queue = queue
        self._limiter = limiter
        self._operation = operation
        self._at = 0.0
        self._left_at: float | None = None
        self._released = False

    def ask(self, rank: Rank, *, waited: float) -> Ask:
        """Return what the store is asked."""
        limit, path = self._limiter.limit, self._limiter.path
        return Ask(
            self.id,
            rank,
            waited,
            limit.requests,
            limit.per,
            out=path.out,
            late=path.late(self._operation),
        )

    def granted(self, waited: float = 0.0) -> None:
        """Note that it was given now."""
        self._at = self._limiter.clock()
        self.waited += waited

    async def commit(self) -> None:
        """Note that the request leaves; late, wait for another permit."""
        if self._left_at is not None or self._released:
            return
        for _ in range(_PERMITS):
            if self._limiter.clock() - self._at <= _ON_TIME:
                break
            await self._queue.wait_for(self, Rank.CONTINUED)
        self._left_at = self._limiter.clock()

    def answered(self, status: int) -> None:
        """Learn of the path, and when the request was counted at the latest."""
        if self._left_at is None or self._released:
            return
        now, path = self._limiter.clock(), self._limiter.path
        if status < 500 and status != 429:  # others may be answered by a proxy on the way
            path.note(self._operation, now - self._left_at)
        self._queue.tell(self.id, now - path.back(self._operation))
        self._queue.ask_anew()
        self._released = True

    def release(self) -> None:
        """If nothing left, have it counted no more."""
        if not self._released and self._left_at is None:
            self._queue.tell(self.id, None)
            self._queue.ask_anew()
        self._released = True


def _ids() -> map[str]:
    prefix = secrets.token_hex(5)
    return map(f"{prefix}.{{}}".format, count())
