"""Questions to stores. It imports little, for scripts in processes of their own."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from videsk_rooms._ratelimit.schedule import Ask, Message, Rank

if TYPE_CHECKING:
    from videsk_rooms._ratelimit.limit import Limit
    from videsk_rooms._ratelimit.store import Store


def ask(
    number: object, limit: Limit, rank: Rank = Rank.INTERACTIVE, *, waited: float = 0.0
) -> Message:
    """Ask for a permit, on a path that takes no time."""
    return Message(ask=Ask(str(number), rank, waited, limit.requests, limit.per, 0.0, 0.0))


async def permitted(
    store: Store, number: object, limit: Limit, rank: Rank = Rank.INTERACTIVE
) -> None:
    """Ask again and again until a permit is given."""
    came = time.monotonic()
    while True:
        waited = time.monotonic() - came
        wait = await store.apply(ask(number, limit, rank, waited=waited))
        if wait == 0:
            return
        await asyncio.sleep(wait)
