"""An event loop in a thread: runs the calls of other threads there and returns their results.

The hand-off of a call is one callback into the loop, one task and one raw lock.
`asyncio.run_coroutine_threadsafe` is as fast on asyncio's loop, but its future waits on a
`threading.Condition`, which gevent replaces by one that no native thread may touch, and an
interrupted wait leaves its coroutine running.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from videsk_rooms._concurrency.fork import detach_epoll, is_here, is_lost, leak, original
from videsk_rooms._concurrency.loops import start_task
from videsk_rooms.errors import ClosedError

from .backends import thread_backend
from .shutdown import (
    INTERPRETER_EXITS,
    block_daemon_at_exit,
    closed_error,
    exiting,
    no_thread_at_exit,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from .threads import Thread, ThreadBackend

R = TypeVar("R")

# An exception that another thread sets, such as a time limit of Dramatiq's, is raised only between
# two waits; on Windows so is Ctrl-C.
_WAIT_SLICE = 0.1
# Seconds that calls have to notice that the client is closed, before they are cancelled.
_GRACE_BEFORE_CANCEL = 0.1
# Seconds that cancelled calls have to clean up, before their callers return without them.
_GRACE_AFTER_CANCEL = 1.0
_LOOP_IS_LOST = (
    "the event loop of this call is gone: the process forked during the call, or closed all its "
    "descriptors, as a daemon does; call again in this process"
)


class Call(Generic[R]):
    """One coroutine that runs in the loop while its caller waits."""

    def __init__(
        self,
        owner: LoopThread,
        function: Callable[..., Coroutine[Any, Any, R]],
        arguments: tuple[object, ...],
        keywords: dict[str, object],
    ) -> None:
        self._owner = owner
        self._function = function
        self._arguments = arguments
        self._keywords = keywords
        self._task: asyncio.Task[None] | None = None
        self._abandoned = False
        self._error: BaseException | None = None
        self._done = owner.backend.event()

    # In the loop's thread:

    def start(self) -> None:
        if self._owner.ending:
            self.refuse()
        else:
            self._task = start_task(self._run())

    def cancel(self) -> None:
        """Cancel the call: its caller no longer waits."""
        self._abandoned = True
        self._owner.calls.discard(self)  # here too, because a task may end before `_run` starts
        if self._task is not None:
            self._task.cancel()

    def refuse(self) -> None:
        """Release the caller, because the loop ends without a result of this call."""
        self._error = asyncio.CancelledError()
        self._release()

    async def _run(self) -> None:
        try:
            self._result = await self._function(*self._arguments, **self._keywords)
        except BaseException as error:  # each belongs to the caller, SystemExit included
            # An error that no caller takes would keep this frame alive, and the frame the error.
            self._error = None if self._abandoned else error
        finally:
            self._release()

    def _release(self) -> None:
        if self in self._owner.calls:  # otherwise it was released before
            self._owner.calls.discard(self)
            self._done.release()

    # In the caller's thread:

    def wait(self) -> None:
        while not self._done.acquire(timeout=_WAIT_SLICE):
            # A signal handler may have forked, and another thread may have closed all descriptors.
            if not self._owner.is_there():
                error = ClosedError(_LOOP_IS_LOST)
                error.outcome_unknown = True
                raise error

    def outcome(self) -> R:
        error, self._error = self._error, None
        if error is None:
            return self._result
        if self._owner.closed and isinstance(error, asyncio.CancelledError | ClosedError):
            if isinstance(error, ClosedError) and error.outcome_unknown:
                block_daemon_at_exit()
                raise error from None
            raise closed_error() from None
        if no_thread_at_exit(error):
            raise closed_error(INTERPRETER_EXITS) from None
        try:
            raise error
        finally:
            del error  # or the traceback and this frame keep each other alive


class LoopThread:
    """The loop and its thread. It holds no reference to the portal, whose end ends the thread."""

    def __init__(self, last: Callable[[], Awaitable[None]]) -> None:
        self.pid = os.getpid()
        self.calls: set[Call[Any]] = set()
        self.backend: ThreadBackend  # there once the loop is
        self.is_started = False
        self.closed = False
        self.ending = False
        self._last: Callable[[], Awaitable[None]] | None = last
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        # Reentrant: a signal handler may call or close a client whose thread is being started. Not
        # gevent's, which is written in Python: one that a signal strikes may stay locked forever.
        self._starting = original("_thread", "RLock")()
        self._threads: list[Thread] = []
        # Lists, because a signal handler cannot strike inside `append` and `pop`.
        self._loops: list[asyncio.AbstractEventLoop] = []
        # Held from then on by the thread that runs the loop, or by `stop`, which closes it unrun.
        self._claim = original("_thread", "allocate_lock")()

    # In a caller's thread:

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop, once it is made."""
        return self._loops[0] if self._loops else None

    def start(self) -> None:
        """Start the thread unless it runs.

        Raises:
            ClosedError: The client is closed, or the interpreter exits.
        """
        with self._starting:
            if not (self.is_started or self.closed or exiting.is_set()):
                try:
                    # In an empty context: the loop keeps the one that it starts in for as long as
                    # it runs, with the request of a web application that the first call serves.
                    contextvars.Context().run(self._start)
                except RuntimeError as error:
                    if no_thread_at_exit(error):
                        raise closed_error(INTERPRETER_EXITS) from None
                    raise
        if self.closed or not self.is_started:
            self.stop()  # a signal handler may have closed the client during the start
            raise closed_error()

    def _start(self) -> None:
        """Start a thread, which runs the loop unless another thread has claimed it before.

        Ctrl-C may strike before the new thread runs or after. So an interrupted start is repeated
        by the next call, and a thread that finds the loop claimed ends immediately. The same holds
        for a signal handler that calls the client during the start.
        """
        if self.loop is None:
            # Made here and not in the thread: a failure, such as no descriptor left, reaches the
            # caller.
            self.backend = thread_backend()
            loop = self.backend.loop()
            self._loops.append(loop)
            if loop is not self.loop:  # a signal handler has called meanwhile
                loop.close()
        if not self._claim.locked():
            thread = self.backend.thread(self._run)
            self._threads.append(thread)
            thread.start()
        self.is_started = True

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> bool:
        """Call a function in the loop soon; return whether there is a loop to do it."""
        loop = self.loop
        if loop is None or not is_here(self.pid):
            return False
        try:
            loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            if not loop.is_closed():
                raise  # not the loop's error, but a signal handler's
            return False
        return True

    def stop(self) -> bool:
        """Ask the thread to end without waiting, so that a finalizer may call it anywhere.

        Returns:
            Whether there is a thread that will end.
        """
        if self._claim.acquire(blocking=False):
            self._last = None  # no loop will await it
            if self.loop is not None:
                self.loop.close()
            return False
        return self.call_soon(self._stop.set)

    def close(self, patience: float) -> None:
        """Ask the thread to end, and wait for it for `patience` seconds."""
        with self._starting:
            self.closed = True
        in_the_loop = self.loop is not None and asyncio._get_running_loop() is self.loop
        if self.stop() and not in_the_loop:
            for thread in self._threads:
                with contextlib.suppress(RuntimeError):  # interrupted before it was started
                    thread.join(patience)

    def is_there(self) -> bool:
        """Return whether the loop belongs to this process and still has its descriptors."""
        return is_here(self.pid) and (self.loop is None or not is_lost(self.loop))

    def leave_behind(self) -> None:
        """Leak what belongs to another process, so that it is never touched, not even at exit."""
        leak(self)
        if self.loop is not None and not is_lost(self.loop):
            detach_epoll(self.loop)

    # In the loop's thread:

    def _run(self) -> None:
        loop = self.loop
        if loop is None or not self._claim.acquire(blocking=False):
            return
        try:
            loop.run_until_complete(self._main())
        finally:
            loop.close()
            self.ending = True
            for call in list(self.calls):  # handed over after the loop's last step
                call.refuse()

    async def _main(self) -> None:
        await self._stop.wait()
        self.ending = True
        others = asyncio.all_tasks() - {asyncio.current_task()}
        # Taken out first: `shutdown` refers to this object as long as the portal lives. Through it,
        # the client's hooks would stay alive, and through them the portal itself.
        last, self._last = self._last, None
        if last is not None:
            await last()
        if others:
            # The client's own calls end when it closes, and know whether they were sent; the
            # others have to be cancelled.
            _, running = await asyncio.wait(others, timeout=_GRACE_BEFORE_CANCEL)
            for task in running:
                task.cancel()
            # A task that takes longer, such as a token callable's, keeps the thread, but not the
            # callers.
            await asyncio.wait(others, timeout=_GRACE_AFTER_CANCEL)
            for call in list(self.calls):
                call.refuse()
            await asyncio.wait(others)
        loop = asyncio.get_running_loop()
        await loop.shutdown_asyncgens()
        # While the interpreter exits, no thread can be started, and Python has waited already.
        with contextlib.suppress(RuntimeError):
            await loop.shutdown_default_executor()

    def unless_ending(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function that creates a task, unless the loop is ending."""
        if not self.ending:
            function(*arguments)

    def background(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine function in the loop, for no caller."""
        if self.ending:
            return
        task = start_task(function())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
