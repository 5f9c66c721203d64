"""The deadline of a call, over all its requests, attempts and backoff."""

from __future__ import annotations

from math import inf
from time import monotonic


class Deadline:
    """The end of a call's time; begins to run when it is made."""

    __slots__ = ("_at", "_counts_line", "has_begun", "total")

    def __init__(self, total: float | None, *, count_queue_time: bool = True) -> None:
        """Begin.

        Args:
            total: Seconds, or `None` for no bound.
            count_queue_time: Whether time queued for the rate limit counts.
        """
        self.total: float | None = total
        self.has_begun: bool = False
        """Whether a request of the call has been sent: those that follow it go first."""
        self._counts_line = count_queue_time
        self._at = inf if total is None else monotonic() + total

    def left(self) -> float:
        """Return the seconds that are left, infinity without a bound, never less than 0."""
        return max(self._at - monotonic(), 0.0)

    def left_for_queueing(self) -> float:
        """Return how many seconds may be spent queued for the rate limit."""
        return self.left() if self._counts_line else inf

    def add_queue_time(self, seconds: float) -> None:
        """Add time that was spent queued for the rate limit."""
        if not self._counts_line:
            self._at += seconds
