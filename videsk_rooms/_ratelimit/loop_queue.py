"""The requests of an event loop that wait, and the task that asks the store for permits."""

from __future__ import annotations

import asyncio
import secrets
from itertools import count
from math import inf
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.fork import leak
from videsk_rooms._concurrency.loops import call_soon_in
from videsk_rooms.errors import CLOSED, ClosedError

from .memory_store import MemoryStore
from .queue import Waiter, WaitQueue
from .rank import Rank
from .schedule import Ask, Message, Update

if TYPE_CHECKING:
    from collections.abc import Callable

    from .latency import Latency
    from .limit import ObservedLimit
    from .limiter import Permit
    from .store import Store

# Seconds after its permit in which a request may be sent without another permit.
_ON_TIME = 0.005
# After so many permits a request is sent, late or not: on a machine that stalls, none is on time.
_PERMITS = 3
# Seconds in which the last updates must reach the store when the limiter is closed.
_LAST_UPDATES = 1.0


class LoopQueue:
    """The requests of one event loop. The first ones ask the store, the others wait behind them."""

    def __init__(
        self,
        store: Store,
        loop: asyncio.AbstractEventLoop,
        limit: ObservedLimit,
        latency: Latency,
        clock: Callable[[], float],
    ) -> None:
        self.limit = limit
        self.latency = latency
        self.clock = clock
        self._store = store
        self._loop = loop
        self._queue: WaitQueue[LoopPermit] = WaitQueue()
        self._ids = _ids()
        self._pending: list[tuple[str, float | None]] = []
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
        permit = LoopPermit(self, next(self._ids), operation)
        if store.apply_now(Message(ask=permit.ask(rank, waited=0.0))) > 0:
            store.note(permit.id, None)
            return None
        permit.granted()
        return permit

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Wait for a permit."""
        permit = LoopPermit(self, next(self._ids), operation)
        await self.wait_for(permit, rank)
        return permit

    async def wait_for(self, permit: LoopPermit, rank: Rank) -> None:
        """Wait until a permit is given; cancelled, nothing is counted."""
        if self._closed:
            raise ClosedError(CLOSED)
        waiter = Waiter(permit, rank, self.clock(), behind_others=bool(self._queue))
        self._queue.add(waiter)
        self._ask()
        try:
            await waiter.future
        except BaseException:  # GeneratorExit too, of a coroutine that its loop left behind
            self._queue.discard(waiter)
            self.note(permit.id, None)
            self.ask_now()
            raise

    def note(self, permit_id: str, counted_at: float | None) -> None:
        """Report when a request was counted at the latest; `None`: it was not sent."""
        if isinstance(self._store, MemoryStore):
            self._store.note(permit_id, counted_at)
        elif not self._closed:
            self._pending.append((permit_id, counted_at))

    def pause(self, seconds: float) -> None:
        """Have the store pause all requests."""
        if isinstance(self._store, MemoryStore):
            self._store.apply_now(Message(pause=seconds))
        else:
            self._pause = max(self._pause, seconds)
            self._ask()

    def ask_now(self) -> None:
        """Ask the store at once: another request may fit into the window now."""
        if self._queue:
            self._queue.ask_now()
        self._ask()

    async def close(self) -> None:
        """Raise `ClosedError` to all who wait, send the last updates, and close the store."""
        self._closed = True
        self._queue.fail_all(ClosedError(CLOSED))
        self._changed.set()
        asking = self._asking
        if asking is not None:
            await asyncio.wait([asking], timeout=_LAST_UPDATES)
            asking.cancel()
            await asyncio.wait([asking])
        await self._store.close()

    def reset_after_fork(self) -> None:
        """Leak what belongs to the parent's loop."""
        leak(self._queue, self._asking)
        self._store.reset_after_fork()

    # -- asking the store -------------------------------------------------------------------------

    def _ask(self) -> None:
        """Wake the task that asks the store, or start it.

        It ends when nothing waits and nothing is to be reported.
        """
        if asyncio._get_running_loop() is not self._loop:
            # The end of a collected coroutine may call this in any thread, and after its loop.
            call_soon_in(self._loop, self._ask)
            return
        if self._asking is not None and not self._asking.done():
            self._changed.set()
        elif self._pending or self._pause or (self._queue and self._queue.heads()):
            # Not by the loop's task factory: an eager one would start the task at once, and the
            # store may be applying a message now.
            self._asking = asyncio.Task(self._ask_until_done(), loop=self._loop)

    async def _ask_until_done(self) -> None:
        try:
            while self._queue.heads() or self._pending or self._pause:
                wait = await self._ask_once()
                if wait > 0:
                    await self._sleep(wait)
        except Exception as error:  # or all who wait would wait for ever
            self._queue.fail_all(error)
        except asyncio.CancelledError:  # with all tasks of the loop, or by other code alone
            # Nobody waits in a loop that ends, and no task must start there.
            if self._queue.heads() and not (self._closed or self._loop.is_closed()):
                self._loop.call_soon(self._ask)
            raise

    async def _ask_once(self) -> float:
        """Ask for the first waiters; return the seconds until the store is to be asked again."""
        self._changed.clear()
        heads = self._queue.heads()
        now, wait = self.clock(), inf
        if all(waiter.due > now for waiter in heads) and (self._pending or self._pause):
            await self._send(None)  # otherwise they are sent with the next ask
        for waiter in heads:
            if waiter.due <= now:
                ask = waiter.permit.ask(waiter.rank, waited=now - waiter.since)
                again = await self._send(ask)
                if again == 0:
                    self._grant(waiter)
                    return 0.0
                waiter.due, waiter.waits = self.clock() + again, True
            wait = min(wait, waiter.due - self.clock())
        return wait if heads else 0.0

    async def _send(self, ask: Ask | None) -> float:
        pending, self._pending = self._pending, []
        pause, self._pause = self._pause, 0.0
        now = self.clock()
        updates = [
            Update(each, None if counted_at is None else now - counted_at)
            for each, counted_at in pending
        ]
        try:
            return await self._store.apply(Message(updates, pause, ask))
        except BaseException:
            self._pending = pending + self._pending
            self._pause = max(self._pause, pause)
            raise

    def _grant(self, waiter: Waiter[LoopPermit]) -> None:
        self._queue.discard(waiter)
        if waiter.future.done():
            self.note(waiter.permit.id, None)
        else:
            # The time that a remote store takes to answer is no wait for the limit.
            waiter.permit.granted(self.clock() - waiter.since if waiter.waits else 0.0)
            waiter.future.set_result(None)

    async def _sleep(self, seconds: float) -> None:
        timer = self._loop.call_later(seconds, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            timer.cancel()


class LoopPermit:
    """A permit, given by the queue of an event loop."""

    __slots__ = ("_at", "_operation", "_queue", "_released", "_sent_at", "id", "waited")

    def __init__(self, queue: LoopQueue, permit_id: str, operation: str) -> None:
        self.id = permit_id
        self.waited = 0.0
        self._queue = queue
        self._operation = operation
        self._at = 0.0
        self._sent_at: float | None = None
        self._released = False

    def ask(self, rank: Rank, *, waited: float) -> Ask:
        """Return the ask for this permit."""
        limit, latency = self._queue.limit.limit, self._queue.latency
        return Ask(
            self.id,
            rank,
            waited,
            limit.requests,
            limit.per,
            out=latency.out,
            late=latency.late(self._operation),
        )

    def granted(self, waited: float = 0.0) -> None:
        """Note that the store gave it now."""
        self._at = self._queue.clock()
        self.waited += waited

    async def commit(self) -> bool:
        """Note that the request is sent now; if the permit is too old, wait for another first."""
        if self._sent_at is not None or self._released:
            return False
        permits = 1
        while (now := self._queue.clock()) - self._at > _ON_TIME and permits <= _PERMITS:
            await self._queue.wait_for(self, Rank.CONTINUED)
            permits += 1
        self._sent_at = now
        return permits > 1

    def answered(self, status: int) -> None:
        """Note the latency, and report when the request was counted at the latest."""
        if self._sent_at is None or self._released:
            return
        now, latency = self._queue.clock(), self._queue.latency
        if status < 500 and status != 429:  # a proxy may answer others
            latency.note(self._operation, now - self._sent_at)
        # The server may refuse quicker than it answers otherwise.
        counted_at = max(now - latency.back(self._operation), self._sent_at + latency.out)
        self._queue.note(self.id, counted_at)
        self._queue.ask_now()
        self._released = True

    def release(self) -> None:
        """Give it back, unless the request was sent."""
        if not self._released and self._sent_at is None:
            self._queue.note(self.id, None)
            self._queue.ask_now()
        self._released = True


def _ids() -> map[str]:
    prefix = secrets.token_hex(5)
    return map(f"{prefix}.{{}}".format, count())
