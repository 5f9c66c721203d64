"""Runs coroutines of a blocking client on its event loop, and waits for them."""

from __future__ import annotations

import asyncio
import sys
import warnings
import weakref
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from videsk_rooms._concurrency.fork import (
    leak,
    lock_of_process,
    notice_fork,
    register_after_fork,
)
from videsk_rooms._concurrency.waits import waiting_for
from videsk_rooms._operations.derived import SOURCE
from videsk_rooms.errors import ClosedError

from .backends import thread_backend
from .loop_thread import Call, LoopThread
from .shutdown import block_daemon_at_exit, closed_error, exiting, open_threads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
    from threading import Event

    from videsk_rooms._operations.bulk import Bulk
    from videsk_rooms._operations.outcomes import Outcome

R = TypeVar("R")
T = TypeVar("T")

# Seconds. A thread may take longer: a task that resists cancellation keeps it alive.
_PATIENCE_AT_CLOSE = 5.0
_WAITS_FOR_ITSELF = (
    "a blocking client was called from its own event loop, or by code that this loop waits for, so "
    "it would wait for itself; use AsyncVidesk in hooks and in a callable given as api_token"
)
_ITERATOR_OF_PARENT = (
    "this iterator belongs to the process that was forked; call iter() again in this one"
)
_OUTCOMES_OF_PARENT = (
    "these outcomes belong to the process that was forked, where the calls run; call the method "
    "again in this one"
)


class _SerialBatches(Generic[T]):
    """Batches; an interrupted caller may want the next one and the end at the same time."""

    def __init__(self, batches: AsyncGenerator[Sequence[T], None]) -> None:
        self._batches = batches
        self._lock = asyncio.Lock()

    async def next_batch(self) -> Sequence[T]:
        """Return the next items; none at the end."""
        async with self._lock:
            try:  # not `anext` with a default, which raises SystemError on Python 3.13
                return await self._batches.__anext__()
            except StopAsyncIteration:
                return ()

    async def close(self) -> None:
        async with self._lock:  # a generator that runs cannot be closed
            await self._batches.aclose()


