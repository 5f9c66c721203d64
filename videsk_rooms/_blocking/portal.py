"""Runs coroutines of a blocking client on its event loop, and waits for them."""

from __future__ import annotations

import asyncio
import sys
import warnings
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from videsk_rooms._concurrency.fork import (
    leak,
    lock_of_process,
    notice_fork,
    register_after_fork,
)
from videsk_rooms.errors import ClosedError

from .backends import thread_backend
from .loop_thread import Call, LoopThread
from .reentrancy import waiting_for
from .shutdown import block_daemon_at_exit, exiting, open_threads, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
    from threading import Event

    from videsk_rooms._operations.bulk import Bulk
    from videsk_rooms._operations.outcomes import Outcome
    from videsk_rooms._operations.pagination import Batches

R = TypeVar("R")
T = TypeVar("T")

_PATIENCE_AT_CLOSE = 5.0
_READ_ELSEWHERE = (
    "this iterator belongs to the process that was forked; call iter() again in this one"
)
_MADE_ELSEWHERE = (
    "these outcomes belong to the process that was forked, where the calls are under way; call the "
    "method again in this one"
)


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

        Raises:
            ConfigurationError: Nobody could wait for a loop in this process.
        """
        thread_backend()  # what it refuses is to be known at once
        self._last = last
        self._warned = False
        self._open()
        register_after_fork(self)

    def _open(self) -> None:
        self._inner = inner = LoopThread(self._last)
        open_threads.add(inner)
        self._finalizer = weakref.finalize(self, _let_go, inner)
        self._finalizer.atexit = False  # _close_all waits, a finalizer does not

    def reset_after_fork(self) -> None:
        """Begin with another loop and thread: a child after a fork has neither."""
        parents = self._inner
        parents.leave_behind()
        self._finalizer.detach()
        open_threads.discard(parents)
        self._open()
        self._inner.closed = parents.closed

    def _notice(self) -> None:
        """Begin anew where what was begun is not there any more."""
        notice_fork()
        if not self._inner.is_there():
            with lock_of_process():
                if not self._inner.is_there():
                    self.reset_after_fork()

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
        self._notice()
        inner = self._inner
        if inner.closed:
            raise refusal()
        loop = inner.loop or inner.started()
        running = asyncio._get_running_loop()
        if running is not None:
            self._beware(running, loop)
        call: Call[R] = Call(inner, function, arguments, keywords)
        with waiting_for(loop):
            try:
                inner.calls.add(call)
                _hand_over(loop, call.start)
                call.wait()
            except BaseException:
                if not inner.soon(call.cancel):
                    inner.calls.discard(call)
                raise
        return call.outcome()

    def _beware(self, running: asyncio.AbstractEventLoop, own: asyncio.AbstractEventLoop) -> None:
        """Warn once of waiting in another's loop."""
        if running is not own and not self._warned and not _in_a_notebook():
            self._warned = True
            warnings.warn(
                "Videsk was called in a coroutine: while it waits for the answer, everything else "
                "in this event loop stands still; use AsyncVidesk, which has the same methods to "
                "await, or asyncio.to_thread",
                RuntimeWarning,
                stacklevel=4,  # the caller of the blocking method
            )

    def drain(self, batches: Batches[T]) -> Generator[T, None, None]:
        """Iterate over batches, a hand-off each; leaving early closes them."""
        self._notice()
        inner = self._inner
        reading = _Reading(batches)
        try:
            while batch := self.call(reading.next_batch):
                yield from batch
                self._refuse_elsewhere(inner, _READ_ELSEWHERE)
        except BaseException:
            self._leave(inner, reading.close)
            raise

    def run_bulk(self, bulk: Bulk[T, R]) -> Generator[Outcome[T, R], None, None]:
        """Read items here, have their calls made in the loop, and yield what comes of them.

        A hand-off for each item that is read, and one more each time that there is nothing but to
        wait; leaving early gives up what is under way, without waiting for its end.
        """
        self._notice()
        inner = self._inner
        try:
            self.call(_nothing)  # starts the thread; refuses, or warns, as any call does
            start = partial(_hand_over, inner.started(), inner.unless_ending, bulk.start)
            for step in bulk.steps(iter(bulk.plain_items()), start):
                if step is not None:
                    yield step
                self._refuse_elsewhere(inner, _MADE_ELSEWHERE)
                if step is None:
                    self.call(bulk.wait)
        except GeneratorExit:
            self._leave(inner, bulk.give_up)
            raise
        except BaseException as error:
            self._leave(inner, bulk.give_up)
            if isinstance(error, ClosedError):
                block_daemon_at_exit()
            raise

    def _refuse_elsewhere(self, inner: LoopThread, text: str) -> None:
        """Refuse to go on in a child with what is under way in its parent's loop."""
        self._notice()
        if self._inner is not inner:
            raise ClosedError(text)

    # The iterators that are left last are collected when modules have lost their names already: so
    # the names that are needed then are bound here.
    def _leave(
        self,
        inner: LoopThread,
        end: Callable[[], Coroutine[Any, Any, None]],
        *,
        exiting: Event = exiting,
        leak: Callable[[object], None] = leak,
    ) -> None:
        """Have an iterator ended that was left; what is a parent's is let be in its child.

        Without waiting for it: this may be the garbage collection of any thread, even the loop's
        own, and holding any lock.
        """
        if exiting.is_set():
            leak(end)  # all loops of this process end by themselves
            return
        self._notice()
        if self._inner is inner:
            inner.soon(inner.background, end)
        else:
            leak(end)

    def close(self) -> None:
        """End the loop and its thread. Calls under way raise `ClosedError`.

        Waits for the thread, but not for ever: what does not let itself be cancelled, such as a
        callable of the user, keeps the thread until it is done.
        """
        self._notice()
        self._inner.close(_PATIENCE_AT_CLOSE)


def _hand_over(
    loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *arguments: object
) -> None:
    try:
        loop.call_soon_threadsafe(callback, *arguments)
    except RuntimeError:
        if not loop.is_closed():
            raise  # not the loop's, but a signal handler's
        raise refusal() from None


async def _nothing() -> None:
    pass


def _in_a_notebook() -> bool:
    """Return whether cells are run, whose loop has nothing else to do meanwhile."""
    shell = sys.modules.get("IPython")
    return shell is not None and shell.get_ipython() is not None


def _let_go(loop: LoopThread) -> None:
    open_threads.discard(loop)
    if loop.is_there():
        loop.stop_soon()
    else:
        loop.leave_behind()
