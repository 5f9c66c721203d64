"""An event loop's waiting requests, and the task that asks the store for permits."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

from videsk_rooms._concurrency.fork import leak
from videsk_rooms._concurrency.loops import call_soon_in
from videsk_rooms.errors import CLOSED, ClosedError

from .memory_store import MemoryStore
from .queue import Waiter, WaitQueue
from .schedule import Ask, Message, Update

if TYPE_CHECKING:
    from collections.abc import Callable

    from .latency import Latency
    from .limit import ObservedLimit
    from .schedule import Rank
    from .store import Store

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
        self._limit = limit
        self.latency = latency
        self.clock = clock
        self._store = store
        self._loop = loop
        self._queue = WaitQueue()
        self._pending: list[tuple[str, float | None]] = []
        self._pause = 0.0
        self._changed = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._queue)

    def try_now(self, request_id: str, operation: str, rank: Rank) -> bool:
        """Return whether nobody waits, and a store in memory gives a permit."""
        store = self._store
        if self._queue or not isinstance(store, MemoryStore):
            return False
        if store.apply_now(Message(ask=self._ask_for(request_id, operation, rank))) > 0:
            store.note(request_id, None)
            return False
        return True

    async def wait_for(self, request_id: str, operation: str, rank: Rank) -> tuple[float, float]:
        """Wait for a permit; if cancelled, nothing is counted.

        Returns:
            When it was given, and for how many seconds the request waited for the limit.
        """
        if self._closed:
            raise ClosedError(CLOSED)
        waiter = Waiter(request_id, operation, rank, self.clock(), waits=bool(self._queue))
        self._queue.add(waiter)
        self._ask()
        try:
            given_at = await waiter.future
        except BaseException:  # GeneratorExit too, of a coroutine that its loop left behind
            self._queue.discard(waiter)
            self.note(request_id, None)
            self.ask_now()
            raise
        # A remote store's response time does not count as a wait for the limit.
        return given_at, given_at - waiter.since if waiter.waits else 0.0

    def note(self, request_id: str, counted_at: float | None) -> None:
        """Report when a request was counted at the latest; `None`: it was not sent."""
        if isinstance(self._store, MemoryStore):
            self._store.note(request_id, counted_at)
        elif not self._closed:
            self._pending.append((request_id, counted_at))

    def pause(self, seconds: float) -> None:
        """Have the store pause all requests."""
        if isinstance(self._store, MemoryStore):
            self._store.apply_now(Message(pause=seconds))
        else:
            self._pause = max(self._pause, seconds)
            self._ask()

    def ask_now(self) -> None:
        """Ask the store immediately, because another request may fit into the window now."""
        for waiter in self._queue.heads():
            waiter.due = 0.0
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

        It ends when nothing waits and there is nothing to report.
        """
        if asyncio._get_running_loop() is not self._loop:
            # The end of a collected coroutine may call this in any thread, and after its loop.
            call_soon_in(self._loop, self._ask)
            return
        if self._asking is not None and not self._asking.done():
            self._changed.set()
        elif self._pending or self._pause or self._queue.heads():
            # Not with the loop's task factory: an eager one would start the task immediately, and
            # the store may be applying a message now.
            self._asking = asyncio.Task(self._ask_until_done(), loop=self._loop)

    async def _ask_until_done(self) -> None:
        try:
            while self._queue.heads() or self._pending or self._pause:
                wait = await self._ask_once()
                if wait > 0:
                    await self._sleep(wait)
        except Exception as error:  # otherwise all who wait would wait forever
            self._queue.fail_all(error)
        except asyncio.CancelledError:  # with all tasks of the loop, or by other code alone
            # In a loop that ends, nobody waits and no task may start.
            if self._queue.heads() and not (self._closed or self._loop.is_closed()):
                self._loop.call_soon(self._ask)
            raise

    async def _ask_once(self) -> float:
        """Ask for the first waiters; return the seconds until the next time to ask."""
        self._changed.clear()
        heads = self._queue.heads()
        now, wait = self.clock(), inf
        if all(waiter.due > now for waiter in heads) and (self._pending or self._pause):
            await self._send(None)  # otherwise they are sent with the next ask
        for waiter in heads:
            if waiter.due <= now:
                ask = self._ask_for(waiter.id, waiter.operation, waiter.rank, now - waiter.since)
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

    def _ask_for(self, request_id: str, operation: str, rank: Rank, waited: float = 0.0) -> Ask:
        limit, latency = self._limit.limit, self.latency
        late = latency.late(operation)
        return Ask(request_id, rank, waited, limit.requests, limit.per, latency.out, late)

    def _grant(self, waiter: Waiter) -> None:
        self._queue.discard(waiter)
        if not waiter.future.done():  # or cancelled: it gives the permit back itself
            waiter.future.set_result(self.clock())

    async def _sleep(self, seconds: float) -> None:
        timer = self._loop.call_later(seconds, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            timer.cancel()
