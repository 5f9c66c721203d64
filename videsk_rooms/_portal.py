"""A loop in a thread, and how blocking methods are derived from coroutines.

`blocking` and `iterating` carry the signature of a coroutine over to the blocking face by
`ParamSpec`: behind a thread every body is the same, so nothing is written twice.

The hand-off is the cost of a blocking call, so it is the smallest there is: one callback into the
loop, one task, one raw lock. `Future.result` and anyio's portal cost 1.3 and 1.9 times as much
(docs/performance.md).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import sys
import threading
import weakref
from time import monotonic, sleep
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    overload,
)

from ._forking import part_from, renew_in_children, set_aside
from .errors import CLOSED, ClosedError

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Coroutine,
        Generator,
        Sequence,
    )

    from typing_extensions import Self

    from ._paging import Batches

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")

# Elsewhere a signal interrupts a lock; on Windows it does so only between two waits.
_WAIT_SLICE = 0.1 if sys.platform == "win32" else -1
_PATIENCE_AT_CLOSE = 5.0
_PATIENCE_AT_EXIT = 1.0
# How long calls may take to notice that the client is closed, before they are cancelled.
_PATIENCE_WITH_ANSWERS = 0.1
# How long cancelled calls may take to clean up before their callers are let go without them.
_PATIENCE_WITH_CALLS = 1.0
_HELD_BACK_AT_EXIT = 2.0


class _Call(Generic[R]):
    """A coroutine on its way through the loop, and the lock that its caller waits for."""

    __slots__ = (
        "_arguments",
        "_done",
        "_error",
        "_forsaken",
        "_function",
        "_keywords",
        "_loop",
        "_result",
        "_task",
    )

    def __init__(
        self,
        loop: _Loop,
        function: Callable[..., Coroutine[Any, Any, R]],
        arguments: tuple[object, ...],
        keywords: dict[str, object],
    ) -> None:
        self._loop = loop
        self._function = function
        self._arguments = arguments
        self._keywords = keywords
        self._task: asyncio.Task[None] | None = None
        self._forsaken = False
        self._error: BaseException | None = None
        self._done = threading.Lock()
        self._done.acquire()

    # In the loop's thread:

    def start(self) -> None:
        if self._loop.ending:
            self.refuse()
        else:
            self._task = asyncio.ensure_future(self._run())

    def cancel(self) -> None:
        """Give the call up: its caller has gone."""
        self._forsaken = True
        self._loop.calls.discard(self)  # _run may never begin, so it cannot be left to it
        if self._task is not None:
            self._task.cancel()

    def refuse(self) -> None:
        """Let the caller go: the loop ends without an outcome of this call."""
        self._error = asyncio.CancelledError()
        self._release()

    async def _run(self) -> None:
        try:
            self._result = await self._function(*self._arguments, **self._keywords)
        except BaseException as error:  # all of them belong to the caller
            # With nobody to take it away, the error and this frame would keep each other alive.
            self._error = None if self._forsaken else error
        finally:
            self._release()

    def _release(self) -> None:
        try:
            self._loop.calls.remove(self)
        except KeyError:
            return  # let go before
        self._done.release()

    # In the caller's thread:

    def wait(self) -> None:
        while not self._done.acquire(timeout=_WAIT_SLICE):
            pass

    def outcome(self) -> R:
        error, self._error = self._error, None
        if error is None:
            return self._result
        if self._loop.closed and isinstance(error, asyncio.CancelledError | ClosedError):
            if isinstance(error, ClosedError) and error.outcome_unknown:
                raise error from None
            raise _refusal() from None
        if _is_for_want_of_threads(error):
            raise _refusal(_LEAVING) from None
        try:
            raise error
        finally:
            del error  # or the traceback and this frame keep each other alive


class _Loop:
    """What the thread and the portal share; not knowing the portal, it lets it be collected."""

    def __init__(self, last: Callable[[], Awaitable[None]]) -> None:
        self.calls: set[_Call[Any]] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None
        self.closed = False
        self.ending = False
        # Reentrant: a signal handler may close the client whose thread is being started.
        self._starting = threading.RLock()
        self._last = last
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    # In a caller's thread:

    def started(self) -> asyncio.AbstractEventLoop:
        """Return the loop; the first call starts its thread."""
        with self._starting:
            if self.loop is None and not self.closed and not _exiting.is_set():
                self._start()
            loop = self.loop
        if loop is None or self.closed:
            self.stop_soon()  # for a signal handler that closed while the thread was started
            raise _refusal()
        return loop

    def _start(self) -> None:
        # Made here and not in the thread, so that there is no handshake to be interrupted, and a
        # failure, such as no file descriptor left, reaches the caller.
        loop = asyncio.new_event_loop()
        first = threading.Lock()
        # A daemon: a client that nobody closed must not keep the interpreter from leaving.
        thread = threading.Thread(
            target=self._thread, args=(loop, first), name="videsk-rooms", daemon=True
        )
        try:
            thread.start()
        except BaseException as error:
            # Ctrl-C comes before the thread has begun or after it: whoever is first takes the loop.
            if first.acquire(blocking=False):
                loop.close()
                if _is_for_want_of_threads(error):
                    raise _refusal(_LEAVING) from None
            else:
                self.thread, self.loop = thread, loop
            raise
        self.thread, self.loop = thread, loop

    def stop_soon(self) -> None:
        """Ask the thread to end; waits for nothing, so that a finalizer may call it anywhere."""
        self.soon(self._stop.set)

    def soon(self, callback: Callable[..., object], *arguments: object) -> bool:
        """Have something done in the loop, and tell whether there is one to do it."""
        if self.loop is None:
            return False
        try:
            self.loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            return False  # it has ended
        return True

    def close(self, patience: float) -> None:
        """Ask the thread to end, and wait for it for so many seconds."""
        with self._starting:
            self.closed = True
        self.stop_soon()
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(patience)

    # In the loop's thread:

    def _thread(self, loop: asyncio.AbstractEventLoop, first: threading.Lock) -> None:
        if not first.acquire(blocking=False):
            return  # the caller was interrupted, and has closed the loop
        try:
            loop.run_until_complete(self._main())
        finally:
            self.ending = True
            loop.close()
            for call in list(self.calls):  # handed over when the loop ran no more
                call.refuse()

    async def _main(self) -> None:
        await self._stop.wait()
        self.ending = True
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await self._last()
        if others:
            # The client's own calls end by that, and tell whether they were sent; it is the rest
            # that has to be cancelled.
            _, rest = await asyncio.wait(others, timeout=_PATIENCE_WITH_ANSWERS)
            for task in rest:
                task.cancel()
            # A task may take its time, such as a callable's of the user: it keeps the thread, which
            # nobody has to wait for, but not the callers.
            await asyncio.wait(others, timeout=_PATIENCE_WITH_CALLS)
            for call in list(self.calls):
                call.refuse()
            await asyncio.wait(others)
        loop = asyncio.get_running_loop()
        await loop.shutdown_asyncgens()
        # An interpreter that exits starts no thread to wait in, and has waited already.
        with contextlib.suppress(RuntimeError):
            await loop.shutdown_default_executor()

    def background(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine function in the loop for nobody."""
        if self.ending:
            return
        task = asyncio.ensure_future(function())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Reading(Generic[T]):
    """Batches, of which an interrupted caller may want the next and the end at once."""

    def __init__(self, batches: Batches[T]) -> None:
        self._batches = batches
        self._turn = asyncio.Lock()

    async def next_batch(self) -> Sequence[T]:
        async with self._turn:
            return await self._batches.next_batch()

    async def close(self) -> None:
        async with self._turn:  # a generator that runs cannot be closed
            await self._batches.aclose()


