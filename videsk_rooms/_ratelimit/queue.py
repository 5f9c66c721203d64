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
        permit: What it is given.
        rank: Who goes first.
        future: Done when it may go, or need not wait any more.
        since: When it came.
        due: When the store is to be asked for it again.
        waits: Whether others were before it, or the store had it wait.
    """

    def __init__(self, permit: P, rank: Rank, since: float, *, behind_others: bool) -> None:
        self.permit = permit
        self.rank = rank
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.since = since
        self.due = 0.0
        self.waits = behind_others


class WaitQueue(Generic[P]):
    """Waiters by rank, and in each rank in order; each may leave at any moment."""

    def __init__(self) -> None:
        self._by_rank: dict[Rank, OrderedDict[Waiter[P], None]] = {
            rank: OrderedDict() for rank in Rank
        }

    def __len__(self) -> int:
        return sum(map(len, self._by_rank.values()))

    def add(self, waiter: Waiter[P]) -> None:
        """Add a waiter, behind those of its rank."""
        self._by_rank[waiter.rank][waiter] = None

    def discard(self, waiter: Waiter[P]) -> None:
        """Remove a waiter, if it still waits."""
        self._by_rank[waiter.rank].pop(waiter, None)

    def heads(self) -> list[Waiter[P]]:
        """Return who is next of those that somebody waits for, and who is of the others."""
        people = self._first(Rank.CONTINUED, Rank.INTERACTIVE)
        background = self._first(Rank.BACKGROUND_CONTINUED, Rank.BACKGROUND)
        return [waiter for waiter in (people, background) if waiter is not None]

    def ask_anew(self) -> None:
        """Have the store asked again at once: a place may be free now."""
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
                if not waiter.future.done()  # cancelled, and about to leave
            ),
            None,
        )
