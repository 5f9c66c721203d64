"""The interface of stores: where the requests of an account are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .schedule import Message

PATIENCE = 1.0
"""How many seconds a store may take over an answer, until it counts as out of reach."""


class StoreUnreachableError(Exception):
    """The store that processes share cannot be used now; the text says why."""


class Store(Protocol):
    """Counts the requests of an account by the rule of `schedule.py`."""

    async def tell(self, message: Message) -> float:
        """Have a message heard, and return the answer of `Schedule.hear`.

        Raises:
            StoreUnreachableError: It cannot be used now.
        """
        ...

    async def close(self) -> None:
        """Close the connections of the running loop."""
        ...

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent, in a child after a fork."""
        ...