class Portal:
    """Runs coroutines for threads that wait. The loop's thread starts with the first call."""

    def __init__(self, last: Callable[[], Awaitable[None]]) -> None:
        """Prepare a portal.

        Args:
            last: What is awaited in the loop before it ends.
        """
        self._last = last
        self._open()
        renew_in_children(self)

    def _open(self) -> None:
        self._inner = inner = _Loop(self._last)
        _open_loops.add(inner)
        self._finalizer = weakref.finalize(self, _let_go, inner)
        self._finalizer.atexit = False  # _close_all waits, a finalizer does not

    def begin_anew(self) -> None:
        """Begin with another loop and thread, in a child after a fork, which has neither."""
        parents = self._inner
        set_aside(parents)
        if parents.loop is not None:
            part_from(parents.loop)
        self._finalizer.detach()
        _open_loops.discard(parents)
        self._open()
        self._inner.closed = parents.closed

    def call(
        self,
        function: Callable[..., Coroutine[Any, Any, R]],
        /,
        *arguments: object,
        **keywords: object,
    ) -> R:
        """Run a coroutine function in the loop and wait for its result.

        Whatever interrupts the wait, such as Ctrl-C, cancels the coroutine.

        Raises:
            ClosedError: The portal is closed, or was closed meanwhile.
        """
        inner = self._inner
        if inner.closed:
            raise _refusal()
        loop = inner.loop or inner.started()
        if asyncio._get_running_loop() is loop:
            raise RuntimeError(
                "a blocking client was called from its own event loop, where it would wait for "
                "itself; use AsyncVidesk in a callable given as api_token"
            )
        call: _Call[R] = _Call(inner, function, arguments, keywords)
        try:
            inner.calls.add(call)
            try:
                loop.call_soon_threadsafe(call.start)
            except RuntimeError:
                if not loop.is_closed():
                    raise  # not the loop's, but a signal handler's
                raise _refusal() from None
            call.wait()
        except BaseException:
            if not inner.soon(call.cancel):
                inner.calls.discard(call)
            raise
        return call.outcome()

    def drain(self, batches: Batches[T]) -> Generator[T, None, None]:
        """Iterate over batches, a hand-off each; leaving early closes them."""
        reading = _Reading(batches)
        try:
            while batch := self.call(reading.next_batch):
                yield from batch
        except BaseException:
            # Closed without waiting for it: this may be the garbage collection of any thread, even
            # the loop's own, and holding any lock.
            self._inner.soon(self._inner.background, reading.close)
            raise

    def close(self) -> None:
        """End the loop and its thread. Calls under way raise `ClosedError`.

        Waits for the thread, but not for ever: what does not let itself be cancelled, such as a
        callable of the user, keeps the thread until it is done.
        """
        self._inner.close(_PATIENCE_AT_CLOSE)


