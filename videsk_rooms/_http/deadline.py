"""The deadline of a call, over all its requests, attempts and backoff."""

from __future__ import annotations

from math import inf

from videsk_rooms._concurrency.clock import monotonic


class Deadline:
    """The end of a call's time, which runs from the moment that this is made."""

    __slots__ = ("_at", "_count_queue_time", "call_id", "has_begun", "total")

    def __init__(self, total: float | None, *, count_queue_time: bool = True) -> None:
        """Start the time.

        Args:
            total: Seconds, or `None` for no bound.
            count_queue_time: Whether time queued for the rate limit counts.
        """
        self.total: float | None = total
        self.has_begun: bool = False
        """Whether a request of the call has been sent: those that follow it go first."""
        self.call_id: str = ""
        """The call's id for a sandbox, once there is one."""
        self._count_queue_time = count_queue_time
        self._at = inf if total is None else monotonic() + total

    def remaining(self) -> float:
        """Return the remaining seconds: never below 0, and infinity without a bound."""
        return max(self._at - monotonic(), 0.0)

    def remaining_for_queueing(self) -> float:
        """Return how many seconds may be spent queued for the rate limit."""
        return self.remaining() if self._count_queue_time else inf

    def add_queue_time(self, seconds: float) -> None:
        """Add time that was spent queued for the rate limit."""
        if not self._count_queue_time:
            self._at += seconds
