"""A ceiling of the caller's own, below the limit of the account: `RateLimit.at_most`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .limit import Limit
    from .limiter import Permit, RateLimiter
    from .rank import Rank


class Ceiling:
    """Gives permits that two limiters allow: the caller's own, and then the account's."""

    def __init__(self, own: RateLimiter, account: RateLimiter) -> None:
        self._own = own
        self._account = account
        self._gave_up = own

    def try_acquire(self, rank: Rank, operation: str) -> Permit | None:
        """Return a permit if both give one."""
        own = self._own.try_acquire(rank, operation)
        if own is None:
            return None
        account = self._account.try_acquire(rank, operation)
        if account is None:
            own.release()
            return None
        return _Both(own, account)

    async def acquire(self, rank: Rank, operation: str) -> Permit:
        """Wait for both, one after the other."""
        try:
            own = await self._own.acquire(rank, operation)
        except BaseException:
            self._gave_up = self._own
            raise
        try:
            return _Both(own, await self._account.acquire(rank, operation))
        except BaseException:
            own.release()
            self._gave_up = self._account
            raise

    def update_limit(self, headers: Mapping[str, str]) -> None:
        """Apply the account's limit that an answer's headers give; the ceiling stays."""
        self._account.update_limit(headers)

    def pause(self, seconds: float | None) -> None:
        """Pause the account's requests."""
        self._account.pause(seconds)

    def waited_for(self) -> str:
        """Name the limit that the request waited for which gave up last: the one that asks."""
        return self._gave_up.waited_for()

    @property
    def limit(self) -> Limit | None:
        """The lower of the two limits."""
        limits = [each.limit for each in (self._own, self._account) if each.limit is not None]
        return min(limits, key=lambda each: each.requests / each.per, default=None)

    @property
    def waiting(self) -> int:
        """How many requests wait for either."""
        return self._own.waiting + self._account.waiting

    async def close(self) -> None:
        """Close both."""
        await self._own.close()
        await self._account.close()

    def reset_after_fork(self) -> None:
        """Forget what belongs to the parent."""
        self._own.reset_after_fork()
        self._account.reset_after_fork()


class _Both:
    def __init__(self, own: Permit, account: Permit) -> None:
        self.own = own
        self.account = account

    @property
    def waited(self) -> float:
        return self.own.waited + self.account.waited

    async def commit(self) -> bool:
        own_waited = await self.own.commit()
        return await self.account.commit() or own_waited

    def answered(self, status: int) -> None:
        self.own.answered(status)
        self.account.answered(status)

    def release(self) -> None:
        self.own.release()
        self.account.release()
