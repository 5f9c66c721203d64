"""The rate limit: requests per second (docs/api.md, Access)."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal, Protocol

Window = Literal["fixed", "sliding"]
WINDOW_SECONDS = 1.0


@dataclass(frozen=True)
class Verdict:
    """The rate limit's decision on one request.

    Attributes:
        allowed: Whether the request is allowed.
        limit: Requests per window.
        remaining: Requests left in the window.
        reset: Whole seconds until the window ends.
        elapsed: Seconds since a fixed window began; 0 for a sliding window.
    """

    allowed: bool
    limit: int
    remaining: int
    reset: int
    elapsed: float = 0.0

    def headers(self) -> dict[str, str]:
        """The four headers of docs/api.md, Access."""
        return {
            "Ratelimit-Limit": str(self.limit),
            "Ratelimit-Remaining": str(self.remaining),
            "Ratelimit-Reset": str(self.reset),
            "Ratelimit-Policy": f"{self.limit};w={WINDOW_SECONDS:.0f}",
        }


class Limit(Protocol):
    """Counts requests; refused ones do not count against the limit."""

    def count(self, now: float) -> Verdict:
        """Count a request that arrived at `now` seconds."""
        ...


class FixedWindow:
    """Windows of a second; each begins with the first request after the last one ended."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._start = -math.inf
        self._used = 0

    def count(self, now: float) -> Verdict:
        """Count a request that arrived at `now` seconds."""
        if now >= self._start + WINDOW_SECONDS:
            self._start, self._used = now, 0
        allowed = self._used < self._limit
        self._used += allowed
        return Verdict(
            allowed,
            self._limit,
            self._limit - self._used,
            _whole_seconds(self._start + WINDOW_SECONDS - now),
            now - self._start,
        )


class SlidingWindow:
    """The second before each request."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times: deque[float] = deque()

    def count(self, now: float) -> Verdict:
        """Count a request that arrived at `now` seconds."""
        while self._times and self._times[0] <= now - WINDOW_SECONDS:
            self._times.popleft()
        allowed = len(self._times) < self._limit
        if allowed:
            self._times.append(now)
        return Verdict(
            allowed,
            self._limit,
            self._limit - len(self._times),
            _whole_seconds(self._times[0] + WINDOW_SECONDS - now),
        )


def make_limit(rate: int | None, window: Window) -> Limit | None:
    """Build the limit that a sandbox's arguments describe."""
    if window not in ("fixed", "sliding"):
        raise ValueError(f"unknown window {window!r}; use 'fixed' or 'sliding'")
    if rate is None:
        return None
    if rate < 1:
        raise ValueError(f"a rate of {rate} allows nothing; give 1 or more, or None for no limit")
    return FixedWindow(rate) if window == "fixed" else SlidingWindow(rate)


def _whole_seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))
