"""arq jobs that call the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from arq import Retry

from videsk_rooms import VideskError

from .queues import retry_delay

__all__ = ["retry_transient"]

P = ParamSpec("P")
T = TypeVar("T")


def retry_transient(
    job: Callable[Concatenate[dict[Any, Any], P], Awaitable[T]],
) -> Callable[Concatenate[dict[Any, Any], P], Coroutine[Any, Any, T]]:
    """Retry a job later if it fails for a transient reason.

    `retry_delay` decides. A `RateLimitError` is retried after `retry_after`, other transient
    failures after increasing delays. An error that needs a correction fails the job immediately.
    A job runs at most five times, which is arq's default. Then it fails with the last error.

    Args:
        job: The coroutine function of the job.

    Returns:
        A function for `functions` in arq's `WorkerSettings`.

    Example:
        ```python
        from videsk_rooms.integrations.arq import retry_transient


        @retry_transient
        async def open_room(ctx: dict, appointment: int) -> str:
            room = await ctx["videsk"].rooms.get_or_create(f"appointment-{appointment}")
            return room.id
        ```
    """

    @wraps(job)
    async def retried(ctx: dict[Any, Any], /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await job(ctx, *args, **kwargs)
        except VideskError as error:
            pause = retry_delay(error, ctx["job_try"])
            if pause is None:
                raise
            raise Retry(defer=pause) from error

    return retried
