"""Reports calls to the logger, to hooks, and to OpenTelemetry where it is installed.

No report carries a token, a body or a query.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import attrs

from videsk_rooms._attempt import Attempt
from videsk_rooms.errors import ConfigurationError

from .attempt import OutOfTimeError, result_within

if TYPE_CHECKING:
    from videsk_rooms._wire.message import Request

    from .deadline import Deadline

__all__ = ["AttemptEvent", "Hooks", "PaceEvent", "RetryEvent"]

_logger = logging.getLogger("videsk_rooms")


@attrs.frozen
class AttemptEvent:
    """An attempt has ended.

    Attributes:
        operation: Which call it belongs to, such as `rooms.create`.
        method: The HTTP method.
        path: The path, without the query.
        attempt: What was tried and what came of it.
    """

    operation: str
    method: str
    path: str
    attempt: Attempt


@attrs.frozen
class RetryEvent:
    """A call will be tried again.

    Attributes:
        operation: Which call it is, such as `rooms.create`.
        method: The HTTP method.
        path: The path, without the query.
        attempt: The attempt that failed.
        pause: Seconds until the next one, before it is paced.
    """

    operation: str
    method: str
    path: str
    attempt: Attempt
    pause: float


@attrs.frozen
class PaceEvent:
    """An attempt had to wait for the rate limit, and leaves now.

    Attributes:
        operation: Which call it belongs to, such as `rooms.create`.
        method: The HTTP method.
        path: The path, without the query.
        waited: Seconds.
    """

    operation: str
    method: str
    path: str
    waited: float


@attrs.frozen
class Hooks:
    """Functions that are called as a call goes on, plain or async.

    A plain one runs in the event loop, so it must not block; an async one is awaited, no longer
    than the call's deadline. What a hook raises is logged and harms no call.

    Attributes:
        on_attempt: Called after each attempt.
        on_retry: Called before each pause.
        on_pace: Called when an attempt had to wait for the rate limit.

    Example:
        ```python
        from videsk_rooms import AsyncVidesk, AttemptEvent, Hooks

        def count(event: AttemptEvent) -> None:
            print(event.operation, event.attempt.status, event.attempt.duration)

        videsk = AsyncVidesk(hooks=Hooks(on_attempt=count))
        ```
    """

    on_attempt: Callable[[AttemptEvent], Awaitable[None] | None] | None = None
    on_retry: Callable[[RetryEvent], Awaitable[None] | None] | None = None
    on_pace: Callable[[PaceEvent], Awaitable[None] | None] | None = None


def checked_hooks(value: object) -> Hooks:
    """Refuse what is no `Hooks`."""
    if not isinstance(value, Hooks):
        raise ConfigurationError(f"hooks={value!r}: give Hooks(on_attempt=…)")
    return value


_AnyEvent = TypeVar("_AnyEvent", AttemptEvent, RetryEvent, PaceEvent)


class Observer:
    """Reports events to the logger and the hooks."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def watches_attempts(self) -> bool:
        """Return whether attempts are watched. It is asked in every call."""
        return self._hooks.on_attempt is not None or _logger.isEnabledFor(logging.DEBUG)

    async def attempted(self, request: Request, attempt: Attempt, deadline: Deadline) -> None:
        """Report an attempt that has ended."""
        if _logger.isEnabledFor(logging.DEBUG):
            _logger.debug(
                "%s: %s %s -> %s in %.3f s (attempt %d, after %.3f s)",
                request.operation,
                request.method,
                request.shown_path,
                attempt.status if attempt.status is not None else attempt.error,
                attempt.duration,
                attempt.number,
                attempt.delay,
            )
        if (hook := self._hooks.on_attempt) is not None:
            event = AttemptEvent(request.operation, request.method, request.shown_path, attempt)
            await _tell(hook, event, deadline)

    async def retrying(
        self, request: Request, attempt: Attempt, pause: float, deadline: Deadline
    ) -> None:
        """Report a delay that begins."""
        if (hook := self._hooks.on_retry) is not None:
            event = RetryEvent(
                request.operation, request.method, request.shown_path, attempt, pause
            )
            await _tell(hook, event, deadline)

    async def paced(self, request: Request, waited: float, deadline: Deadline) -> None:
        """Report a wait for the rate limit that is over."""
        if (hook := self._hooks.on_pace) is not None:
            event = PaceEvent(request.operation, request.method, request.shown_path, waited)
            await _tell(hook, event, deadline)


async def _tell(
    hook: Callable[[_AnyEvent], Awaitable[None] | None], event: _AnyEvent, deadline: Deadline
) -> None:
    """Call a hook; what goes wrong in it is logged, and ends no call."""
    try:
        result = hook(event)
    except (Exception, asyncio.CancelledError):  # nothing cancels a task but where it awaits
        _log_failure(event)
        return
    if inspect.isawaitable(result):
        try:
            await result_within(deadline.left(), partial(_awaited, result))
        except OutOfTimeError:
            pass
        except Exception:
            _log_failure(event)


async def _awaited(result: Awaitable[None]) -> None:
    await result


def _log_failure(event: AttemptEvent | RetryEvent | PaceEvent) -> None:
    _logger.warning("a hook failed at %s", type(event).__name__, exc_info=True)
