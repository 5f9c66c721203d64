"""The interfaces of rate limiters and of the permits that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .limit import Limit
    from .rank import Rank


class Permit(Protocol):
    """The permission to send one request."""

    @property
    def waited(self) -> float:
        """For how many seconds the request waited for it; 0 if it did not."""
        ...

    async def commit(self) -> bool:
        """Note that the request has its connection, and is sent as soon as this returns.

        If connecting took long, it may first wait for another permit. That wait is part of the
        attempt: it counts against `Timeout.attempt`, and is not in `waited`.

        Returns:
            Whether it has waited.
        """
        ...

    def answered(self, status: int) -> None:
        """Note that the head of the answer has arrived."""
        ...

    def release(self) -> None:
        """End it. If the request was not sent, it does not count."""
        ...


class RateLimiter(Protocol):
    """Decides when a request may be sent."""

    def try_acquire(self, rank: Rank, operation: str) -> Permit | None:
        """Return a permit if the request may be sent now; `None` if it would have to wait."""
        ...

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Wait until the request may be sent. If the wait is cancelled, nothing counts.

        Args:
            rank: Its rank; the lowest goes first.
            operation: Its operation: answers to one operation take about as long as each other.

        Raises:
            ClosedError: The limiter was closed meanwhile.
        """
        ...

    def update_limit(self, headers: Mapping[str, str]) -> None:
        """Apply the limit that an answer's headers give."""
        ...

    def pause(self, seconds: float | None) -> None:
        """Pause all requests after a 429 that asks to wait for `seconds`; `None`: it does not say.

        The pause is no longer than that, and shorter at first unless it exceeds the window.
        """
        ...

    def waited_for(self) -> str:
        """Name the limit that requests wait for, where it comes from, and a pause.

        Returns:
            The end of a sentence.
        """
        ...

    @property
    def limit(self) -> Limit | None:
        """The limit that applies; `None`: there is none."""
        ...

    @property
    def waiting(self) -> int:
        """How many requests wait in this process."""
        ...

    async def close(self) -> None:
        """Raise `ClosedError` to all who wait, and close the store."""
        ...

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent, in a child after a fork."""
        ...
