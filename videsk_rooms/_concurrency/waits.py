"""Refuses a wait that would complete a deadlock.

A hook runs in the event loop of its client, and a blocking call in it blocks that loop. If it calls
a second blocking client, whose hook calls the first, each loop waits for the other. A callable for
the token that calls its own client waits for itself. No deadline is noticed then.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


@attrs.define(eq=False)
class Waiter:
    """Something that cannot continue before some code ends.

    Attributes:
        thing: A loop that the code blocks, or the work that it does; `None`: it no longer waits.
    """

    thing: object


# Those that wait for the current code: inherited by its tasks, threads, and calls in other loops.
_waiters: ContextVar[tuple[Waiter, ...]] = ContextVar("videsk_rooms_waiters", default=())
# Which thing waits for which.
_waits: list[tuple[object, object]] = []


def add_waiter(waiter: Waiter) -> None:
    """Record in the current context what waits for its code."""
    others = (each for each in _waiters.get() if each.thing is not None)
    _waiters.set((*others, waiter))


def waiting_for(
    thing: object, refusal: str, *, blocks: object = None
) -> AbstractContextManager[None]:
    """Wait for a thing, as a context manager.

    Args:
        thing: The loop or the work to wait for.
        refusal: The text of the error.
        blocks: The loop that the wait blocks; `None` for none.

    Raises:
        RuntimeError: The thing waits for the current code, so the wait would never end.
    """
    # Hardly ever does anything wait for the current code.
    is_needed = blocks is not None or _waiters.get()
    return _waiting_for(thing, refusal, blocks) if is_needed else nullcontext()


@contextmanager
def _waiting_for(thing: object, refusal: str, blocks: object) -> Iterator[None]:
    blocked = Waiter(blocks)
    if blocks is not None:
        add_waiter(blocked)
    waiting = {each.thing for each in _waiters.get()} - {None}
    waits = [(each, thing) for each in waiting]
    # Added before the check: of two that start to wait for each other, one finds the other.
    _waits.extend(waits)
    try:
        if _leads_to(thing, waiting):
            raise RuntimeError(refusal)
        yield
    finally:
        blocked.thing = None
        for wait in waits:
            _waits.remove(wait)


def _leads_to(thing: object, others: set[object]) -> bool:
    """Return whether a thing is one of the others, or waits for one, directly or not."""
    waits, seen, ahead = list(_waits), set[object](), [thing]
    while ahead:
        found = ahead.pop()
        if found in others:
            return True
        if found not in seen:
            seen.add(found)
            ahead += [waited_for for waiting, waited_for in waits if waiting is found]
    return False
