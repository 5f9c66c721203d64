"""Decides whether an attempt is followed by another, and computes the backoff. No I/O.

Retried are:

- every request that was surely not processed: no connection, 425, 429;
- every request that may have been processed (a lost answer, 408, 5xx, an unreadable success), if
  sending it twice does no harm. That holds for all of this package's own operations: a create
  carries an `externalId`, of which the server keeps but one, and the others only set or end things.
  A POST or PATCH to any other path is sent once.

`Retry` in `_config.py` has the defaults of the backoff, and `longest_pause` here its formula.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from videsk_rooms._wire.headers import server_wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms._config import Retry
    from videsk_rooms._wire.message import Request

# 520 to 527 and 530 are Cloudflare's, in front of the API (docs/api.md, "Access").
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 528), 530})


Why: TypeAlias = Literal[
    "final", "unrepeatable", "attempts", "server_wait", "deadline", "budget", "transient"
]
"""Why a call is tried again, or not: `transient` is the only reason to try again."""


@attrs.frozen
class AttemptResult:
    """The result of one attempt, as far as the retry policy needs it.

    Attributes:
        status: Of the answer; `None` if none came.
        processed: Whether the server may have done what was asked: surely `not`, or `maybe`.
        garbled: Whether it is a success in name, with an answer that cannot be read.
        wait: Seconds for which the server wants to be left alone, if it said so.
    """

    status: int | None
    processed: Literal["not", "maybe"]
    garbled: bool = False
    wait: float | None = None


@attrs.frozen
class Decision:
    """Whether to try again, and after how many seconds."""

    why: Why
    pause: float = 0.0

    @property
    def again(self) -> bool:
        """Whether to try again."""
        return self.why == "transient"


def decide(  # noqa: PLR0911 - a ladder: each rung is one rule
    request: Request,
    happened: AttemptResult,
    *,
    tries: int,
    retry: Retry,
    left: float,
    affordable: bool,
    chance: float,
) -> Decision:
    """Decide what follows an attempt that brought no success.

    Args:
        request: What was asked.
        happened: What the attempt brought.
        tries: How many attempts there were so far.
        retry: What the caller allows.
        left: Seconds until the deadline.
        affordable: Whether the retry budget allows one more.
        chance: A random number from 0 to 1, which the pause is made of.
    """
    if not (happened.status in TRANSIENT or happened.status is None or happened.garbled):
        return Decision("final")
    if happened.processed == "maybe" and not (request.repeatable or request.safe):
        return Decision("unrepeatable")
    if tries >= retry.attempts:
        return Decision("attempts")
    wait = happened.wait or 0.0
    if wait > retry.max_retry_after:
        return Decision("server_wait")
    # What the server asks for is waited in full, and the jitter added, lest all come back at once.
    pause = wait + chance * longest_pause(retry, tries)
    if pause >= left:
        return Decision("deadline")
    # The account's own limit is no outage: waiting for it multiplies nothing.
    if not affordable and happened.status != 429:
        return Decision("budget")
    return Decision("transient", pause)


def longest_pause(retry: Retry, tries: int) -> float:
    """Bound the pause after so many attempts: it doubles each time, up to `max_delay`."""
    # Bounded exponent: 2.0 ** 2000 is no float.
    return min(retry.max_delay, retry.base_delay * 2.0 ** min(tries - 1, 64))


def result_from_status(status: int, headers: Mapping[str, str]) -> AttemptResult:
    """Judge an answer that did not help; one with a status of success could not be read."""
    garbled = 200 <= status < 300
    maybe = garbled or status == 408 or status >= 500
    wait = server_wait(status, headers) if status in TRANSIENT else None
    return AttemptResult(status, "maybe" if maybe else "not", garbled, wait)


class RetryBudget:
    """Retry budget: retries spend it, successes refill it.

    In an outage every call fails; retried four times each, they would be four times the load that
    the server could not bear already. The pool is for the passing fault: once it is empty, no more
    than every second success pays for a retry.
    """

    CAPACITY = 50.0
    REFUND = 0.5

    def __init__(self) -> None:
        self._tokens = self.CAPACITY

    @property
    def affordable(self) -> bool:
        """Whether one more retry can be paid."""
        return self._tokens >= 1

    def spend(self) -> None:
        """Pay for a retry."""
        self._tokens = max(0.0, self._tokens - 1)

    def refill(self) -> None:
        """Take note of a success."""
        if self._tokens < self.CAPACITY:
            self._tokens = min(self.CAPACITY, self._tokens + self.REFUND)
