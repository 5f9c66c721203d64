"""Decides whether a task queue retries a failed task. It needs no queue's package."""

from __future__ import annotations

import random

from videsk_rooms import APIError

from ._transient import is_transient

__all__ = ["retry_delay"]


def retry_delay(
    error: BaseException,
    tries: int = 1,
    *,
    max_tries: int | None = 5,
    base_delay: float = 15.0,
    max_delay: float = 600.0,
) -> float | None:
    """Return after how many seconds to retry a failed task, or `None` not to retry it.

    Transient failures are retried: `RateLimitError`, `TransportError` and its subclasses,
    `ServerError` except 501 and 505, the statuses 408 and 425, and `ResponseError` if the response
    could not be read at all. Other errors need a correction and are not retried.

    The task must be idempotent: give each room an `external_id` derived from the task's subject.

    Args:
        error: The error that the task failed with.
        tries: How often the task has run, including this time: 1 after the first failure.
        max_tries: How often the task may run, 1 or more; `None` if the queue itself counts.
        base_delay: The longest delay after the first failure, in seconds. It doubles with each
            failure.
        max_delay: The upper bound of that delay, in seconds.

    Returns:
        The delay in seconds, or `None` if the task should not be retried. It is the API's
        `retry_after`, if any, plus a random part of half to all of the longest delay. Tasks that
        fail together are thus not retried together.

    Example:
        ```python
        from videsk_rooms import ConnectionFailedError, NotFoundError
        from videsk_rooms.integrations.queues import retry_delay

        pause = retry_delay(ConnectionFailedError("refused"), tries=2)
        assert pause is not None and 15.0 <= pause <= 30.0
        assert retry_delay(NotFoundError("no such room")) is None
        ```
    """
    if (max_tries is not None and tries >= max_tries) or not is_transient(error):
        return None
    asked = error.retry_after if isinstance(error, APIError) else None
    # The exponent is bounded, because 2.0 ** 2000 overflows.
    longest = min(max_delay, base_delay * 2.0 ** min(tries - 1, 64))
    return (asked or 0.0) + random.uniform(longest / 2, longest)  # noqa: S311 - no secret
