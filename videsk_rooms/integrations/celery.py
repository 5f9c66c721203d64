"""Celery tasks that call the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from videsk_rooms import VideskError

from .queues import retry_delay

if TYPE_CHECKING:

    class _Request:
        retries: int

    class Task:
        """As much of Celery's as is used here: with a base unknown, all of a task would be."""

        request: _Request

else:
    from celery import Task  # ships no types

__all__ = ["VideskTask"]


class VideskTask(Task):
    """A base for tasks that call the API: transient failures are retried later.

    `retry_delay` decides: a `RateLimitError` is retried after `retry_after`, other transient
    failures after pauses that grow, and an error that somebody has to correct fails the task at
    once. A task is done five times at most; then it fails with the error itself. Options of the
    task change that: `max_retries`, `dont_autoretry_for`, and whatever else `app.task` takes. Leave
    out `retry_backoff`, and a `countdown` in `retry_kwargs`: with either it is Celery that says
    when, and every error is retried. Time limits are left as they are: `SoftTimeLimitExceeded`
    fails the task.

    A task whose process was killed is done again. So it must do no harm when it is done twice: give
    each room an `external_id` made of what the task is about.

    Make the client yourself, once, where the module is loaded. It has connections of its own in
    each process of the pool. Its `rate_limit` says who shares the account's limit.

    Example:
        ```python
        from celery import Celery

        from videsk_rooms import RateLimit, Videsk
        from videsk_rooms.integrations.celery import VideskTask

        REDIS = "redis://localhost:6379/0"
        app = Celery("clinic", broker=REDIS)
        videsk = Videsk(rate_limit=RateLimit(shared=REDIS))


        @app.task(base=VideskTask, soft_time_limit=60)
        def open_room(appointment: int) -> str:
            return videsk.rooms.get_or_create(f"appointment-{appointment}").id
        ```
    """

    abstract = True
    autoretry_for: tuple[type[BaseException], ...] = (VideskError,)
    max_retries: int | None = 4
    acks_late = True
    reject_on_worker_lost = True

    def retry(  # noqa: PLR0917 - Celery's own
        self,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        exc: BaseException | None = None,
        throw: bool = True,
        eta: object = None,
        countdown: float | None = None,
        **options: object,
    ) -> object:
        """Have the task done again; Celery calls it for each error in `autoretry_for`.

        Args:
            args: Other positional arguments for the task.
            kwargs: Other keyword arguments for the task.
            exc: What it failed with.
            throw: Whether to raise Celery's `Retry`.
            eta: When to do it again.
            countdown: In how many seconds; without it and `eta`, `retry_delay` decides.
            options: What else `celery.Task.retry` takes.

        Returns:
            Celery's `Retry`, if it is not raised.

        Raises:
            VideskError: `exc`, if it is not transient, or was tried often enough.
        """
        if isinstance(exc, VideskError) and countdown is None and eta is None:
            countdown = retry_delay(exc, self.request.retries + 1, max_tries=None)
            if countdown is None:
                raise exc
        again = super().retry  # type: ignore[misc]  # Celery's
        return again(args, kwargs, exc, throw, eta, countdown, **options)
