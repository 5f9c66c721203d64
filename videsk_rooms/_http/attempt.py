"""Runs each wait of a call in a task of its own, which a deadline or `close` can cancel.

A timer that cancelled the caller's task could not be told from the caller's own cancellation: a
task counts its cancellations only from Python 3.11 on, and two in one step of the loop arrive as
one. So only the caller cancels the caller's task. A task costs about 20 µs.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from videsk_rooms._concurrency.fork import leak, register_after_fork
from videsk_rooms._concurrency.loops import call_soon_in
from videsk_rooms.errors import CLOSED, ClosedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from videsk_rooms._quoting import Secret
    from videsk_rooms._ratelimit import Permit

T = TypeVar("T")

Origin: TypeAlias = tuple[str, str | None, int | None]
"""Scheme, host and port of a URL."""

# A loop that stood still finds its timers due and its sockets full at once. So many turns of the
# loop read what a socket holds (6 MB at most, 256 KiB in two turns) before the time counts as up.
_TURNS = 100
# Seconds that a cancelled task may take over cleaning up before it is cancelled again.
_PATIENCE = 1.0


class OutOfTimeError(Exception):
    """The time was up before there was an outcome."""


class StrayCancellationError(Exception):
    """Something was cancelled that was waited for, and neither its caller nor this package did it.

    As a `CancelledError` it would look like a cancellation of the caller's task, which goes on.
    """


async def result_within(seconds: float, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function in a task of its own, and return its result in time.

    What has arrived when the time is up still counts, also when the loop stood still meanwhile.

    Raises:
        OutOfTimeError: The time was up first; the coroutine was cancelled, and has ended.
        StrayCancellationError: It was cancelled by others than the caller.
        CancelledError: The caller was cancelled; the coroutine has ended.
    """
    outcome: _Outcome[T] = _Outcome()
    return await _outcome_within(seconds, asyncio.ensure_future(outcome.of(function)), outcome)


class _Outcome(Generic[T]):
    """The outcome of a coroutine function, for a task other than the one that runs it.

    As the result of the task asyncio's debug mode may log it, and it may hold a token. As the error
    of the task it is kept by the task, which the frame that waits for it keeps: a cycle. And a task
    raises `SystemExit` and `KeyboardInterrupt` out of its loop as well, which ends a loop's thread.
    """

    __slots__ = ("_result", "error")

    def __init__(self) -> None:
        self.error: BaseException | None = None

    async def of(self, function: Callable[[], Coroutine[Any, Any, T]]) -> None:
        try:
            self._result = await function()
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException as error:
            # Without this frame, or the two would keep each other alive.
            self.error = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)

    def taken(self) -> T:
        """Return the result, or raise the error. May be called once."""
        error, self.error = self.error, None
        if error is None:
            return self._result
        try:
            raise error
        finally:
            del error  # likewise


async def _outcome_within(seconds: float, task: asyncio.Task[None], outcome: _Outcome[T]) -> T:
    try:
        in_time = await _is_done(task, seconds)
        if not in_time:
            await _end(task)
    except GeneratorExit:  # the caller's loop has left it behind, and nothing can be awaited
        with suppress(RuntimeError):
            task.cancel()
        raise
    except BaseException:
        with suppress(asyncio.CancelledError):
            await _end(task)
        if isinstance(outcome.error, SystemExit | KeyboardInterrupt):
            outcome.taken()  # more than any cancellation, as in asyncio itself
        raise
    if task.cancelled():
        raise StrayCancellationError if in_time else OutOfTimeError
    return outcome.taken()


async def _is_done(task: asyncio.Task[Any], seconds: float) -> bool:
    if seconds > 0:
        await asyncio.wait([task], timeout=None if seconds == inf else seconds)
    for _ in range(_TURNS):
        if task.done():
            break
        await asyncio.sleep(0)
    return task.done()


async def _end(task: asyncio.Task[Any], *, cancels: bool = True) -> None:
    """Cancel a task and wait for its end, also when the caller is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        if cancels:
            task.cancel()
        try:
            await asyncio.wait([task], timeout=_PATIENCE)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        try:
            raise cancelled
        finally:
            del cancelled  # or the traceback and this frame keep each other alive


async def completed(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, also when the caller is cancelled, which is raised afterwards."""
    task = asyncio.ensure_future(coroutine)
    await _end(task, cancels=False)
    task.result()


class InFlightRequests:
    """The waits of a client's calls: for an answer, a permit, a token, a delay."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._ended = False
        register_after_fork(self)

    async def within(self, seconds: float, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of a coroutine function, unless time or the client ends it first.

        Raises:
            ClosedError: The client was closed first.
            Exception: As `result_within` does, and whatever the coroutine raises.
        """
        outcome: _Outcome[T] = _Outcome()
        task = asyncio.ensure_future(outcome.of(function))
        self._tasks[task] = None
        try:
            # Asked after the task is noted: whoever closes in another thread either finds it or is
            # found to have closed.
            if self._ended:
                task.cancel()
            return await _outcome_within(seconds, task, outcome)
        except StrayCancellationError:
            if self._ended:
                raise ClosedError(CLOSED) from None
            raise
        finally:
            del self._tasks[task]

    def end(self, *, but: asyncio.Task[Any] | None) -> None:
        """End all of it, also what is yet to come; a task that closes the client goes on."""
        self._ended = True
        for task in list(self._tasks):
            if task is not but:
                call_soon_in(task.get_loop(), task.cancel)

    def reset_after_fork(self) -> None:
        """Forget what is under way in the parent, in a child after a fork."""
        leak(self._tasks)
        self._tasks = {}


class RequestContext:
    """Carries data between an attempt, the middleware and the connector."""

    __slots__ = ("connects", "left", "origin", "permit", "token", "used")

    def __init__(self, token: Secret, origin: Origin, permit: Permit) -> None:
        self.token = token
        self.origin = origin
        self.used = False
        self.connects = False
        self.left = False
        self.permit = permit

    async def leave(self) -> None:
        """Commit the permit: the request has its connection and leaves as soon as this returns."""
        await self.permit.commit()
        self.connects = False
        self.left = True


current_request: ContextVar[RequestContext] = ContextVar("videsk_rooms_ticket")
