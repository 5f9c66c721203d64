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
        """The part of Celery's Task used here, because Celery ships no types."""

        request: _Request

else:
    from celery import Task  # ships no types

__all__ = ["VideskTask"]


class VideskTask(Task):
    """A base class for tasks that call the API: it retries transient failures later.

    `retry_delay` decides. A `RateLimitError` is retried after `retry_after`, other transient
    failures after increasing delays. An error that needs a correction fails the task immediately.
    A task runs at most five times. Then it fails with the last error.

    Options of the task change that: `max_retries`, `dont_autoretry_for`, and others that
    `app.task` takes. Do not set `retry_backoff`, or a `countdown` in `retry_kwargs`: with either,
    Celery chooses the delay and retries every error. Time limits are not affected:
    `SoftTimeLimitExceeded` fails the task.

    A task whose process was killed runs again, so it must be idempotent. Give each room an
    `external_id` derived from the task's subject.

    Create the client yourself, once, when the module is loaded. It opens separate connections in
    each process of the pool. With `rate_limit`, they share the account's limit.

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
        """Retry the task; Celery calls this for each error in `autoretry_for`.

        Args:
            args: Other positional arguments for the task.
            kwargs: Other keyword arguments for the task.
            exc: The error that the task failed with.
            throw: Whether to raise Celery's `Retry`.
            eta: When to retry.
            countdown: The delay in seconds; without it and `eta`, `retry_delay` decides.
            options: Further arguments of `celery.Task.retry`.

        Returns:
            Celery's `Retry`, if it is not raised.

        Raises:
            VideskError: `exc`, if it is not transient or the task has no retries left.
        """
        if isinstance(exc, VideskError) and countdown is None and eta is None:
            countdown = retry_delay(exc, self.request.retries + 1, max_tries=None)
            if countdown is None:
                raise exc
        again = super().retry  # type: ignore[misc]  # Celery's
        return again(args, kwargs, exc, throw, eta, countdown, **options)
