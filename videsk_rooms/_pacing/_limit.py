"""How many requests in how much time, and what the server's headers say of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WHOLE = re.compile(r"[0-9]{1,9}")
_MOST = 10_000

SPREAD = 0.020
"""By how many seconds the time on the way to the server may vary.

Two requests a window apart leave this much further apart, lest they arrive too close together
(docs/architecture.md, "Pacing").
"""
_LONGEST_GAP = 0.002


@attrs.frozen
class Limit:
    """So many requests in so many seconds."""

    requests: int
    per: float

    @property
    def gap(self) -> float:
        """How many seconds lie between requests that had to wait.

        Left to themselves they would leave all at once, a window after others that did. The server
        then takes them one by one, and what comes last of a burst is late by what the others cost.
        """
        return min(_LONGEST_GAP, self.per / self.requests / 4)


class Learned:
    """The limit that holds: the one that was set, until the server tells another."""

    __slots__ = ("_last", "limit")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._last: tuple[str | None, str | None] = (None, None)

    def learn(self, headers: Mapping[str, str]) -> bool:
        """Read an answer's headers; tell whether the limit has changed."""
        told = (headers.get("ratelimit-limit"), headers.get("ratelimit-policy"))
        if told == self._last:
            return False
        self._last = told
        limit = told_limit(*told)
        if limit is None or limit == self.limit:
            return False
        self.limit = limit
        return True


def told_limit(number: str | None, policy: str | None) -> Limit | None:
    """Read the limit from `Ratelimit-Limit` and `Ratelimit-Policy`; `None` if they tell none.

    The number is that of a second, unless a policy names another window for it. Without a number,
    the policy holds that allows the fewest requests a second. A number beyond 10,000 is none that
    could be paced by.
    """
    policies = [*_policies(number or ""), *_policies(policy or "")]
    count = _whole((number or "").partition(",")[0].partition(";")[0])
    if not 1 <= count <= _MOST:
        return min(policies, key=lambda each: each.requests / each.per, default=None)
    return Limit(count, max((each.per for each in policies if each.requests == count), default=1.0))


def _policies(text: str) -> Iterator[Limit]:
    """Read policies: `20;w=1` (docs/api.md, "Access"), or as later drafts do `"name";q=20;w=1`."""
    for policy in text.split(","):
        first, *rest = policy.split(";")
        named = {name.strip(): value for name, _, value in (each.partition("=") for each in rest)}
        count, window = _whole(named.get("q", first)), _whole(named.get("w", ""))
        if 1 <= count <= _MOST and window >= 1:
            yield Limit(count, float(window))


def _whole(text: str) -> int:
    return int(text) if _WHOLE.fullmatch(text := text.strip()) else 0
