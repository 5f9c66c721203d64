"""The interface of stores: where the requests of an account are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .schedule import Message

PATIENCE = 1.0
"""Seconds within which a store must respond; otherwise it counts as out of reach."""


class StoreUnreachableError(Exception):
    """The shared store cannot be used now; the text says why."""


class Store(Protocol):
    """Counts the requests of an account by the rule of `schedule.py`."""

    async def apply(self, message: Message) -> float:
        """Run `Schedule.apply` atomically, on the store's own clock, within `PATIENCE`.

        Returns:
            The wait in seconds; 0 for a permit, or without a request.

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
