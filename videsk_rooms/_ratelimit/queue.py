"""An event loop's requests that wait for a permit, ordered by rank."""

from __future__ import annotations

import asyncio
from bisect import insort
from operator import attrgetter

import attrs

from .schedule import Rank


@attrs.define(eq=False)
class Waiter:
    """A request that waits.

    Attributes:
        id: The id of its permit.
        operation: Its operation.
        rank: Its rank; the lowest goes first.
        since: When it was added to the queue.
        waits: Whether it had to wait: for others in the queue, or because the store said so.
        due: When to ask the store again.
        future: Its result is the time of the permit, or the error that prevented it.
    """

    id: str
    operation: str
    rank: Rank
    since: float
    waits: bool
    due: float = 0.0
    future: asyncio.Future[float] = attrs.field(
        factory=lambda: asyncio.get_running_loop().create_future()
    )


class WaitQueue:
    """Waiters by rank, and in order within a rank; each may be removed at any time."""

    def __init__(self) -> None:
        self._interactive: list[Waiter] = []
        self._background: list[Waiter] = []

    def __len__(self) -> int:
        return len(self._interactive) + len(self._background)

    def add(self, waiter: Waiter) -> None:
        """Add a waiter, behind those of its rank."""
        insort(self._waiters(waiter.rank), waiter, key=attrgetter("rank"))

    def discard(self, waiter: Waiter) -> None:
        """Remove a waiter, if it still waits."""
        waiters = self._waiters(waiter.rank)
        if waiter in waiters:
            waiters.remove(waiter)

    def heads(self) -> list[Waiter]:
        """Return the first interactive and the first background waiter, if there are any."""
        heads: list[Waiter] = []
        for waiters in (self._interactive, self._background):
            for waiter in waiters:
                if not waiter.future.done():  # or cancelled, and removed soon
                    heads.append(waiter)
                    break
        return heads

    def fail_all(self, error: Exception) -> None:
        """Raise an error to all who wait."""
        for waiters in (self._interactive, self._background):
            for waiter in waiters:
                if not waiter.future.done():
                    waiter.future.set_exception(error)
            waiters.clear()

    def _waiters(self, rank: Rank) -> list[Waiter]:
        return self._background if rank.is_background else self._interactive
