"""What a forked child must not touch of its parent.

A child has its parent's objects, but not its threads, and it shares the parent's connections and
the epoll that the parent's loop waits on. To close or only to collect a session in the child would
take the parent's sockets out of that epoll, and leave the parent waiting for ever. So what belongs
to the parent is set aside and never collected, and everything begins anew.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import weakref
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Renewable(Protocol):
    """Something that does not outlive a fork as it is."""

    def begin_anew(self) -> None:
        """Let go of what belongs to the parent, in the child."""
        ...


# What the first calls would import: a child forked meanwhile has an import begun that nobody ends,
# and waits for it for ever.
for _name in ("anyio._backends._asyncio", "concurrent.futures.thread", "encodings.idna"):
    importlib.import_module(_name)

_renewables: weakref.WeakSet[Renewable] = weakref.WeakSet()
_inherited: list[object] = []


def renew_in_children(thing: Renewable) -> None:
    """Have something begin anew in every forked child, for as long as it lives."""
    _renewables.add(thing)


def set_aside(*things: object) -> None:
    """Keep what is the parent's from being collected, also when the child's interpreter ends."""
    if not _inherited:
        _never_collect(_inherited)
    _inherited.extend(things)


def part_from(loop: asyncio.AbstractEventLoop) -> None:
    """Give the child's copy of the parent's loop an epoll of its own, which nobody waits on.

    Whatever still unregisters a socket by it, at the interpreter's end for one, does no harm then.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        epoll, number = _epoll_of(loop)
        with epoll() as own:
            os.dup2(own.fileno(), number, inheritable=False)


def _epoll_of(loop: Any) -> tuple[Callable[[], select.epoll], int]:
    """Find how to make an epoll, and the number of the one that a loop waits on.

    Raises:
        AttributeError: The loop waits on something else, such as a kqueue, which no child inherits.
    """
    selector = getattr(loop, "_selector", None)
    if selector is None:
        return select.epoll, loop._get_backend_id()  # uvloop
    return type(selector._selector), selector._selector.fileno()  # gevent hides select.epoll


def _never_collect(things: object) -> None:
    with contextlib.suppress(ImportError, AttributeError):
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(things))


def _begin_anew() -> None:
    for thing in list(_renewables):
        thing.begin_anew()


# By a hook, so that no call has to ask for the process that it is in.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
