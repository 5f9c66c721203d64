"""Keeps forked children away from what belongs to the parent.

A child has its parent's objects, but not its threads, and shares the parent's connections and the
epoll that the parent's loop waits on. Closing or only collecting a session in the child removes
the parent's sockets from that epoll, and the parent waits for ever. So what belongs to the parent
is leaked on purpose, and the child makes its own.

Python's own forks run hooks. A fork in C without them, as of uWSGI's workers, is noticed by the
process id, which is compared where a call starts, where it waits, and where something is closed
or collected.

Locks of the C library cannot be reset: a child that is forked while another thread resolves a
name waits for ever when it resolves one. So a fork waits for the look-ups that run, a second at
most.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
import weakref
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

if TYPE_CHECKING:
    import contextvars
    import selectors
    from collections.abc import Callable


R = TypeVar("R")

# Seconds. Whatever is looked up for longer waits for an answer of the network, and holds no lock.
_PATIENCE = 1.0
_GLANCE = 0.0005


class ForkAware(Protocol):
    """Something that does not outlive a fork as it is."""

    def reset_after_fork(self) -> None:
        """Leak what belongs to the parent, in the child."""
        ...


# What the first calls would import: a child forked meanwhile has an import begun that nobody ends,
# and waits for it for ever.
for _name in ("anyio._backends._asyncio", "concurrent.futures.thread", "encodings.idna"):
    importlib.import_module(_name)

_fork_aware: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_inherited: list[object] = []


def register_after_fork(thing: ForkAware) -> None:
    """Call `reset_after_fork` of an object in every forked child, for as long as it lives."""
    _fork_aware.add(thing)


# Finalizers call it, also as the interpreter ends, when modules may have lost their names already.
def leak(*things: object, _inherited: list[object] = _inherited) -> None:
    """Keep what is the parent's from being collected as long as the child's interpreter runs."""
    _inherited.append(things)


def is_lost(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether a loop has lost its descriptors, so that nothing of it must be closed."""
    return isinstance(loop, WatchedLoop) and loop.is_lost()


def detach_epoll(loop: asyncio.AbstractEventLoop) -> None:
    """Give the child's copy of the parent's loop an epoll of its own, which nobody waits on.

    A child that is forked in the loop's thread, by a hook for one, and goes on there would take
    what the parent waits for. What still unregisters a socket does no harm either.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        # Any other selector, such as a kqueue, is inherited by no child.
        epoll = loop._selector._selector  # type: ignore[attr-defined]  # asyncio has no public name
        with type(epoll)() as own:  # gevent hides select.epoll
            os.dup2(own.fileno(), epoll.fileno(), inheritable=False)


class Descriptors:
    """Notices that the process has closed all its descriptors.

    A daemon closes whatever is open, also under the feet of a thread that goes on; its numbers are
    other files' then. A descriptor of our own, which is closed along with the others, shows it.
    """

    def __init__(self) -> None:
        # gevent's own closes later, in its hub: this thread's ends with the thread.
        self._close = _original("os", "close")
        self._number, other = os.pipe()
        self._close(other)
        self._state = os.fstat(self._number)

    def are_lost(self) -> bool:
        """Return whether the number has come to be another file's, or nothing's."""
        try:
            return not os.path.samestat(os.fstat(self._number), self._state)
        except OSError:
            return True

    def close(self) -> None:
        """Close ours."""
        if not self.are_lost():
            self._close(self._number)


class WatchedLoop(asyncio.SelectorEventLoop):
    """A loop that never goes on once its descriptors are lost, but counts as closed.

    Whatever it would still do it would do to other files: close a connection by its number, for
    one.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._descriptors = Descriptors()
        self._select, selector.select = selector.select, self._wait  # type: ignore[method-assign]
        super().__init__(selector)

    def is_lost(self) -> bool:
        """Return whether the process has closed all descriptors meanwhile."""
        return not super().is_closed() and self._descriptors.are_lost()

    def is_closed(self) -> bool:
        """Return whether it does nothing any more."""
        return super().is_closed() or self._descriptors.are_lost()

    def call_soon_threadsafe(  # type: ignore[override]  # its callbacks' types are typeshed's own
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Refuse where nobody would be woken but whoever has the number of the wake-up pipe now."""
        if self.is_lost():
            raise RuntimeError("Event loop is closed")
        return super().call_soon_threadsafe(callback, *args, context=context)

    def close(self) -> None:
        """Close it."""
        super().close()
        self._descriptors.close()

    def _wait(self, timeout: float | None = None) -> Any:
        try:
            return self._select(timeout)
        finally:
            if self._descriptors.are_lost():
                _stand_still()


def _stand_still() -> NoReturn:
    lock = _original("_thread", "allocate_lock")()
    while True:
        lock.acquire()


def _original(module: str, name: str) -> Any:
    """Find what gevent may have put something for greenlets in the place of."""
    gevent = sys.modules.get("gevent.monkey")
    if gevent is not None:
        return gevent.get_original(module, name)
    return getattr(importlib.import_module(module), name)


class ForkGuard:
    """Look-ups in other threads. None begins while a process forks, and a fork waits for all."""

    def __init__(self) -> None:
        self._sleep = _original("time", "sleep")
        self._gates: list[bool] = []  # of the forks under way: whether the gate is theirs
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Forget the parent's, in a child after a fork."""
        self._gate = _original("_thread", "allocate_lock")()
        self._under_way: set[object] = set()
        self._gates.clear()

    def run(self, look_up: Callable[[], R]) -> R:
        """Look something up."""
        token = object()
        with self._gate:
            self._under_way.add(token)
        try:
            return look_up()
        finally:
            self._under_way.discard(token)

    def before_fork(self) -> None:
        """Wait for running look-ups to end, for a moment at most, and let none begin."""
        until = monotonic() + _PATIENCE
        # It is not to be had when a signal's handler forks in the middle of a fork.
        self._gates.append(self._gate.acquire(timeout=_PATIENCE))
        while self._under_way and monotonic() < until:
            self._sleep(_GLANCE)

    def after_fork(self) -> None:
        """Allow look-ups again, in the parent."""
        if self._gates.pop():
            self._gate.release()


fork_guard = ForkGuard()


class _Process:
    """The process that everything here belongs to."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        # One for each process: a lock that is inherited may be held by a thread that is not there.
        self._locks: dict[int, Any] = {}

    def lock(self) -> Any:
        """Return a lock of this process that no fork has left held."""
        return self._locks.setdefault(os.getpid(), _original("_thread", "RLock")())

    def notice_fork(self) -> None:
        """Begin anew if this is a child whose fork no hook has told of."""
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
        self.pid = os.getpid()  # last: another thread that calls meanwhile waits for all of it


_process = _Process()
notice_fork = _process.notice_fork
lock_of_process = _process.lock


def is_here(pid: int, *, _getpid: Callable[[], int] = os.getpid) -> bool:
    """Return whether something that was made in a process is used in the same."""
    return pid == _getpid()


# So that a child begins anew at once, where Python knows of its fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=fork_guard.before_fork,
        after_in_parent=fork_guard.after_fork,
        after_in_child=_process.reset_after_fork,
    )
