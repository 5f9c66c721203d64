"""Refuses blocking calls that would deadlock.

A hook runs in the event loop of its client, and a blocking call in it blocks that loop. If it
calls a second blocking client, whose hook calls the first, each loop waits for the other, and no
deadline is noticed. Such a call is refused.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


@attrs.frozen(eq=False)
class _Blocked:
    """A loop that is blocked until another has made a call."""

    loop: asyncio.AbstractEventLoop
    waits_for: asyncio.AbstractEventLoop


_WAITS_FOR_ITSELF = (
    "a blocking client was called from its own event loop, or by code that this loop waits for, so "
    "it would wait for itself; use AsyncVidesk in hooks and in a callable given as api_token"
)
_blocked: dict[asyncio.AbstractEventLoop, _Blocked] = {}
# Inherited by the call, and by the threads in which callables of the user run.
_callers: ContextVar[tuple[_Blocked, ...]] = ContextVar("videsk_rooms_blocked_loops", default=())


def waiting_for(target: asyncio.AbstractEventLoop) -> AbstractContextManager[None]:
    """Wait for a call in a loop; the running loop, if there is one, is blocked meanwhile.

    Raises:
        RuntimeError: The call would never be made, because its loop waits for this one.
    """
    callers = tuple(each for each in _callers.get() if _blocked.get(each.loop) is each)
    running = asyncio._get_running_loop()
    if running is not None:
        return _blocking(_Blocked(running, target), callers)
    _check_for_deadlock(target, callers)
    return nullcontext()


@contextmanager
def _blocking(blocked: _Blocked, callers: tuple[_Blocked, ...]) -> Iterator[None]:
    loop = blocked.loop
    outer = _blocked.get(loop)  # of a call that a signal handler interrupts
    # Added before the check: of two loops that start to wait for each other, one finds the other.
    _blocked[loop] = blocked
    restore = _callers.set((*callers, blocked))
    try:
        _check_for_deadlock(blocked.waits_for, (*callers, blocked))
        yield
    finally:
        _callers.reset(restore)
        if outer is None:
            del _blocked[loop]
        else:
            _blocked[loop] = outer


def _check_for_deadlock(loop: asyncio.AbstractEventLoop, callers: tuple[_Blocked, ...]) -> None:
    """Follow which loop waits for which; refuse the call if its loop waits for a caller's."""
    waiting = {each.loop for each in callers}
    seen: set[asyncio.AbstractEventLoop] = set()
    while loop not in seen:
        if loop in waiting:
            raise RuntimeError(_WAITS_FOR_ITSELF)
        seen.add(loop)
        if (blocked := _blocked.get(loop)) is not None:
            loop = blocked.waits_for
