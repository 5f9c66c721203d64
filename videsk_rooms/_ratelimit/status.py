"""The account's use of the rate limit, from the last responses: `rate_limit_status`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from videsk_rooms._concurrency.clock import monotonic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .limiter import RateLimiter

__all__ = ["RateLimitStatus"]

_WHOLE = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


@attrs.frozen
class RateLimitStatus:
    """The account's remaining requests, from the last responses, and the calls that wait.

    Attributes:
        limit: The maximum number of requests in `per` seconds; `None`: this client has no limit.
        per: The limit's window in seconds; `None`: this client has no limit.
        remaining: The requests left in the server's current window, by its last response; `None`:
            no response of this window has said so.
        resets_in: The seconds until the server's next window; `None`: no response of this window
            has said so.
        waiting: The number of this client's requests that wait for the limit now.

    Example:
        ```python
        status = videsk.rate_limit_status
        print(status.waiting, "calls wait for", status.limit, "requests a second")
        ```
    """

    limit: int | None
    per: float | None
    remaining: int | None
    resets_in: float | None
    waiting: int


class ServerWindow:
    """The server's current window, from its last response."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._last: tuple[str, str, float] = "", "", 0.0

    def learn(self, headers: Mapping[str, str]) -> None:
        """Keep `Ratelimit-Remaining` and `Ratelimit-Reset` (docs/api.md, "Access")."""
        remaining = headers.get("ratelimit-remaining")
        if remaining is not None:
            self._last = remaining, headers.get("ratelimit-reset") or "", self._clock()

    def status(self, limiter: RateLimiter) -> RateLimitStatus:
        """Return it together with the limiter's limit and waiting requests."""
        limit = limiter.limit
        remaining, reset, at = self._last
        seconds = float(reset) if _NUMBER.fullmatch(reset.strip()) else 1.0
        resets_in = at + seconds - self._clock()
        is_known = _WHOLE.fullmatch(remaining.strip()) is not None and resets_in > 0
        return RateLimitStatus(
            limit=None if limit is None else limit.requests,
            per=None if limit is None else limit.per,
            remaining=int(remaining) if is_known else None,
            resets_in=resets_in if is_known else None,
            waiting=limiter.waiting,
        )