# -- the end --------------------------------------------------------------------------------------

_LEAVING = "the interpreter is exiting, and the client with it; make its last call before"

# A plain set, copied in one step: a WeakSet cannot be read while another thread makes a client.
_open_loops: set[_Loop] = set()
_exiting = threading.Event()


def _let_go(loop: _Loop) -> None:
    _open_loops.discard(loop)
    loop.stop_soon()


@atexit.register
def _close_all() -> None:
    """Close what nobody closed: silently, and without waiting long.

    What `atexit` runs later was registered earlier, before this package was loaded; its calls are
    refused. What it runs before may call, if that needs no new thread: the thread of the loop, or
    one to look up the name of a host.
    """
    _exiting.set()
    loops = list(_open_loops)
    for loop in loops:
        loop.close(0)
    deadline = monotonic() + _PATIENCE_AT_EXIT
    for loop in loops:
        loop.close(max(0.0, deadline - monotonic()))


def _is_for_want_of_threads(error: BaseException) -> bool:
    """Tell how Python says, in words that vary, that it starts no thread while it exits."""
    # The main thread counts as ended once Python has waited for all threads, before `atexit` runs.
    return (
        isinstance(error, RuntimeError)
        and "shutdown" in str(error)
        and not threading.main_thread().is_alive()
    )


def _refusal(text: str = CLOSED) -> ClosedError:
    if _exiting.is_set():
        text = _LEAVING
        if threading.current_thread() is not threading.main_thread():
            # All other threads but daemons have ended. The interpreter leaves while a daemon waits
            # here, as it would in any other call; raising would have it die of this error, and
            # print a traceback into every exit.
            sleep(_HELD_BACK_AT_EXIT)
    return ClosedError(text)


# -- deriving -------------------------------------------------------------------------------------


class Face(Protocol):
    """A blocking class: it knows its portal and the awaited object that it stands for."""

    @property
    def _portal(self) -> Portal: ...

    @property
    def _twin(self) -> Any: ...


class BlockingMethod(Protocol[P, R_co]):
    """What `blocking` makes, as type checkers see it.

    A descriptor and not a bare `Callable`, which not every type checker binds to its instance.
    """

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Callable[P, R_co]: ...


def blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> BlockingMethod[P, R]:
    """Derive a blocking method from a coroutine method: same words, same types, same docstring."""

    @functools.wraps(method)
    def call(self: Face, *arguments: P.args, **keywords: P.kwargs) -> R:
        return self._portal.call(method, self._twin, *arguments, **keywords)

    return cast("BlockingMethod[P, R]", call)


def iterating(
    method: Callable[Concatenate[Any, P], AsyncGenerator[T, None]],
) -> BlockingMethod[P, Generator[T, None, None]]:
    """Derive a blocking iterator from an asynchronous one."""

    @functools.wraps(method)
    def call(self: Face, *arguments: P.args, **keywords: P.kwargs) -> Generator[T, None, None]:
        batches = cast("Batches[T]", method(self._twin, *arguments, **keywords))
        return self._portal.drain(batches)

    return cast("BlockingMethod[P, Generator[T, None, None]]", call)
