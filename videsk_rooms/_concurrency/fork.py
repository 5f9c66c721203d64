"""Keeps forked children away from what belongs to the parent.

A child has its parent's objects, but not its threads, and shares the parent's connections and the
epoll that the parent's loop waits on. Closing or merely collecting a session in the child removes
the parent's sockets from that epoll, and the parent waits forever. So the child deliberately leaks
what belongs to the parent, and makes its own (docs/decisions/0012-fork.md).

Python's own forks run hooks. A fork in C without them, such as uWSGI's, is noticed by the process
id, which is compared where a call starts, where it waits, and where something is closed or
collected.

Locks in C cannot be reset: those that the C library takes to resolve a name, and SQLite's. If a
child is forked while another thread holds one, it waits forever when it takes the same lock. So a
fork waits for such work, for a second at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from videsk_rooms._concurrency.clock import monotonic

if TYPE_CHECKING:
    import contextvars
    import selectors
    from collections.abc import Callable


R = TypeVar("R")

# Seconds. A name look-up that takes longer waits for the network, and holds no lock.
PATIENCE = 1.0
_POLL_INTERVAL = 0.0005


class ForkAware(Protocol):
    """An object that a forked child has to reset."""

    def reset_after_fork(self) -> None:
        """Leak what belongs to the parent. Called in the child."""
        ...


# The first calls would import these. If a child is forked during an import, it waits forever for
# the end of that import.
for _name in ("anyio._backends._asyncio", "concurrent.futures.thread", "encodings.idna"):
    importlib.import_module(_name)

_fork_aware: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_inherited: list[object] = []


def register_after_fork(thing: ForkAware) -> None:
    """Call `reset_after_fork` of an object in every forked child, for as long as it lives."""
    _fork_aware.add(thing)


# Finalizers call it even while the interpreter exits, when modules may have lost their names. So
# the list is bound as a default.
def leak(*things: object, _inherited: list[object] = _inherited) -> None:
    """Keep objects of the parent from being collected for as long as the child runs."""
    _inherited.append(things)


def is_lost(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether a loop has lost its descriptors: nothing of it may be closed then."""
    return isinstance(loop, WatchedLoop) and loop.is_lost()


def detach_epoll(loop: asyncio.AbstractEventLoop) -> None:
    """Give the child's copy of the parent's loop a separate epoll, which nobody waits on.

    A child that is forked in the loop's thread, such as by a hook, would otherwise receive the
    parent's events. Sockets that the child unregisters later do no harm either.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        # Any other selector, such as a kqueue, is inherited by no child.
        epoll = loop._selector._selector  # type: ignore[attr-defined]  # asyncio has no public name
        with type(epoll)() as own:  # gevent hides select.epoll
            os.dup2(own.fileno(), epoll.fileno(), inheritable=False)


class WatchedLoop(asyncio.SelectorEventLoop):
    """A loop that stops for good when its descriptors are lost, and then counts as closed.

    A daemon closes every open descriptor, while threads still use them. The numbers then go to
    other files, and the loop would act on those, such as by closing a connection by its number. So
    the loop has a pipe, which is closed with the others (docs/decisions/0032-daemons.md).
    """

    # A loop that could not be made has no pipe, so asyncio's finalizer leaves it alone.
    _pipe = -1

    def __init__(self, selector: selectors.BaseSelector) -> None:
        # gevent's `os.close` closes later, in a hub, and this thread's hub ends with the thread.
        self._close_descriptor = original("os", "close")
        pipe, other = os.pipe()
        self._close_descriptor(other)
        self._pipe_state = os.fstat(pipe)
        self._select, selector.select = selector.select, self._wait  # type: ignore[method-assign]
        try:
            self._pipe = pipe
            super().__init__(selector)
        except BaseException:
            selector.close()
            self._close_descriptor(pipe)
            raise
        self.time = monotonic  # type: ignore[method-assign]  # it passes also while a test freezes time

    def is_lost(self) -> bool:
        """Return whether the process has closed all descriptors since this loop was made."""
        return not super().is_closed() and self._has_lost_pipe()

    def is_closed(self) -> bool:
        """Return whether it is closed or lost."""
        return self._has_lost_pipe() or super().is_closed()

    def call_soon_threadsafe(  # type: ignore[override]  # its callbacks' types are typeshed's own
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Refuse if lost: the wake-up would go to the file that has the pipe's number now."""
        if self.is_lost():
            raise RuntimeError("Event loop is closed")
        return super().call_soon_threadsafe(callback, *args, context=context)

    def close(self) -> None:
        """Close it, and its pipe, unless the number is another file's."""
        super().close()
        if not self._has_lost_pipe():
            self._close_descriptor(self._pipe)

    def _has_lost_pipe(self) -> bool:
        try:
            state = os.fstat(self._pipe)
        except OSError:
            return True
        return not os.path.samestat(state, self._pipe_state)

    def _wait(self, timeout: float | None = None) -> Any:
        try:
            return self._select(timeout)
        finally:
            if self._has_lost_pipe():
                _block_for_ever()


