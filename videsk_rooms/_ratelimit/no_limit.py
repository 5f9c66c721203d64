"""The limiter without a limit: `rate_limit=None`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .limiter import Permit
    from .rank import Rank


class _FreePermit:
    waited = 0.0

    async def commit(self) -> bool:
        """Nothing is counted."""
        return False

    def answered(self, status: int) -> None:
        """Nothing is counted."""

    def release(self) -> None:
        """Nothing is counted."""


_FREE_PERMIT = _FreePermit()


class NoLimit:
    """Every request may be sent at once."""

    limit = None
    waiting = 0

    def try_acquire(self, rank: Rank, operation: str) -> Permit:
        """Return a permit."""
        return _FREE_PERMIT

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Return a permit."""
        return _FREE_PERMIT

    def update_limit(self, headers: Mapping[str, str]) -> None:
        """Nothing is limited."""

    def pause(self, seconds: float | None) -> None:
        """Nothing is limited."""

    def waited_for(self) -> str:
        """Nothing is waited for."""
        return "no rate limit"

    async def close(self) -> None:
        """Nothing is held."""

    def reset_after_fork(self) -> None:
        """Nothing is held."""
