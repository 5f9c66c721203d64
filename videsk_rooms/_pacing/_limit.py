"""How many requests in how much time, and what the server's headers say of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

# docs/api.md, "Access": draft-polli-ratelimit-headers-02, such as `20;w=1`
_POLICY = re.compile(r"(\d{1,5})\s*;\s*w\s*=\s*(\d{1,5})\b")
_NUMBER = re.compile(r"\s*(\d{1,5})\b")
_MOST = 10_000

SPREAD = 0.015
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

    The window is one second unless the policy names another one for the same number.
    """
    windows = {int(count): float(seconds) for count, seconds in _POLICY.findall(policy or "")}
    told = _NUMBER.match(number or "")
    if told is not None:
        count = int(told[1])
    elif windows:
        count = min(windows, key=lambda each: each / max(windows[each], 1.0))
    else:
        return None
    if not 1 <= count <= _MOST:
        return None
    return Limit(count, windows.get(count) or 1.0)