class Portal:
    """Runs coroutines for threads that wait. The loop's thread starts with the first call."""

    def __init__(self, last: Callable[[], Awaitable[None]]) -> None:
        """Prepare a portal.

        Args:
            last: Awaited in the loop before it ends.

        Raises:
            ConfigurationError: No thread could wait for a loop in this process.
        """
        thread_backend()  # refuses now rather than at the first call
        self._last = last
        self._warned = False
        self._open()
        register_after_fork(self)

    def _open(self) -> None:
        self._inner = inner = LoopThread(self._last)
        open_threads.add(inner)
        self._finalizer = weakref.finalize(self, _end, inner)
        self._finalizer.atexit = False  # `shutdown` waits for the thread, a finalizer does not

    def reset_after_fork(self) -> None:
        """Leak the parent's loop and thread; the child starts its own."""
        parents = self._inner
        parents.leave_behind()
        self._finalizer.detach()
        open_threads.discard(parents)
        self._open()
        self._inner.closed = parents.closed

    def _current(self) -> LoopThread:
        """Return the loop and thread of this process; a new one if the descriptors are lost."""
        notice_fork()
        if not self._inner.is_there():
            with lock_of_process():
                if not self._inner.is_there():
                    self.reset_after_fork()
        return self._inner

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
        inner = self._current()
        if inner.closed or not inner.is_started:
            inner.start()
        loop = inner.loop
        assert loop is not None  # noqa: S101 - for the type checker: it is started
        running = asyncio._get_running_loop()
        if running is not None and running is not loop:
            self._warn_once_of_blocking()
        call: Call[R] = Call(inner, function, arguments, keywords)
        with waiting_for(loop, _WAITS_FOR_ITSELF, blocks=running):
            try:
                inner.calls.add(call)
                if not inner.call_soon(call.start):
                    raise closed_error()
                call.wait()
            except BaseException:
                if not inner.call_soon(call.cancel):
                    inner.calls.discard(call)
                raise
        return call.outcome()

    def call_in_background(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine function in the loop, if there is one, without waiting for its end."""
        inner = self._current()
        inner.call_soon(inner.background, function)

    def _warn_once_of_blocking(self) -> None:
        if self._warned or _in_a_notebook():
            return
        self._warned = True
        derived = sys._getframe(3).f_code.co_filename == SOURCE
        warnings.warn(
            "Videsk was called in a coroutine: while it waits for the response, everything else "
            "in this event loop stands still; use AsyncVidesk, which has the same methods to "
            "await, or asyncio.to_thread",
            RuntimeWarning,
            stacklevel=5 if derived else 4,  # the caller of the blocking method
        )

    def iterate(self, batches: AsyncGenerator[Sequence[T], None]) -> Generator[T, None, None]:
        """Iterate over batches, with one hand-off for each; leaving early closes them."""
        inner = self._current()
        serial = _SerialBatches(batches)
        try:
            while batch := self.call(serial.next_batch):
                yield from batch
                self._check_process(inner, _ITERATOR_OF_PARENT)
        except BaseException:
            self._end_left_iterator(inner, serial.close)
            raise

    def run_bulk(self, bulk: Bulk[T, R]) -> Generator[Outcome[T, R], None, None]:
        """Read items here, make their calls in the loop, and yield the outcomes.

        There is one hand-off for each item, and one more each time that only waiting is left.
        Leaving early cancels the calls, without waiting for their end.
        """
        inner = self._current()

        def start(*call: Any) -> None:
            if not inner.call_soon(inner.unless_ending, bulk.start, *call):
                raise closed_error()

        try:
            self.call(_nothing)  # starts the thread; refuses or warns as any call does
            for step in bulk.steps(iter(bulk.plain_items()), start):
                if step is not None:
                    yield step
                self._check_process(inner, _OUTCOMES_OF_PARENT)
                if step is None:
                    self.call(bulk.wait)
        except GeneratorExit:
            self._end_left_iterator(inner, bulk.give_up)
            raise
        except BaseException as error:
            self._end_left_iterator(inner, bulk.give_up)
            if isinstance(error, ClosedError):
                block_daemon_at_exit()
            raise

    def _check_process(self, inner: LoopThread, text: str) -> None:
        """Refuse to continue in a child what runs in its parent's loop."""
        if self._current() is not inner:
            raise ClosedError(text)

    # The last iterators are collected when modules may have lost their names already, so the names
    # that are needed then are bound as defaults.
    def _end_left_iterator(
        self,
        inner: LoopThread,
        end: Callable[[], Coroutine[Any, Any, None]],
        *,
        exiting: Event = exiting,
        leak: Callable[[object], None] = leak,
    ) -> None:
        """End an iterator that was left early; a child leaks one of its parent.

        It does not wait: this may be the garbage collection of any thread, even the loop's own,
        which may hold any lock.
        """
        # While the interpreter exits, every loop of this process ends by itself.
        if exiting.is_set() or self._current() is not inner:
            leak(end)
        else:
            inner.call_soon(inner.background, end)

    def close(self) -> None:
        """End the loop and its thread. Calls that run raise `ClosedError`.

        Waits for the thread, but only for a few seconds: a task that resists cancellation, such as
        a user's token callable, keeps the thread until it is done.
        """
        self._current().close(_PATIENCE_AT_CLOSE)


async def _nothing() -> None:
    pass


def _in_a_notebook() -> bool:
    """Return whether this runs in IPython, whose loop does nothing else during a cell."""
    shell = sys.modules.get("IPython")
    return shell is not None and shell.get_ipython() is not None


def _end(loop: LoopThread) -> None:
    open_threads.discard(loop)
    if loop.is_there():
        loop.stop()
    else:
        loop.leave_behind()
