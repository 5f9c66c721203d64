"""The thread backend beside gevent: the event loop runs in a native thread.

After `monkey.patch_all()` a thread is a greenlet, and a loop started in one counts as running in
all others (`asyncio.run` fails in them). It also made half as many calls per second. So the loop
gets a native thread and an unpatched epoll. A greenlet that waits for a call is woken through its
hub, and the other greenlets run meanwhile.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from gevent import get_hub, monkey, sleep
from gevent.hub import Waiter

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import WatchedLoop, fork_guard
from videsk_rooms._concurrency.loops import call_in_thread

from .threads import ThreadBackend

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .threads import OneShotEvent, Thread

_start_new_thread = monkey.get_original("_thread", "start_new_thread")
_allocate_lock = monkey.get_original("_thread", "allocate_lock")
_getaddrinfo = monkey.get_original("socket", "getaddrinfo")
_getnameinfo = monkey.get_original("socket", "getnameinfo")
# Seconds between two checks whether a thread has ended.
_POLL_INTERVAL = 0.01
_Selector = monkey.get_original("selectors", "DefaultSelector")


class GreenletEvent:
    """One-shot event: one greenlet waits, any thread sets it."""

    def __init__(self) -> None:
        self._lock = _allocate_lock()
        self._is_set = False
        self._watcher: Any = None

    def acquire(self, *, timeout: float) -> bool:
        """Wait until it is set, for at most `timeout` seconds."""
        hub = get_hub()
        # No `gevent.Timeout`: a signal that strikes its end leaves it to be raised in later code.
        # These two switch to the waiter, which does nothing once nobody waits there.
        waiter: Waiter[None] = Waiter(hub)
        # The only part of a hub that other threads may use. Without `ref`, one that a signal leaves
        # behind keeps no hub running.
        watcher = hub.loop.async_(ref=False)
        timer = hub.loop.timer(timeout)
        try:
            watcher.start(waiter.switch, None)
            timer.start(waiter.switch, None)
            with self._lock:
                if self._is_set:
                    return True
                self._watcher = watcher
            waiter.get()
            return self._is_set
        finally:
            with self._lock:
                self._watcher = None
            timer.close()
            watcher.close()

    def release(self) -> None:
        """Set it."""
        with self._lock:
            self._is_set = True
            if self._watcher is not None:
                self._watcher.send()


class NativeThread:
    """A thread that gevent does not know. It does not keep the interpreter from exiting."""

    def __init__(self, run: Callable[[], None]) -> None:
        self._run = run
        self._runs = False

    def start(self) -> None:
        """Start it."""
        self._runs = True
        _start_new_thread(self._main, ())

    def join(self, timeout: float) -> None:
        """Wait for its end, for at most `timeout` seconds, while other greenlets run."""
        until = monotonic() + timeout
        while self._runs and monotonic() < until:
            sleep(_POLL_INTERVAL)

    def _main(self) -> None:
        try:
            self._run()
        finally:
            _destroy_hub()
            self._runs = False


class NativeThreadLoop(WatchedLoop):
    """A loop on an unpatched selector, which calls blocking functions in native threads.

    The threads of asyncio's executor would be greenlets, which never run in this thread.
    """

    def __init__(self) -> None:
        super().__init__(_Selector())

    def start_thread(self, run: Callable[[], None]) -> None:
        """Run a function in a new native thread."""
        NativeThread(run).start()

    async def getaddrinfo(self, *arguments: Any, **keywords: Any) -> Any:
        """Resolve a name without gevent's resolver, which waits for its hub."""
        look_up = partial(_getaddrinfo, *arguments, **keywords)
        return await call_in_thread(partial(fork_guard.run, look_up))

    async def getnameinfo(self, *arguments: Any, **keywords: Any) -> Any:
        """Resolve an address without gevent's resolver."""
        return await call_in_thread(partial(_getnameinfo, *arguments, **keywords))


class GeventBackend(ThreadBackend):
    """Native threads, for which greenlets wait."""

    def event(self) -> OneShotEvent:
        """Make an event that the current greenlet can wait for."""
        return GreenletEvent()

    def thread(self, run: Callable[[], None]) -> Thread:
        """Prepare a native thread."""
        return NativeThread(run)

    def loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop that native threads can run."""
        return NativeThreadLoop()


def _destroy_hub() -> None:
    """Destroy the hub that patched sockets have made in this thread."""
    get_hub().destroy(destroy_loop=True)
