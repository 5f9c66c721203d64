"""A token that a user's callable returns (docs/decisions/0029-token-callables.md).

The callable is called once for all calls that wait for its token, in whichever event loops they
run. A plain callable runs in a daemon thread: if it never returns, the process can still exit. An
awaitable is awaited in the loop of the call that came first.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias

from videsk_rooms._concurrency.fork import leak, register_after_fork
from videsk_rooms._concurrency.loops import call_soon_in, settle, start_daemon
from videsk_rooms._concurrency.waits import Waiter, add_waiter, waiting_for
from videsk_rooms.errors import ConfigurationError

from .attempt import StrayCancellationError, result_within

if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import TracebackType

    from videsk_rooms._quoting import Secret

TokenCallable: TypeAlias = Callable[[], str | Awaitable[str]]

_CALLED_ITSELF = (
    "the callable given as api_token called its own client, which waits for the token that the "
    "callable has yet to return; use a client with another token in the callable"
)
_CANCELLED = (
    "the callable given as api_token ended with a CancelledError, because something that it waited "
    "for was cancelled; raise another error in the callable, or return the token"
)


class CallableToken:
    """A token that a callable returns: called when a token is first needed, and after a 401."""

    def __init__(self, function: TokenCallable, check: Callable[[object], Secret]) -> None:
        self._function = function
        self._check = check
        self._token: Secret | None = None
        self._fetch: _Fetch | None = None
        self._lock = threading.Lock()
        register_after_fork(self)

    def at_hand(self) -> Secret | None:
        """Return the last token."""
        return self._token

    async def renewed(self, refused: Secret | None) -> bool:
        """Fetch the first token, or another than the refused one: once for all calls that wait."""
        # Compared by identity: a call that waited while another fetched takes that token, even if
        # it is the same string again. Repeated if the loop that awaited the token has ended.
        while (token := self._token) is None or token is refused:
            fetch, is_new = self._join()
            await fetch.wait(start=is_new)
        return refused is None or token.reveal() != refused.reveal()

    def in_pickle(self, *, secrets: bool) -> TokenCallable:
        """Return the callable; the copy calls it again."""
        return self._function

    def named_by(self) -> Hashable:
        """Return the callable, which is the same for one account; or this, if it has no hash."""
        try:
            hash(self._function)
        except TypeError:
            return self
        return self._function

    def reset_after_fork(self) -> None:
        """Forget the parent's fetch, in a child after a fork: no thread of the child ends it."""
        leak(self._fetch)
        self._fetch = None
        self._lock = threading.Lock()

    def _join(self) -> tuple[_Fetch, bool]:
        """Return the fetch that runs, or a new one, and whether it is new."""
        with self._lock:
            fetch = self._fetch
            if fetch is not None and not fetch.is_over():
                return fetch, False
            fetch = self._fetch = _Fetch(self._function, self._take)
            return fetch, True

    def _take(self, fetch: _Fetch, returned: object) -> None:
        token = self._check(returned)
        if fetch is self._fetch:  # and not one that another has replaced
            self._token = token


# The error of a fetch, if there is one, and its traceback without the frames of those that wait. A
# list, from which it is popped to be raised, so that no frame of its traceback refers to it.
_Failure: TypeAlias = "list[tuple[BaseException, TracebackType | None]]"


class _Fetch:
    """One call of the callable, for all calls that wait for it, in whichever loops.

    It belongs to none of them: a call whose time is up leaves it, and the next call joins it. If it
    fails, it fails for all that wait. If the loop that awaits it ends, the next call starts a new
    one.
    """

    def __init__(self, function: TokenCallable, take: Callable[[_Fetch, object], None]) -> None:
        self._function = function
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._in_loop = False
        self._task: asyncio.Task[None] | None = None  # a loop alone does not keep a task alive
        self._over = False
        self._waiter = Waiter(self)  # for the code of the callable
        self._waiting: list[asyncio.Future[_Failure]] = []

    def is_over(self) -> bool:
        """Return whether it has ended, or can no longer end."""
        return self._over or (self._in_loop and self._loop.is_closed())

    async def wait(self, *, start: bool) -> None:
        """Wait for the end, after starting a new fetch; raise its error.

        A call that joins while it ends gets no error; it looks for the token or fetches again.
        """
        with waiting_for(self, _CALLED_ITSELF):
            failure = await self._ended(start=start)
        if failure:
            raise BaseException.with_traceback(*failure.pop())

    async def _ended(self, *, start: bool) -> _Failure:
        future: asyncio.Future[_Failure] = asyncio.get_running_loop().create_future()
        # Added before `_over` is read: a fetch that ends in another thread finds the future, or is
        # found to have ended.
        self._waiting.append(future)
        if start:
            self._start()
        elif self._over:
            with suppress(ValueError):  # gone if the fetch has found it after all
                self._waiting.remove(future)
                return []
        try:
            return await future
        finally:
            with suppress(ValueError):
                self._waiting.remove(future)

    def _start(self) -> None:
        context = contextvars.copy_context()
        context.run(add_waiter, self._waiter)
        if inspect.iscoroutinefunction(self._function):
            context.run(self._await, self._function)
            return
        try:
            context.run(start_daemon, partial(self._call, context))
        except RuntimeError as error:  # no more threads
            self._end(error)

    def _call(self, context: contextvars.Context) -> None:
        """Call a plain callable, in its thread."""
        try:
            returned: Any = self._function()
            if not inspect.isawaitable(returned):
                self._succeed(returned)
                return
        except BaseException as error:
            self._end(_raisable(error))
            return
        self._in_loop = True
        awaits = partial(self._await, lambda: returned)
        if not call_soon_in(self._loop, context.run, awaits):
            self._end()

    def _await(self, function: Callable[[], Any]) -> None:
        self._in_loop = True
        self._task = asyncio.ensure_future(self._awaited(function))

    async def _awaited(self, function: Callable[[], Any]) -> None:
        async def returned() -> object:
            return await function()

        try:
            self._succeed(await result_within(inf, returned))
        except asyncio.CancelledError:
            self._end()  # the loop ends
            raise
        except BaseException as error:
            self._end(_raisable(error))

    def _succeed(self, returned: object) -> None:
        try:
            self._take(self, returned)
        except ConfigurationError as error:
            # Without the frames, whose variables hold what was returned.
            self._end(error.with_traceback(None))
        else:
            self._end()

    def _end(self, error: BaseException | None = None) -> None:
        """Wake all that wait: with a failure, or to look for the token."""
        self._over, self._waiter.thing = True, None
        traceback = None if error is None else error.__traceback__
        while self._waiting:
            with suppress(IndexError):
                future = self._waiting.pop()
                failure: _Failure = [] if error is None else [(error, traceback)]
                call_soon_in(future.get_loop(), settle, future, future.set_result, failure)


def _raisable(error: BaseException) -> BaseException:
    """Return an error to raise in a task, where a `CancelledError` would look like its own."""
    if not isinstance(error, asyncio.CancelledError | StrayCancellationError):
        return error
    raisable = RuntimeError(_CANCELLED)
    raisable.__cause__ = error
    return raisable
