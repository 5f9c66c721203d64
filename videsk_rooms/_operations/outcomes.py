"""The outcome of each of many calls, and how far they have come."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

import attrs

from videsk_rooms.errors import VideskError, without_tokens

__all__ = ["Outcome", "Progress"]

Item_co = TypeVar("Item_co", covariant=True)
Value_co = TypeVar("Value_co", covariant=True)


@attrs.frozen(weakref_slot=False)
class Outcome(Generic[Item_co, Value_co]):
    """The outcome of one item of a bulk call.

    Attributes:
        index: The item's position, from 0.
        item: The item, as it was given.
        value: The result of the call; `None` if it failed or has none.
        error: The error, or `None`.
    """

    index: int
    # Where a room was meant, a token may have been given.
    item: Item_co = attrs.field(repr=lambda item: without_tokens(repr(item)))
    value: Value_co | None
    error: VideskError | None

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.error is None

    def result(self) -> Value_co:
        """Return the value or raise the error.

        Returns:
            What the call returned.

        Raises:
            VideskError: The call failed.

        Example:
            ```python
            async for outcome in videsk.rooms.create_many([{"name": "Support"}]):
                print(outcome.result().id)
            ```
        """
        if self.error is None:
            return cast("Value_co", self.value)
        try:
            raise self.error
        finally:
            del self  # or the traceback and this frame keep each other alive

    def __hash__(self) -> int:
        # The item may be a mapping, which could not be hashed.
        return hash(self.index)


@attrs.frozen
class Progress:
    """The progress of a bulk call.

    Attributes:
        done: The number of outcomes, the next one included.
        failed: How many of those are errors.
        under_way: The number of calls in progress.
        total: The number of items, or `None` if their iterable has no `len()`.
    """

    done: int
    failed: int
    under_way: int
    total: int | None
