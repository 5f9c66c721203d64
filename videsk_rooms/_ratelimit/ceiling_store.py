"""This process's lower limit below the store's: for `RateLimit.at_most`, and as a fallback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .schedule import Message, Update

if TYPE_CHECKING:
    from collections.abc import Callable

    from .memory_store import MemoryStore
    from .schedule import Ask
    from .store import Store


class CeilingStore:
    """Gives a permit if both a store in memory, with the lower limit, and another one do."""

    def __init__(self, own: MemoryStore, lowered: Callable[[Ask], Ask], store: Store) -> None:
        self._own = own
        self._lowered = lowered
        self._store = store

    async def apply(self, message: Message) -> float:
        """Apply a message to both; the other store is asked only if the lower limit permits."""
        wait = self.apply_to_own(message)
        if wait > 0:
            message = attrs.evolve(message, ask=None)
        wait = max(wait, await self._store.apply(message))
        if wait > 0 and message.ask is not None:
            self._own.apply_now(Message([Update(message.ask.id, None)]))
        return wait

    def apply_to_own(self, message: Message) -> float:
        """Apply a message by the lower limit alone."""
        ask = message.ask
        return self._own.apply_now(
            attrs.evolve(message, ask=None if ask is None else self._lowered(ask))
        )

    async def close(self) -> None:
        """Close the other store."""
        await self._store.close()

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent."""
        self._store.reset_after_fork()
