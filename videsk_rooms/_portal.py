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
import functools
import sys
import threading
import weakref
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

from .errors import ClosedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator

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


class _Call(Generic[R]):
    """A coroutine on its way through the loop, and the lock that its caller waits for."""

    __slots__ = (
        "_arguments",
        "_done",
        "_error",
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
        self._error: BaseException | None = None
        self._done = threading.Lock()
        self._done.acquire()

    # In the loop's thread:

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._run())

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            self._result = await self._function(*self._arguments, **self._keywords)
        except BaseException as error:  # all of them belong to the caller
            self._error = error
        finally:
            self._release()

    def _release(self) -> None:
        self._loop.calls.discard(self)
        self._done.release()

    # In the caller's thread:

    def wait(self) -> None:
        while not self._done.acquire(timeout=_WAIT_SLICE):
            pass

    def outcome(self) -> R:
        error, self._error = self._error, None
        if error is None:
            return self._result
        if isinstance(error, asyncio.CancelledError):
            raise _closed() from None
        try:
            raise error
        finally:
            del error  # or the traceback and this frame keep each other alive

    def abandon(self) -> None:
        """Let the caller go: the loop has ended without running this call."""
        self._error = asyncio.CancelledError()
        self._release()


class _Loop:
    """What the thread and the portal share; not knowing the portal, it lets it be collected."""

    def __init__(self, last: Callable[[], Awaitable[None]]) -> None:
        self.calls: set[_Call[Any]] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None
        self._last = last
        self._stop: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> asyncio.AbstractEventLoop:
        ready = threading.Event()
        # A daemon: a client that nobody closed must not keep the interpreter from leaving.
        self.thread = threading.Thread(
            target=self._thread, args=(ready,), name="videsk-rooms", daemon=True
        )
        self.thread.start()
        ready.wait()
        assert self.loop is not None  # noqa: S101 - told to the type checker
        return self.loop

    def _thread(self, ready: threading.Event) -> None:
        asyncio.run(self._main(ready))
        for call in list(self.calls):
            call.abandon()

    async def _main(self, ready: threading.Event) -> None:
        self._stop = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        ready.set()
        await self._stop.wait()
        for call in list(self.calls):
            call.cancel()
        await self._last()

    def background(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the loop for nobody. To be called in the loop's thread."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop_soon(self) -> None:
        """Ask the thread to end; waits for nothing, so that a finalizer may call it anywhere."""
        if self.loop is not None and self._stop is not None:
            try:
                self.loop.call_soon_threadsafe(self._stop.set)
            except RuntimeError:
                return  # it has ended

    def join(self, patience: float) -> None:
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(patience)


class Portal:
    """Runs coroutines for threads that wait. The loop's thread starts with the first call."""

    def __init__(self, last: Callable[[], Awaitable[None]]) -> None:
        """Prepare a portal.

        Args:
            last: What is awaited in the loop before it ends.
        """
        self._inner = _Loop(last)
        self._starting = threading.Lock()
        self._closed = False
        self._finalizer = weakref.finalize(self, self._inner.stop_soon)
        self._finalizer.atexit = False  # _close_all waits, a finalizer does not
        _open_portals.add(self)

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
        if self._closed:
            raise _closed()
        inner = self._inner
        loop = inner.loop or self._start()
        if asyncio._get_running_loop() is loop:
            raise RuntimeError(
                "a blocking client was called from its own event loop, where it would wait for "
                "itself; use AsyncVidesk in a callable given as api_token"
            )
        call: _Call[R] = _Call(inner, function, arguments, keywords)
        inner.calls.add(call)
        try:
            loop.call_soon_threadsafe(call.start)
        except RuntimeError:
            inner.calls.discard(call)
            raise _closed() from None
        try:
            call.wait()
        except BaseException:
            _cancel_soon(loop, call)
            raise
        return call.outcome()

    def drain(self, batches: Batches[T]) -> Generator[T, None, None]:
        """Iterate over batches, a hand-off each; leaving early closes them."""
        try:
            while batch := self.call(batches.next_batch):
                yield from batch
        finally:
            self._finish(batches)

    def _finish(self, batches: Batches[T]) -> None:
        loop = self._inner.loop
        if self._closed or loop is None:
            return  # closing has cancelled everything
        if asyncio._get_running_loop() is loop:
            # Collected as garbage in the loop's own thread, which cannot wait for itself.
            self._inner.background(batches.aclose())
        else:
            self.call(batches.aclose)

    def _start(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._closed:
                raise _closed()
            return self._inner.loop or self._inner.start()

    def close(self, *, patience: float = _PATIENCE_AT_CLOSE) -> None:
        """End the loop and its thread. Calls under way raise `ClosedError`.

        Args:
            patience: Seconds to wait for the thread; it is left to itself after that.
        """
        with self._starting:
            self._closed = True
        self._inner.stop_soon()
        self._inner.join(patience)


_open_portals: weakref.WeakSet[Portal] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close what nobody closed: silently, and without waiting long."""
    for portal in list(_open_portals):
        portal.close(patience=_PATIENCE_AT_EXIT)


def _cancel_soon(loop: asyncio.AbstractEventLoop, call: _Call[R]) -> None:
    try:
        loop.call_soon_threadsafe(call.cancel)
    except RuntimeError:
        return  # the loop has ended, and the call with it


def _closed() -> ClosedError:
    return ClosedError("the client is closed; make a new one, or close it after its last call")


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
