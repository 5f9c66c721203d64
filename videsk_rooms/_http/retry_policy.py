"""Decides whether an attempt is followed by another, and computes the backoff. No I/O.

It retries:

- a request that was certainly not processed: no connection, 425, 429;
- a request that may have been processed (a lost response, 408, 5xx, an unreadable success), if
  sending it twice does no harm. That holds for all operations of this package: a create carries an
  `externalId`, of which the server keeps only one, and the others set or end something. A POST or
  PATCH to any other path is sent once.

The defaults of the backoff are in `Retry` in `_config.py`, its formula is `longest_pause`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from videsk_rooms._wire.headers import server_wait
from videsk_rooms._wire.message import TransportFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms._config import Retry
    from videsk_rooms._wire.message import RawResponse, Request

# 520 to 527 and 530 are Cloudflare's, in front of the API (docs/api.md, "Access").
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 528), 530})


Why: TypeAlias = Literal[
    "final", "unrepeatable", "attempts", "server_wait", "deadline", "budget", "transient"
]
"""Why a call is retried or not: `transient` is the only reason to retry."""


@attrs.frozen
class AttemptResult:
    """The result of one attempt, as far as the retry policy needs it.

    Attributes:
        status: The status of the response; `None` if none arrived.
        processed: Whether the server has processed the request: certainly `not`, or `maybe`.
        garbled: Whether it has a status of success and a response that cannot be read.
        wait: The seconds that the server asks to wait, if it does.
    """

    status: int | None
    processed: Literal["not", "maybe"]
    garbled: bool = False
    wait: float | None = None


@attrs.frozen
class Decision:
    """Whether to retry, and after how many seconds."""

    why: Why
    pause: float = 0.0

    @property
    def again(self) -> bool:
        """Whether to retry."""
        return self.why == "transient"


def decide(  # noqa: PLR0911 - one return for each rule
    request: Request,
    happened: AttemptResult,
    *,
    tries: int,
    retry: Retry,
    remaining: float,
    affordable: bool,
    chance: float,
) -> Decision:
    """Decide what follows an attempt without success.

    Args:
        request: The request.
        happened: The result of the attempt.
        tries: The number of attempts so far.
        retry: The caller's bounds.
        remaining: Seconds until the deadline.
        affordable: Whether the retry budget allows one more.
        chance: A random number from 0 to 1, for the jitter.
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
    # The server's wait is kept in full, and jitter added, so that clients do not return together.
    pause = wait + chance * longest_pause(retry, tries)
    if pause >= remaining:
        return Decision("deadline")
    # A rate limit is not an outage: waiting for it adds no load.
    if not affordable and happened.status != 429:
        return Decision("budget")
    return Decision("transient", pause)


def longest_pause(retry: Retry, tries: int) -> float:
    """Return the upper bound of a pause: it doubles with each attempt, up to `max_delay`."""
    # The exponent is bounded because 2.0 ** 2000 overflows.
    return min(retry.max_delay, retry.base_delay * 2.0 ** min(tries - 1, 64))


def result_of(outcome: RawResponse | TransportFailure) -> AttemptResult:
    """Classify what came of an attempt."""
    if isinstance(outcome, TransportFailure):
        return AttemptResult(None, "maybe" if outcome.maybe_sent else "not")
    return result_from_status(outcome.status, outcome.headers)


def result_from_status(status: int, headers: Mapping[str, str]) -> AttemptResult:
    """Classify a response that is an error, or a success that could not be read."""
    garbled = 200 <= status < 300
    maybe = garbled or status == 408 or status >= 500
    wait = server_wait(status, headers) if status in TRANSIENT else None
    return AttemptResult(status, "maybe" if maybe else "not", garbled, wait)


class RetryBudget:
    """Retry budget: retries spend it, successes refill it.

    In an outage every call fails, and four attempts each would be four times the load. The budget
    covers a short fault; once it is empty, two successes allow one retry.
    """

    CAPACITY = 50.0
    REFUND = 0.5

    def __init__(self) -> None:
        self._tokens = self.CAPACITY

    @property
    def affordable(self) -> bool:
        """Whether the budget allows one more retry."""
        return self._tokens >= 1

    def spend(self) -> None:
        """Count a retry."""
        self._tokens = max(0.0, self._tokens - 1)

    def refill(self) -> None:
        """Count a success."""
        if self._tokens < self.CAPACITY:
            self._tokens = min(self.CAPACITY, self._tokens + self.REFUND)
