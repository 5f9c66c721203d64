"""Reports calls to the logger, to hooks, and to OpenTelemetry where it is installed.

No report carries a token, a body or a query.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
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
_LEVELS = {"info": logging.INFO, "debug": logging.DEBUG}


def log_as_environment_says() -> None:
    """Set the logger's level to that of `VIDESK_LOG`, and make it write to standard error.

    Raises:
        ConfigurationError: The variable names no level.
    """
    value = os.environ.get("VIDESK_LOG")
    if not value:
        return
    if value.lower() not in _LEVELS:
        raise ConfigurationError(
            f"VIDESK_LOG={value!r} in the environment: set it to info or debug, or unset it"
        )
    _logger.setLevel(_LEVELS[value.lower()])
    if any(handler.name == _logger.name for handler in _logger.handlers):
        return
    handler = logging.StreamHandler()
    handler.set_name(_logger.name)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # If the program has set up logging itself, its handlers get the record, too.
    handler.addFilter(lambda _: not logging.getLogger().handlers)
    _logger.addHandler(handler)


@attrs.frozen
class AttemptEvent:
    """An attempt has ended.

    Attributes:
        operation: The call, such as `rooms.create`.
        method: The HTTP method.
        path: The path, without the query.
        attempt: The attempt and its result.
    """

    operation: str
    method: str
    path: str
    attempt: Attempt


@attrs.frozen
class RetryEvent:
    """A call will be retried.

    Attributes:
        operation: The call, such as `rooms.create`.
        method: The HTTP method.
        path: The path, without the query.
        attempt: The attempt that failed.
        pause: Seconds until the next attempt, without the rate limit's queue.
    """

    operation: str
    method: str
    path: str
    attempt: Attempt
    pause: float


@attrs.frozen
class PaceEvent:
    """A request leaves the rate limit's queue.

    Attributes:
        operation: The call, such as `rooms.create`.
        method: The HTTP method.
        path: The path, without the query.
        waited: The time in the queue, in seconds.
    """

    operation: str
    method: str
    path: str
    waited: float


@attrs.frozen
class Hooks:
    """Functions that are called during a call, plain or async.

    A plain function runs in the event loop and must not block it. An async one is awaited, until
    the call's deadline at most. An exception in a hook is logged and does not fail the call.

    Attributes:
        on_attempt: Called after each attempt.
        on_retry: Called before each pause.
        on_pace: Called when a request leaves the rate limit's queue.

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
    """Return the value if it is a `Hooks`; refuse any other."""
    if not isinstance(value, Hooks):
        raise ConfigurationError(f"hooks={value!r}: give Hooks(on_attempt=…)")
    return value


_AnyEvent = TypeVar("_AnyEvent", AttemptEvent, RetryEvent, PaceEvent)


def watches_attempts(hooks: Hooks) -> bool:
    """Return whether attempts are reported to anything. Every call asks it."""
    return hooks.on_attempt is not None or _logger.isEnabledFor(logging.DEBUG)


async def report_attempt(
    hooks: Hooks, request: Request, attempt: Attempt, deadline: Deadline
) -> None:
    """Report an attempt that has ended."""
    _logger.debug(
        "%s: %s %s -> %s in %.3f s (attempt %d, after %.3f s)",
        request.operation,
        request.method,
        request.shown_path,
        attempt.status or attempt.error,
        attempt.duration,
        attempt.number,
        attempt.delay,
    )
    await _report(hooks.on_attempt, AttemptEvent, request, deadline, attempt)


async def report_retry(
    hooks: Hooks, request: Request, attempt: Attempt, pause: float, deadline: Deadline
) -> None:
    """Report a retry, before its pause."""
    _logger.info(
        "%s: %s %s -> %s; retrying in %.3f s, as attempt %d",
        request.operation,
        request.method,
        request.shown_path,
        attempt.status or attempt.error,
        pause,
        attempt.number + 1,
    )
    await _report(hooks.on_retry, RetryEvent, request, deadline, attempt, pause)


async def report_wait(hooks: Hooks, request: Request, waited: float, deadline: Deadline) -> None:
    """Report a finished wait for the rate limit."""
    await _report(hooks.on_pace, PaceEvent, request, deadline, waited)


async def _report(
    hook: Callable[[_AnyEvent], Awaitable[None] | None] | None,
    make_event: Callable[..., _AnyEvent],
    request: Request,
    deadline: Deadline,
    *details: object,
) -> None:
    """Call a hook with an event; log its exception, which ends no call."""
    if hook is None:
        return
    event = make_event(request.operation, request.method, request.shown_path, *details)
    try:
        result = hook(event)
    except (Exception, asyncio.CancelledError):  # the hook's: a task is cancelled at an await
        _log_failure(event)
        return
    if inspect.isawaitable(result):
        try:
            await result_within(deadline.remaining(), partial(_awaited, result))
        except OutOfTimeError:
            pass
        except Exception:
            _log_failure(event)


async def _awaited(result: Awaitable[None]) -> None:
    await result


def _log_failure(event: AttemptEvent | RetryEvent | PaceEvent) -> None:
    _logger.warning("a hook failed at %s", type(event).__name__, exc_info=True)
