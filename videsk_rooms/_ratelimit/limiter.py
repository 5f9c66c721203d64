"""The interface of rate limiters, and the permits that they give."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Rank(enum.IntEnum):
    """Which of the waiting requests goes first: the lower one.

    A call that has begun holds something that others may want, and ends soonest if it goes first.
    """

    CONTINUED = 0
    """A later request of an interactive call."""
    INTERACTIVE = 1
    """The first request of a call that somebody waits for."""
    BACKGROUND_CONTINUED = 2
    """A later request of a call in the background."""
    BACKGROUND = 3
    """The first request of a call in the background."""


class Permit(Protocol):
    """The permission for one request to leave."""

    async def leave(self) -> None:
        """Commit the permit: the request has its connection and leaves as soon as this returns.

        Whoever took too long over connecting may have to wait for another place.
        """
        ...

    def over(self) -> None:
        """Release the permit: if nothing left, its slot is free again."""
        ...


class RateLimiter(Protocol):
    """Decides when a request may leave."""

    def try_acquire(self, rank: Rank = Rank.INTERACTIVE) -> Permit | None:
        """Return the permission if the request may leave now, without waiting."""
        ...

    async def acquire(self, rank: Rank = Rank.INTERACTIVE) -> Permit:
        """Wait in line until the request may leave. Cancelled, the place is free again.

        Args:
            rank: Before which others it goes.

        Raises:
            ClosedError: It was closed meanwhile.
        """
        ...

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take note of the limit that an answer tells."""
        ...

    def hold(self, seconds: float) -> None:
        """Pause all requests for so long."""
        ...

    def waited_for(self) -> str:
        """Name the limit that requests wait for, where it comes from, and a hold if there is one.

        Returns:
            The end of a sentence.
        """
        ...

    async def close(self) -> None:
        """Release what is held."""
        ...

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent, in a child after a fork."""
        ...


class _FreePermit:
    async def leave(self) -> None:
        """Nothing is counted."""

    def over(self) -> None:
        """Nothing is counted."""


_FREE_PERMIT = _FreePermit()


class NoLimit:
    """No limit: every request may leave at once."""

    def try_acquire(self, rank: Rank = Rank.INTERACTIVE) -> Permit:
        """Return the permission."""
        return _FREE_PERMIT

    async def acquire(self, rank: Rank = Rank.INTERACTIVE) -> Permit:
        """Return the permission."""
        return _FREE_PERMIT

    def learn(self, headers: Mapping[str, str]) -> None:
        """Nothing is paced."""

    def hold(self, seconds: float) -> None:
        """Nothing is paced."""

    def waited_for(self) -> str:
        """Nothing is waited for."""
        return "no rate limit"

    async def close(self) -> None:
        """Nothing is held."""

    def reset_after_fork(self) -> None:
        """Nothing is held."""
