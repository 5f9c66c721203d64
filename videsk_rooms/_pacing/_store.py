"""What several processes pace themselves by, and its stand-in when it is out of reach."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

import attrs

from ._ring import Ring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._limit import Limit

# While the store is out of reach nobody knows how many processes share the limit. A quarter of it
# keeps four of them within it.
ALONE_SHARE = 0.25
MICRO = 1_000_000


class StoreUnreachableError(Exception):
    """The store that the processes share cannot be used now; the text says why."""


@attrs.frozen
class Place:
    """A departure that was promised to this process.

    Attributes:
        slot: When, in microseconds of the store's clock.
        at: When, in seconds of this process's `time.monotonic()`.
        store: Who promised it, and takes it back.
    """

    slot: int
    at: float
    store: Store


class Store(Protocol):
    """What the processes have in common."""

    async def reserve(self, count: int, limit: Limit) -> Sequence[Place]:
        """Reserve up to so many places, in order; fewer if the store is full."""
        ...

    async def give_back(self, places: Sequence[Place]) -> None:
        """Free places that nobody will use."""
        ...

    async def hold(self, seconds: float) -> None:
        """Promise nothing for so long, to anybody."""
        ...

    def held_until(self) -> float:
        """Tell until when nobody may leave, as far as this process knows, by its own clock."""
        ...

    async def close(self) -> None:
        """Let go of the store."""
        ...


class Alone:
    """Stands in for a store out of reach: paces this process by a share of the limit."""

    def __init__(self) -> None:
        self._ring = Ring()

    async def reserve(self, count: int, limit: Limit) -> Sequence[Place]:
        """Reserve places in this process alone."""
        share = limit.requests * ALONE_SHARE
        requests = max(1, int(share))
        per = limit.per * requests / share  # a quarter of 2 a second is 1 in two seconds
        slots = self._ring.reserve(
            count, now=int(monotonic() * MICRO), limit=requests, window=int(per * MICRO)
        )
        return [Place(slot, slot / MICRO, self) for slot in slots]

    async def give_back(self, places: Sequence[Place]) -> None:
        """Free places."""
        self._ring.give_back(place.slot for place in places)

    async def hold(self, seconds: float) -> None:
        """Promise nothing for so long."""
        self._ring.hold(int((monotonic() + seconds) * MICRO))

    def held_until(self) -> float:
        """Tell until when nobody may leave."""
        return self._ring.held_until / MICRO

    async def close(self) -> None:
        """Nothing is held."""
