"""Requests of one event loop that wait for a permit, in the order of their rank."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Generic, TypeVar

from .rank import Rank

P = TypeVar("P")


class Waiter(Generic[P]):
    """A request that waits.

    Attributes:
        permit: The permit that it waits for.
        rank: Its rank; the lowest goes first.
        future: Done when the permit is given, or the wait has failed.
        since: When it was added to the queue.
        due: When the store is to be asked again.
        waits: Whether it had to wait: for others in the queue, or because the store said so.
    """

    def __init__(self, permit: P, rank: Rank, since: float, *, behind_others: bool) -> None:
        self.permit = permit
        self.rank = rank
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.since = since
        self.due = 0.0
        self.waits = behind_others


class WaitQueue(Generic[P]):
    """Waiters by rank, and in each rank in order; each may be removed at any moment."""

    def __init__(self) -> None:
        self._by_rank: dict[Rank, OrderedDict[Waiter[P], None]] = {
            rank: OrderedDict() for rank in Rank
        }

    def __len__(self) -> int:
        return sum(map(len, self._by_rank.values()))

    def __bool__(self) -> bool:
        return any(self._by_rank.values())

    def add(self, waiter: Waiter[P]) -> None:
        """Add a waiter, behind those of its rank."""
        self._by_rank[waiter.rank][waiter] = None

    def discard(self, waiter: Waiter[P]) -> None:
        """Remove a waiter, if it still waits."""
        self._by_rank[waiter.rank].pop(waiter, None)

    def heads(self) -> list[Waiter[P]]:
        """Return the first interactive waiter and the first background one, as far as there are."""
        interactive = self._first(Rank.CONTINUED, Rank.INTERACTIVE)
        background = self._first(Rank.BACKGROUND_CONTINUED, Rank.BACKGROUND)
        return [waiter for waiter in (interactive, background) if waiter is not None]

    def ask_now(self) -> None:
        """Make the first waiters due now: another request may fit into the window."""
        for waiter in self.heads():
            waiter.due = 0.0

    def fail_all(self, error: Exception) -> None:
        """Raise an error to all who wait."""
        for waiters in self._by_rank.values():
            for waiter in waiters:
                if not waiter.future.done():
                    waiter.future.set_exception(error)
            waiters.clear()

    def _first(self, *ranks: Rank) -> Waiter[P] | None:
        return next(
            (
                waiter
                for rank in ranks
                for waiter in self._by_rank[rank]
                if not waiter.future.done()  # or cancelled, and removed soon
            ),
            None,
        )
