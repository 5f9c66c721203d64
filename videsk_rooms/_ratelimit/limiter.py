"""The interfaces of rate limiters and of the permits that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .limit import Limit
    from .rank import Rank


class Permit(Protocol):
    """The permission for one request to leave."""

    @property
    def waited(self) -> float:
        """For how many seconds the request waited for it; 0 if it did not."""
        ...

    async def commit(self) -> None:
        """Note that the request has its connection, and leaves as soon as this returns.

        One that took long over connecting may have to wait for another permit.
        """
        ...

    def answered(self, status: int) -> None:
        """Note that the head of the answer has arrived."""
        ...

    def release(self) -> None:
        """End it: if nothing left, nothing is counted."""
        ...


class RateLimiter(Protocol):
    """Decides when a request may leave."""

    def try_acquire(self, rank: Rank, operation: str) -> Permit | None:
        """Return a permit if the request may leave now, without waiting."""
        ...

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Wait until the request may leave. Cancelled, nothing is counted.

        Args:
            rank: Before which others it goes.
            operation: Of which kind it is: answers of one kind take about as long.

        Raises:
            ClosedError: The limiter was closed meanwhile.
        """
        ...

    def update_limit(self, headers: Mapping[str, str]) -> None:
        """Take note of the limit that an answer tells."""
        ...

    def pause(self, seconds: float | None) -> None:
        """Pause all requests after one was refused, for as long as the refusal asks at most."""
        ...

    def waited_for(self) -> str:
        """Name the limit that requests wait for, where it comes from, and a pause.

        Returns:
            The end of a sentence.
        """
        ...

    @property
    def limit(self) -> Limit | None:
        """The limit that holds; `None`: there is none."""
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
