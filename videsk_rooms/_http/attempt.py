"""Runs each wait of a call in a separate task, which a deadline or `close` can cancel.

If a timer cancelled the caller's task, that would look like a cancellation by the caller: a task
counts its cancellations only from Python 3.11 on, and two in one step of the loop arrive as one. A
task costs about 16 µs (docs/decisions/0028-waits-in-tasks.md).
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from contextvars import ContextVar
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import attrs

from videsk_rooms._concurrency.fork import leak, register_after_fork
from videsk_rooms._concurrency.loops import call_soon_in, start_task
from videsk_rooms._quoting import Secret
from videsk_rooms._ratelimit import Permit
from videsk_rooms.errors import CLOSED, ClosedError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


T = TypeVar("T")

Origin: TypeAlias = tuple[str, str | None, int | None]
"""Scheme, host and port of a URL."""

# After a loop was blocked, its timers are due and its sockets full at the same time. So the loop
# gets some steps to read a socket's content (6 MB at most, 256 KiB in two steps) before a timeout.
_LAST_STEPS = 100
# Seconds that a cancelled task has to clean up before it is cancelled again.
_CLEANUP_TIME = 1.0


class OutOfTimeError(Exception):
    """The time ran out before there was a result."""


class StrayCancellationError(Exception):
    """A task was cancelled by neither its caller nor this package.

    A `CancelledError` would look like a cancellation of the caller's task, which is still running.
    """


def check_loop() -> None:
    """Refuse to run where no loop of asyncio does, as under trio.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "AsyncVidesk runs on asyncio only, and no event loop of asyncio is running; under trio "
            "call Videsk in a thread, with trio.to_thread.run_sync"
        ) from None


async def result_within(seconds: float, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function in a separate task, and return its result within a time.

    A result that has arrived when the time is up still counts, even if the loop was blocked.

    Raises:
        OutOfTimeError: The time was up first. The coroutine was cancelled, and has ended.
        StrayCancellationError: The coroutine was cancelled, but not by the caller.
        CancelledError: The caller was cancelled. The coroutine has ended.
    """
    return await _Wait(function).result(seconds)


class _Wait(Generic[T]):
    """A coroutine function that runs in a separate task, and its result or error.

    The task does not keep them. asyncio's debug mode logs results of tasks, and this one may hold a
    token. An error of a task is kept by the task, and the task by the frame that waits for it: a
    cycle. And a task raises `SystemExit` and `KeyboardInterrupt` out of its loop as well, which
    ends a loop's thread.
    """

    __slots__ = ("_errors", "_result", "_woken", "task")

    def __init__(self, function: Callable[[], Coroutine[Any, Any, T]]) -> None:
        # A list, from which the error is popped to be raised, so that no frame of it refers to it.
        self._errors: list[BaseException] = []
        # Awaited instead of the task, whose end wakes nobody until a step of the loop later.
        self._woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = start_task(self._run(function))
        if sys.version_info < (3, 12):  # it has not begun, and may be cancelled before
            self.task.add_done_callback(self._wake)

    async def _run(self, function: Callable[[], Coroutine[Any, Any, T]]) -> None:
        try:
            self._result = await function()
        except GeneratorExit:  # its loop has ended, and nobody can be woken
            raise
        except asyncio.CancelledError:
            self._wake()
            raise
        except BaseException as error:
            # Without this frame, or frame and error would keep each other alive.
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            self._errors.append(error)
        self._wake()

    def _wake(self, _: object = None) -> None:
        if not self._woken.done():
            self._woken.set_result(None)

    async def result(self, seconds: float) -> T:
        """Return the result or raise the error, once; see `result_within`."""
        task, timer = self.task, None
        if seconds < inf:
            timer = self._woken.get_loop().call_later(seconds, self._wake)
        try:
            await self._woken
            for _ in range(_LAST_STEPS):
                if task.done():
                    break
                await asyncio.sleep(0)
            in_time = task.done()
            if not in_time:
                await _end(task)
        except GeneratorExit:  # the caller's loop has ended, and nothing can be awaited
            with suppress(RuntimeError):
                task.cancel()
            raise
        except BaseException:
            with suppress(asyncio.CancelledError):
                await _end(task)
            if self._errors and isinstance(self._errors[0], SystemExit | KeyboardInterrupt):
                self._take()  # wins over a cancellation, as in asyncio itself
            raise
        finally:
            if timer is not None:
                timer.cancel()
        if task.cancelled():
            raise StrayCancellationError if in_time else OutOfTimeError
        return self._take()

    def _take(self) -> T:
        if self._errors:
            raise self._errors.pop()
        return self._result


async def _end(task: asyncio.Task[Any], *, cancels: bool = True) -> None:
    """Cancel a task and wait for its end, even if the caller is cancelled meanwhile."""
    cancelled: list[asyncio.CancelledError] = []
    while not task.done():
        if cancels:
            task.cancel()
        try:
            await asyncio.wait([task], timeout=_CLEANUP_TIME)
        except asyncio.CancelledError as error:
            cancelled = [error]
    if cancelled:
        raise cancelled.pop()


async def completed(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine to its end; if the caller is cancelled, raise that afterwards."""
    task = asyncio.ensure_future(coroutine)
    await _end(task, cancels=False)
    task.result()


class InFlightRequests:
    """The waits of a client's calls: for a response, a permit, a token, a delay.

    Attributes:
        closed: Whether the client was closed, so that every wait is cancelled.
    """

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self.closed: bool = False
        register_after_fork(self)

    async def within(self, seconds: float, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function as `result_within` does, until the client is closed.

        Raises:
            ClosedError: The client was closed first.
            Exception: As `result_within` does, and whatever the coroutine raises.
        """
        wait = _Wait(function)
        self._tasks[wait.task] = None
        try:
            # Read after the task is added: if another thread closes the client, it finds the task,
            # or this finds the client closed.
            if self.closed:
                wait.task.cancel()
            return await wait.result(seconds)
        except StrayCancellationError:
            if self.closed:
                raise ClosedError(CLOSED) from None
            raise
        finally:
            del self._tasks[wait.task]

    def close(self, *, but: asyncio.Task[Any] | None) -> None:
        """Cancel all of them, and all later ones; but not the task that closes the client."""
        self.closed = True
        for task in list(self._tasks):
            if task is not but:
                call_soon_in(task.get_loop(), task.cancel)

    def reset_after_fork(self) -> None:
        """Leak the parent's tasks, in a child after a fork."""
        leak(self._tasks)
        self._tasks = {}


@attrs.define(eq=False, repr=False)
class RequestContext:
    """Carries data between an attempt, the middleware and the connector.

    Attributes:
        token: The token to send.
        origin: The only origin that gets the token.
        permit: The permit of the rate limit.
        call: The header that tells a sandbox about the call; empty for none.
        used: Whether the token was sent.
        connects: Whether a connection is being made for the request.
        maybe_sent: Whether the request may have been sent.
    """

    token: Secret
    origin: Origin
    permit: Permit
    call: str
    used: bool = False
    connects: bool = False
    maybe_sent: bool = False

    async def commit(self) -> bool:
        """Commit the permit: the request has its connection, and is sent as soon as this returns.

        Returns:
            Whether it has waited for another permit.
        """
        waited = await self.permit.commit()
        self.connects = False
        self.maybe_sent = True
        return waited


current_request: ContextVar[RequestContext] = ContextVar("videsk_rooms_request")
