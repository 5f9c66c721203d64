"""The interface of stores that several processes share."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Protocol, TypeAlias

import attrs

from .limit import SPREAD
from .schedule import WindowParams

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from .limit import Limit

Account: TypeAlias = "Callable[[], Awaitable[str]]"
"""Returns what only the processes of one account have: its token, which the store hashes."""

MICRO = 1_000_000
PATIENCE = 1.0
"""How many seconds a store may take over an answer, until it counts as out of reach."""
LATE = 0.005
"""How many seconds after its promised time a request may leave without having that corrected."""
MARGIN = SPREAD + LATE
_LATELY = 5.0
"""Between so many seconds and twice as many."""
_AT_ONCE = 1000
"""Microseconds: promises at once are not alike either."""


def window_params(limit: Limit) -> WindowParams:
    """Write a limit as a ring wants it."""
    return WindowParams(
        limit.requests,
        window=int((limit.per + MARGIN) * MICRO),
        gap=int(limit.gap * MICRO) + 1,
        late=int(LATE * MICRO),
    )


class StoreUnreachableError(Exception):
    """The store that the processes share cannot be used now; the text says why."""


@attrs.frozen
class Slot:
    """A departure that was promised to this process.

    Attributes:
        slot: When, in microseconds of the store's clock. No two promises of a store are alike.
        at: When, in seconds of this process's `time.monotonic()`.
        store: Who promised it, and takes it back.
        sure: Whether its time has come; a promise for later is to be confirmed then.
    """

    slot: int
    at: float
    store: Store
    sure: bool


def slots_of(slots: Iterable[int], store: Store, *, now: int, here: float) -> list[Slot]:
    """Make places of what a store has promised when its own clock showed `now`, and ours `here`."""
    return [
        Slot(slot, here, store, sure=True)
        if slot - now <= _AT_ONCE
        else Slot(slot, here + (slot + 1 - now) / MICRO, store, sure=False)
        for slot in slots
    ]


class RemoteClock:
    """The clock of a store elsewhere, told by answers, of which the quickest tell it best.

    An answer that was held up says late what time it was. Taken for the time of its coming, it
    would have a request leave late that nobody knows to be late.
    """

    def __init__(self) -> None:
        self._behind = self._behind_lately = inf
        self._until = 0.0
        self._told = 0

    def ours(self, there: int, *, came: float) -> float:
        """Return what our clock showed when that one did, of an answer that has come now."""
        if there < self._told - PATIENCE * MICRO:  # it was set back; no answer is overtaken so far
            self._behind = self._behind_lately = inf
        self._told = there
        if came >= self._until:  # clocks drift: only what came lately counts
            self._behind, self._behind_lately = self._behind_lately, inf
            self._until = came + _LATELY
        behind = came - there / MICRO
        self._behind_lately = min(self._behind_lately, behind)
        self._behind = min(self._behind, behind)
        return there / MICRO + self._behind


class Store(Protocol):
    """A store that several processes share."""

    async def ready(self) -> None:
        """See to it that the store can be asked, before anybody stands in line.

        Raises:
            Exception: Whatever a callable that gives the token raised.
        """
        ...

    async def reserve(self, count: int, limit: Limit) -> Sequence[Slot]:
        """Reserve up to so many places, in order; fewer if the store is full.

        Raises:
            StoreUnreachableError: It cannot be used now; so do the others.
        """
        ...

    async def confirm(self, places: Sequence[Slot], limit: Limit) -> Sequence[Slot]:
        """Confirm places whose time has come; those that are not sure now have another time."""
        ...

    async def give_back(self, places: Sequence[Slot]) -> None:
        """Free places that nobody will use."""
        ...

    async def hold(self, seconds: float) -> None:
        """Pause all requests for so long."""
        ...

    async def close(self) -> None:
        """Close the store."""
        ...

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent, in a child after a fork."""
        ...
