"""What the tests of stocks of access tokens have in common."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from videsk_rooms import AsyncAccessStock, RoomAccess
    from videsk_rooms.sandbox import Sandbox

LATE = 30.0
"""Seconds that no test waits for in vain."""

HOUR = timedelta(hours=1)


async def full(stock: AsyncAccessStock) -> None:
    """Wait until a stock is full."""
    await until(lambda: stock.level == stock.size)


def tokens(accesses: Iterable[RoomAccess]) -> set[str]:
    """Return the tokens, each once."""
    return {access.access_token for access in accesses}


def operations(sandbox: Sandbox) -> Counter[str | None]:
    """Count the requests by operation."""
    return Counter(request.operation for request in sandbox.requests)
