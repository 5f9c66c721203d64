"""Closes clients that are still open when the interpreter exits, and refuses later calls."""

from __future__ import annotations

import atexit
import threading
from time import sleep
from typing import Protocol

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import notice_fork
from videsk_rooms.errors import CLOSED, ClosedError

INTERPRETER_EXITS = (
    "the interpreter is exiting, and has closed the client; make the last call before that"
)
# Seconds that exit waits for the threads of all clients together.
_PATIENCE = 1.0
# Seconds for which a daemon thread is blocked; the interpreter exits earlier.
_BLOCKED = 2.0


class Closable(Protocol):
    """Something that has a thread, which should end before the interpreter does."""

    def close(self, patience: float) -> None:
        """Ask the thread to end, and wait for it for `patience` seconds."""
        ...


# A plain set, copied in one step: a WeakSet cannot be read while another thread makes a client.
open_threads: set[Closable] = set()
exiting = threading.Event()


@atexit.register
def _close_all() -> None:
    """Close the clients that nobody closed: silently, and without a long wait.

    `atexit` runs in reverse order. Functions registered before this package was loaded run later:
    their calls are refused. Those registered afterwards run earlier: they may call, unless the
    call needs a new thread, for the loop or to resolve a host's name.
    """
    exiting.set()
    notice_fork()  # a child must not close what belongs to its parent
    remaining = list(open_threads)
    for closable in remaining:
        closable.close(0)
    deadline = monotonic() + _PATIENCE
    for closable in remaining:
        closable.close(max(0.0, deadline - monotonic()))


def no_thread_at_exit(error: BaseException) -> bool:
    """Return whether an error means that Python starts no thread while it exits."""
    # The main thread counts as ended once Python has waited for all threads, before `atexit` runs.
    return (
        isinstance(error, RuntimeError)
        and "shutdown" in str(error)
        and not threading.main_thread().is_alive()
    )


def closed_error(text: str = CLOSED) -> ClosedError:
    """Make the error of a call to a closed client."""
    if exiting.is_set():
        text = INTERPRETER_EXITS
    block_daemon_at_exit()
    return ClosedError(text)


def block_daemon_at_exit() -> None:
    """Block a daemon thread while the interpreter exits, as any other blocking call would.

    An error instead would make the thread print a traceback at every exit.
    """
    # All other threads have ended by then.
    if exiting.is_set() and threading.current_thread() is not threading.main_thread():
        sleep(_BLOCKED)
