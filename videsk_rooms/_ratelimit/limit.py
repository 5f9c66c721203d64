"""The limit, as it was set or as the server's headers give it."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WHOLE = re.compile(r"[0-9]{1,9}")
_MOST = 10_000
LONGEST_WINDOW = 60.0
"""The longest window in seconds that is accepted from a header, and the longest wait of a 429.

A waiting client gets no responses, and so no other limit. A wrong header can block it this long.
"""
# How many different limits are logged. A server may send another one each time.
_MOST_LOGGED = 16

_logger = logging.getLogger("videsk_rooms")


@attrs.frozen
class Limit:
    """A number of requests in a window of seconds."""

    requests: int
    per: float

    def __str__(self) -> str:
        return f"{self.requests} request{'s'[: self.requests > 1]} in {self.per:g} s"


class ObservedLimit:
    """The limit that applies: the one that was set, until the server gives another."""

    __slots__ = ("_last", "_logged", "_source", "limit")

    def __init__(self, limit: Limit, *, source: str = "set by rate_limit") -> None:
        self.limit: Limit = limit
        self._source = source
        self._last: tuple[str | None, str | None] = (None, None)
        self._logged = {limit}

    def __str__(self) -> str:
        """Name the limit and where it comes from."""
        return f"{self.limit} ({self._source})"

    def learn(self, headers: Mapping[str, str]) -> bool:
        """Read a response's headers; return whether the limit has changed."""
        number, policy = headers.get("ratelimit-limit"), headers.get("ratelimit-policy")
        if (number, policy) == self._last:
            return False
        self._last = (number, policy)
        limit = limit_from_headers(number, policy)
        if limit is None or limit == self.limit:
            return False
        was, source, self.limit = self.limit, self._source, limit
        named = (
            "Ratelimit-Policy" if limit_from_headers(number, None) is None else "Ratelimit-Limit"
        )
        self._source = f"by the server's {named} header"
        self._log(was, source)
        return True

    def _log(self, was: Limit, source: str) -> None:
        # A lower one makes calls wait; a higher one is what a contract says.
        if self.limit not in self._logged and len(self._logged) <= _MOST_LOGGED:
            self._logged.add(self.limit)
            level = (
                logging.WARNING
                if self.limit.requests / self.limit.per < was.requests / was.per
                else logging.INFO
            )
            _logger.log(level, "the rate limit is now %s; it was %s (%s)", self, was, source)


def limit_from_headers(number: str | None, policy: str | None) -> Limit | None:
    """Read the limit from `Ratelimit-Limit` and `Ratelimit-Policy`; `None` if they give none.

    The number is per second, unless a policy gives the same number another window. Without a
    number, the policy applies that allows the fewest requests a second. Limits that cannot be kept
    are ignored: more than 10,000 requests, or less than one a minute.
    """
    policies = [*_policies(number or ""), *_policies(policy or "")]
    count = _whole((number or "").partition(",")[0].partition(";")[0])
    if 1 <= count <= _MOST:
        window = max((window for requests, window in policies if requests == count), default=1)
        return _believed(count, window) or Limit(count, 1.0)
    limits = [limit for each in policies if (limit := _believed(*each)) is not None]
    return min(limits, key=lambda each: each.requests / each.per, default=None)


def _believed(requests: int, window: int) -> Limit | None:
    """Turn a window longer than a minute into what it allows in a minute, if that is anything."""
    if window <= LONGEST_WINDOW:
        return Limit(requests, float(window))
    in_a_minute = int(requests * LONGEST_WINDOW / window)
    return Limit(in_a_minute, LONGEST_WINDOW) if in_a_minute else None


def _policies(text: str) -> Iterator[tuple[int, int]]:
    """Read policies: `20;w=1` (docs/api.md, "Access"), or as later drafts do `"name";q=20;w=1`."""
    for policy in text.split(","):
        first, *rest = policy.split(";")
        named = {name.strip(): value for name, _, value in (each.partition("=") for each in rest)}
        count, window = _whole(named.get("q", first)), _whole(named.get("w", ""))
        if 1 <= count <= _MOST and window >= 1:
            yield count, window


def _whole(text: str) -> int:
    return int(text) if _WHOLE.fullmatch(text := text.strip()) else 0
