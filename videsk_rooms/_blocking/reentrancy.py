"""Refuses blocking calls that would deadlock.

A hook runs in the event loop of its client, and a blocking call in it blocks that loop. If it
calls a second blocking client, whose hook calls the first, each loop waits for the other, and no
deadline is noticed any more. Such a call is refused.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Standstill:
    """A loop that stands still until another has made a call."""

    def __init__(self, loop: asyncio.AbstractEventLoop, until: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.until = until


_WAITS_FOR_ITSELF = (
    "a blocking client was called from its own event loop, or by what that loop waits for, so that "
    "it would wait for itself; in hooks and in a callable given as api_token use AsyncVidesk"
)
_standstills: dict[asyncio.AbstractEventLoop, _Standstill] = {}
# Goes along into the call, and from there into the threads in which callables of the user run.
_behind: ContextVar[tuple[_Standstill, ...]] = ContextVar("videsk_rooms_standstills", default=())


@contextmanager
def waiting_for(target: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Wait for a call in a loop; the running loop, if there is one, stands still meanwhile.

    Raises:
        RuntimeError: The call would never be made, for its loop waits for this one.
    """
    behind = tuple(each for each in _behind.get() if _standstills.get(each.loop) is each)
    running = asyncio._get_running_loop()
    if running is None:
        _refuse_if_waited_for(target, {each.loop for each in behind})
        yield
        return
    standstill = _Standstill(running, target)
    outer = _standstills.get(running)  # of a call that a signal handler interrupts
    # Noted before it is asked for: of two loops that begin to wait for one another, one finds it.
    _standstills[running] = standstill
    restore = _behind.set((*behind, standstill))
    try:
        _refuse_if_waited_for(target, {running, *(each.loop for each in behind)})
        yield
    finally:
        _behind.reset(restore)
        if outer is None:
            del _standstills[running]
        else:
            _standstills[running] = outer


def _refuse_if_waited_for(
    target: asyncio.AbstractEventLoop, waiting: set[asyncio.AbstractEventLoop]
) -> None:
    """Follow who waits for whom from the loop of a call; refuse the call if that leads back."""
    seen: set[asyncio.AbstractEventLoop] = set()
    loop = target
    while loop not in seen:
        if loop in waiting:
            raise RuntimeError(_WAITS_FOR_ITSELF)
        seen.add(loop)
        standstill = _standstills.get(loop)
        if standstill is None:
            return
        loop = standstill.until
