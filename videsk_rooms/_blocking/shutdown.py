"""Closes clients that are still open when the interpreter exits, and refuses later calls."""

from __future__ import annotations

import atexit
import threading
from time import monotonic, sleep
from typing import Protocol

from videsk_rooms._concurrency.fork import notice_fork
from videsk_rooms.errors import CLOSED, ClosedError

LEAVING = "the interpreter is exiting, and the client with it; make its last call before"
_PATIENCE = 1.0
_HELD_BACK = 2.0


class Closable(Protocol):
    """Something that has a thread, which should end before the interpreter does."""

    def close(self, patience: float) -> None:
        """Ask the thread to end, and wait for it for so many seconds."""
        ...


# A plain set, copied in one step: a WeakSet cannot be read while another thread makes a client.
open_threads: set[Closable] = set()
exiting = threading.Event()


@atexit.register
def _close_all() -> None:
    """Close what nobody closed: silently, and without waiting long.

    What `atexit` runs later was registered earlier, before this package was loaded; its calls are
    refused. What it runs before may call, if that needs no new thread: the thread of the loop, or
    one to look up the name of a host.
    """
    exiting.set()
    notice_fork()  # a child must not close what is its parent's
    left = list(open_threads)
    for closable in left:
        closable.close(0)
    deadline = monotonic() + _PATIENCE
    for closable in left:
        closable.close(max(0.0, deadline - monotonic()))


def is_for_want_of_threads(error: BaseException) -> bool:
    """Return whether an error means that Python starts no thread while it exits."""
    # The main thread counts as ended once Python has waited for all threads, before `atexit` runs.
    return (
        isinstance(error, RuntimeError)
        and "shutdown" in str(error)
        and not threading.main_thread().is_alive()
    )


def refusal(text: str = CLOSED) -> ClosedError:
    """Make the error of a call that comes too late."""
    if exiting.is_set():
        text = LEAVING
    block_daemon_at_exit()
    return ClosedError(text)


def block_daemon_at_exit() -> None:
    """Block a daemon thread while the interpreter exits, as any other call would.

    An error would have it die, and print a traceback into every exit.
    """
    # All other threads have ended by then.
    if exiting.is_set() and threading.current_thread() is not threading.main_thread():
        sleep(_HELD_BACK)
