"""Who goes first under a saturated limit."""

from __future__ import annotations

from enum import IntEnum


class Rank(IntEnum):
    """The order of waiting requests: the lowest goes first.

    A call's later requests go before other calls' first ones, so that work once begun ends.
    """

    CONTINUED = 0
    INTERACTIVE = 1
    BACKGROUND_CONTINUED = 2
    BACKGROUND = 3

    @property
    def is_background(self) -> bool:
        """Whether nobody waits for it."""
        return self >= Rank.BACKGROUND_CONTINUED
