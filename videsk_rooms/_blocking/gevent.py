"""The thread backend beside gevent: the event loop runs in a native thread.

After `monkey.patch_all()` a thread is a greenlet, and a loop started in one counts as running in
all others (`asyncio.run` fails in them); it also answered half as many calls. So the loop gets a
native thread and an unpatched epoll. A greenlet that waits for a call is woken through its hub,
and the other greenlets run meanwhile.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from gevent import get_hub, monkey, with_timeout
from gevent.hub import Waiter

from videsk_rooms._concurrency.fork import WatchedLoop, fork_guard
from videsk_rooms._concurrency.loops import call_in_thread

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .threads import OneShotEvent, Thread

_start_new_thread = monkey.get_original("_thread", "start_new_thread")
_get_ident = monkey.get_original("_thread", "get_ident")
_allocate_lock = monkey.get_original("_thread", "allocate_lock")
_getaddrinfo = monkey.get_original("socket", "getaddrinfo")
_getnameinfo = monkey.get_original("socket", "getnameinfo")
_Selector = monkey.get_original("selectors", "DefaultSelector")


class GreenletEvent:
    """One-shot event: one greenlet waits, any thread sets it."""

    def __init__(self) -> None:
        self._guard = _allocate_lock()
        self._open = False
        self._bell: Any = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Wait until it is open, at most so many seconds; -1 for no bound."""
        waiter: Waiter[None] = Waiter()
        bell = get_hub().loop.async_()  # the one thing of a hub that other threads may touch
        bell.start(waiter.switch, None)
        try:
            with self._guard:
                if self._open:
                    return True
                self._bell = bell
            with_timeout(None if timeout < 0 else timeout, waiter.get, timeout_value=None)
            return self._open
        finally:
            with self._guard:
                self._bell = None
            bell.stop()
            bell.close()

    def release(self) -> None:
        """Open it."""
        with self._guard:
            self._open = True
            if self._bell is not None:
                self._bell.send()


class NativeThread:
    """A thread that gevent knows nothing of. It keeps no interpreter from leaving."""

    def __init__(self, run: Callable[[], None]) -> None:
        self._run = run
        self._ident: int | None = None
        self._guard = _allocate_lock()
        self._ended = False
        self._waiting: list[GreenletEvent] = []

    def start(self) -> None:
        """Start it."""
        _start_new_thread(self._main, ())

    def join(self, timeout: float) -> None:
        """Wait for its end, at most so many seconds."""
        gate = GreenletEvent()
        with self._guard:
            if self._ended:
                return
            self._waiting.append(gate)
        gate.acquire(timeout=timeout)

    def is_current(self) -> bool:
        """Return whether this is called in it."""
        return bool(_get_ident() == self._ident)

    def _main(self) -> None:
        self._ident = _get_ident()
        try:
            self._run()
        finally:
            _leave_no_hub()
            with self._guard:
                self._ended = True
            for gate in self._waiting:
                gate.release()


class NativeThreadLoop(WatchedLoop):
    """A loop on a real selector, which leaves to real threads what would block it.

    The executor that it would otherwise have starts greenlets, which never run in this thread.
    """

    def __init__(self) -> None:
        super().__init__(_Selector())

    def start_thread(self, run: Callable[[], None]) -> None:
        """Run a function in a thread of its own, which keeps no interpreter from leaving."""

        def run_without_a_hub() -> None:
            try:
                run()
            finally:
                _leave_no_hub()

        _start_new_thread(run_without_a_hub, ())

    async def getaddrinfo(self, *arguments: Any, **keywords: Any) -> Any:
        """Look an address up, without gevent's resolver, which waits for its hub."""
        look_up = partial(_getaddrinfo, *arguments, **keywords)
        return await call_in_thread(partial(fork_guard.run, look_up))

    async def getnameinfo(self, *arguments: Any, **keywords: Any) -> Any:
        """Look a name up likewise."""
        return await call_in_thread(partial(_getnameinfo, *arguments, **keywords))


class GeventBackend:
    """Threads beside greenlets."""

    def gate(self) -> OneShotEvent:
        """Make a gate for a greenlet."""
        return GreenletEvent()

    def thread(self, run: Callable[[], None]) -> Thread:
        """Prepare a thread."""
        return NativeThread(run)

    def loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop."""
        return NativeThreadLoop()


GEVENTS = GeventBackend()


def _leave_no_hub() -> None:
    """End the hub that patched sockets have made in this thread."""
    get_hub().destroy(destroy_loop=True)
