"""Until when a call may take, over all its requests, attempts and pauses."""

from __future__ import annotations

from math import inf
from time import monotonic


class Deadline:
    """The end of a call's time; begins to run when it is made."""

    __slots__ = ("_at", "total")

    def __init__(self, total: float | None) -> None:
        self.total: float | None = total
        self._at = inf if total is None else monotonic() + total

    def left(self) -> float:
        """Return the seconds that are left, infinity without a bound, never less than 0."""
        return max(self._at - monotonic(), 0.0)
