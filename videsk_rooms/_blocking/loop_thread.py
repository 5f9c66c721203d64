"""An event loop in a thread: runs calls of other threads there, and returns their results.

The hand-off is most of the cost of a blocking call, so it is small: one callback into the loop,
one task, one raw lock. `Future.result` and anyio's portal cost 1.3 and 1.9 times as much
(docs/performance.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from videsk_rooms._concurrency.fork import detach_epoll, is_here, is_lost, leak
from videsk_rooms.errors import ClosedError

from .backends import thread_backend
from .shutdown import LEAVING, block_daemon_at_exit, exiting, is_for_want_of_threads, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from .threads import Thread, ThreadBackend

R = TypeVar("R")

# What strikes a thread from outside, such as a time limit of Dramatiq's, does so between two waits
# only; on Windows so does Ctrl-C.
_WAIT_SLICE = 0.1
# How long calls may take to notice that the client is closed, before they are cancelled.
_PATIENCE_WITH_ANSWERS = 0.1
# How long cancelled calls may take to clean up before their callers are let go without them.
_PATIENCE_WITH_CALLS = 1.0
_CALLED_ELSEWHERE = (
    "this call goes on in the process that was forked, or was broken off because this one has "
    "closed all its descriptors, as a daemon does; make another one here"
)


class Call(Generic[R]):
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
        loop: LoopThread,
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
        self._done = loop.threads.gate()

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
        """Release the caller: the loop ends without an outcome of this call."""
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
            # A signal handler has forked, or another thread has closed all descriptors.
            if not self._loop.is_there():
                error = ClosedError(_CALLED_ELSEWHERE)
                error.outcome_unknown = True
                raise error

    def outcome(self) -> R:
        error, self._error = self._error, None
        if error is None:
            return self._result
        if self._loop.closed and isinstance(error, asyncio.CancelledError | ClosedError):
            if isinstance(error, ClosedError) and error.outcome_unknown:
                block_daemon_at_exit()
                raise error from None
            raise refusal() from None
        if is_for_want_of_threads(error):
            raise refusal(LEAVING) from None
        try:
            raise error
        finally:
            del error  # or the traceback and this frame keep each other alive


class LoopThread:
    """State that thread and portal share; it holds no reference to the portal."""

    def __init__(self, last: Callable[[], Awaitable[None]]) -> None:
        self.pid = os.getpid()
        self.calls: set[Call[Any]] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: Thread | None = None
        self.threads: ThreadBackend  # there once the loop is
        self.closed = False
        self.ending = False
        # Reentrant: a signal handler may close the client whose thread is being started.
        self._starting = threading.RLock()
        self._last: Callable[[], Awaitable[None]] | None = last
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    # In a caller's thread:

    def started(self) -> asyncio.AbstractEventLoop:
        """Return the loop; the first call starts its thread."""
        with self._starting:
            if self.loop is None and not self.closed and not exiting.is_set():
                try:
                    # Else the loop would keep the first caller's context for as long as it runs,
                    # with a web application's request in it, and whatever that leads to.
                    contextvars.Context().run(self._start)
                except RuntimeError as error:
                    if is_for_want_of_threads(error):
                        raise refusal(LEAVING) from None
                    raise
            loop = self.loop
        if loop is None or self.closed:
            self.stop_soon()  # for a signal handler that closed while the thread was started
            raise refusal()
        return loop

    def _start(self) -> None:
        # Made here and not in the thread, so that there is no handshake to be interrupted, and a
        # failure, such as no file descriptor left, reaches the caller.
        self.threads = thread_backend()
        loop, stop = self.threads.loop(), asyncio.Event()
        # Whoever is first takes the loop: Ctrl-C comes before the thread has begun or after it.
        untaken = [loop]
        thread = self.threads.thread(partial(self._thread, untaken, stop))
        try:
            thread.start()
            self._keep(thread, loop, stop)
        except BaseException:
            if self.loop is not loop:
                if _take(untaken) is None:
                    self._keep(thread, loop, stop)
                else:
                    loop.close()
            raise

    def _keep(self, thread: Thread, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
        if self.loop is None:
            self._stop, self.thread, self.loop = stop, thread, loop
        else:
            # A signal handler has called in the middle of this, and has had to start another, for
            # it cannot wait for what it interrupts.
            loop.call_soon_threadsafe(stop.set)

    def stop_soon(self) -> None:
        """Ask the thread to end; waits for nothing, so that a finalizer may call it anywhere."""
        self.soon(self._stop.set)

    def soon(self, callback: Callable[..., object], *arguments: object) -> bool:
        """Have something done in the loop, and tell whether there is one to do it."""
        if self.loop is None or not self.is_there():
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
            if self.loop is None:
                self._last = None
        stops = self.soon(self._stop.set)
        if stops and self.thread is not None and not self.thread.is_current():
            self.thread.join(patience)

    def is_there(self) -> bool:
        """Return whether the loop is one of this process, and has the descriptors that it had."""
        return is_here(self.pid) and (self.loop is None or not is_lost(self.loop))

    def leave_behind(self) -> None:
        """Leak what belongs to another process, so that it is never touched, not even at exit."""
        leak(self)
        if self.loop is not None and not is_lost(self.loop):
            detach_epoll(self.loop)

    # In the loop's thread:

    def _thread(self, untaken: list[asyncio.AbstractEventLoop], stop: asyncio.Event) -> None:
        loop = _take(untaken)
        if loop is None:
            return  # the caller was interrupted, and has closed the loop
        try:
            loop.run_until_complete(self._main(stop))
        finally:
            loop.close()
            if loop is self.loop:
                self.ending = True
                for call in list(self.calls):  # handed over when the loop ran no more
                    call.refuse()

    async def _main(self, stop: asyncio.Event) -> None:
        await stop.wait()
        if stop is not self._stop:
            return  # another is kept
        self.ending = True
        others = asyncio.all_tasks() - {asyncio.current_task()}
        # What ends clients at exit keeps this as long as the portal is there: not also the client's
        # hooks, and by them the portal itself.
        last, self._last = self._last, None
        if last is not None:
            await last()
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

    def unless_ending(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function that begins a task, as long as there is time for it."""
        if not self.ending:
            function(*arguments)

    def background(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine function in the loop for nobody."""
        if self.ending:
            return
        task = asyncio.ensure_future(function())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _take(untaken: list[asyncio.AbstractEventLoop]) -> asyncio.AbstractEventLoop | None:
    try:
        return untaken.pop()
    except IndexError:
        return None  # the other was first