def _block_for_ever() -> NoReturn:
    lock = original("_thread", "allocate_lock")()
    while True:
        lock.acquire()


def original(module: str, name: str) -> Any:
    """Return a function as it was before gevent patched it."""
    gevent = sys.modules.get("gevent.monkey")
    if gevent is not None:
        return gevent.get_original(module, name)
    return getattr(importlib.import_module(module), name)


class ForkGuard:
    """Work in C that holds locks: name look-ups, and transactions of SQLite.

    None starts during a fork, and a fork waits for all that run in other threads.
    """

    def __init__(self) -> None:
        self._sleep = original("time", "sleep")
        self._acquired: list[bool] = []  # by each fork that runs: whether it holds the lock
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Forget the work of the parent's threads. Called in the child."""
        self._lock = original("_thread", "allocate_lock")()
        self._running: set[object] = set()
        self._acquired.clear()

    def run(self, work: Callable[[], R]) -> R:
        """Run work that holds locks in C."""
        token = object()
        with self._lock:
            self._running.add(token)
        try:
            return work()
        finally:
            self._running.discard(token)

    def before_fork(self) -> None:
        """Wait for running work, for a second at most, and let none start."""
        until = monotonic() + PATIENCE
        # It times out when the handler of a signal forks during a fork.
        self._acquired.append(self._lock.acquire(timeout=PATIENCE))
        while self._running and monotonic() < until:
            self._sleep(_POLL_INTERVAL)

    def after_fork(self) -> None:
        """Allow work to start again. Called in the parent."""
        if self._acquired.pop():
            self._lock.release()


fork_guard = ForkGuard()


class _Process:
    """The process that the registered objects belong to."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        # One for each process: a thread that the child does not have may hold an inherited lock.
        self._locks: dict[int, Any] = {}

    def lock(self) -> Any:
        """Return a lock of this process."""
        return self._locks.setdefault(os.getpid(), original("_thread", "RLock")())

    def notice_fork(self) -> None:
        """Reset everything if this is a child whose fork ran no hooks."""
        pid = os.getpid()
        if pid == self.pid:
            return
        with self.lock():
            if pid != self.pid:
                self.reset_after_fork()

    def reset_after_fork(self) -> None:
        fork_guard.reset_after_fork()
        for thing in list(_fork_aware):
            thing.reset_after_fork()
        self.pid = os.getpid()  # last, so that calls of other threads wait until all are reset


_process = _Process()
notice_fork = _process.notice_fork
lock_of_process = _process.lock


def is_here(pid: int, *, _getpid: Callable[[], int] = os.getpid) -> bool:
    """Return whether an object that was made in a process is used in the same one."""
    return pid == _getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=fork_guard.before_fork,
        after_in_parent=fork_guard.after_fork,
        after_in_child=_process.reset_after_fork,
    )
