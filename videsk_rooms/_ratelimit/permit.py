"""The permission to send one request."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, TypeAlias

from .schedule import Rank

if TYPE_CHECKING:
    from .loop_queue import LoopQueue

# Seconds after its permit in which a request may be sent without another permit.
_ON_TIME = 0.005
# After this many permits a request is sent even if late: a stalling machine is never on time.
_PERMITS = 3


class QueuedPermit:
    """A permit, given by the queue of an event loop.

    Attributes:
        waited: For how many seconds the request waited for it; 0 if it did not.
    """

    __slots__ = ("_at", "_id", "_operation", "_queue", "_released", "_sent_at", "waited")

    def __init__(self, queue: LoopQueue, operation: str) -> None:
        self.waited: float = 0.0
        self._queue = queue
        self._operation = operation
        self._id = secrets.token_hex(8)
        self._at = 0.0
        self._sent_at: float | None = None
        self._released = False

    def try_now(self, rank: Rank) -> bool:
        """Get it if nobody waits and a store in memory gives one; return whether it was given."""
        is_given = self._queue.try_now(self._id, self._operation, rank)
        self._at = self._queue.clock()
        return is_given

    async def wait(self, rank: Rank) -> None:
        """Wait until it is given."""
        self._at, waited = await self._queue.wait_for(self._id, self._operation, rank)
        self.waited += waited

    async def commit(self) -> bool:
        """Record that the request has its connection, and is sent as soon as this returns.

        If connecting took long, it first waits for another permit. That wait is part of the
        attempt: it counts against `Timeout.attempt`.

        Returns:
            Whether it has waited.
        """
        if self._sent_at is not None or self._released:
            return False
        permits = 1
        while (now := self._queue.clock()) - self._at > _ON_TIME and permits <= _PERMITS:
            await self.wait(Rank.CONTINUED)
            permits += 1
        self._sent_at = now
        return permits > 1

    def answered(self, status: int) -> None:
        """Record the latency, and report when the request was counted at the latest."""
        if self._sent_at is None or self._released:
            return
        now, latency = self._queue.clock(), self._queue.latency
        if status < 500 and status != 429:  # others may come from a proxy
            latency.note(self._operation, now - self._sent_at)
        # The server may refuse faster than it responds otherwise.
        counted_at = max(now - latency.back(self._operation), self._sent_at + latency.out)
        self._queue.note(self._id, counted_at)
        self._queue.ask_now()
        self._released = True

    def release(self) -> None:
        """End it. If the request was not sent, it does not count."""
        if not self._released and self._sent_at is None:
            self._queue.note(self._id, None)
            self._queue.ask_now()
        self._released = True


class FreePermit:
    """A permit without a limit."""

    waited: float = 0.0

    async def commit(self) -> bool:
        """Do nothing: nothing is counted."""
        return False

    def answered(self, status: int) -> None:
        """Do nothing: nothing is counted."""

    def release(self) -> None:
        """Do nothing: nothing is counted."""


Permit: TypeAlias = QueuedPermit | FreePermit
