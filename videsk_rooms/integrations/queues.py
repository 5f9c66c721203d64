"""Decides for any task queue whether a failed task runs again. It needs no queue's package."""

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
    """Return after how many seconds a failed task is to run again, or `None` for never.

    A transient failure is worth it: `RateLimitError`, `TransportError` and all below it, a
    `ServerError` but for 501 and 505, 408 and 425, and a `ResponseError` whose answer could not be
    read at all. Whatever else went wrong has to be corrected by somebody, and fails at once.

    The task must do no harm when it is done twice: give each room an `external_id` made of what the
    task is about.

    Args:
        error: What the task failed with.
        tries: How often it has been done, this time included: 1 for the first failure.
        max_tries: How often it may be done, 1 or more; `None` where the queue itself counts.
        base_delay: The longest pause after the first failure, in seconds; it doubles with each.
        max_delay: The longest pause of all, in seconds.

    Returns:
        Seconds to wait, or `None` if the task is not to be done again. What the API asks for
        (`retry_after`) is waited in full; added to it is from half of the longest pause to all of
        it, at random, so that tasks that fail together do not come back together.

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
    # Bounded exponent: 2.0 ** 2000 is no float.
    longest = min(max_delay, base_delay * 2.0 ** min(tries - 1, 64))
    return (asked or 0.0) + random.uniform(longest / 2, longest)  # noqa: S311 - no secret
