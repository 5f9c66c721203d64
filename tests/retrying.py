"""What the tests of retries, deadlines and exactly-once creation have in common."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

from videsk_rooms import AsyncVidesk, Retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from videsk_rooms._emulator.messages import Operation
    from videsk_rooms.sandbox import Sandbox

    Fail: TypeAlias = Callable[[Sandbox, Operation | None], object]

LATE = 60.0
"""Seconds that no test waits for in vain."""

TOO_LONG = 11 * 1024 * 1024
ATTEMPTS = 4
FAST = Retry(attempts=ATTEMPTS, base_delay=0.01, max_delay=0.05)
ID = "64f1a2b3c4d5e6f7a8b9c0d1"


def client(sandbox: Sandbox, **options: Any) -> AsyncVidesk:
    """Make a client that tries again soon, and is not paced unless asked for."""
    return AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, **{"retry": FAST, "rate_limit": None, **options}
    )


# Each loses the answer to a request that was processed, or that nobody can tell of.
LOST: dict[str, Fail] = {
    "dropped after": lambda sandbox, on: sandbox.faults.drop("after", on=on),
    "reset after": lambda sandbox, on: sandbox.faults.drop("after", reset=True, on=on),
    "truncated": lambda sandbox, on: sandbox.faults.truncated(on=on),
    "truncated at once": lambda sandbox, on: sandbox.faults.truncated(keep=0.0, on=on),
    "no HTTP": lambda sandbox, on: sandbox.faults.garbage_line(processed=True, on=on),
    "enormous": lambda sandbox, on: sandbox.faults.enormous(TOO_LONG, on=on),
    "enormous, gzip": lambda sandbox, on: sandbox.faults.enormous(TOO_LONG, gzip=True, on=on),
    "500": lambda sandbox, on: sandbox.faults.status(500, processed=True, on=on),
    "502 as a page": lambda sandbox, on: sandbox.faults.status(
        502, html=True, processed=True, on=on
    ),
    "504": lambda sandbox, on: sandbox.faults.status(504, processed=True, on=on),
    "524": lambda sandbox, on: sandbox.faults.status(524, html=True, processed=True, on=on),
    "408": lambda sandbox, on: sandbox.faults.status(408, processed=True, on=on),
}
# A success in name; only where the answer is read does it count as lost.
UNREADABLE: dict[str, Fail] = {
    "garbage": lambda sandbox, on: sandbox.faults.garbage(on=on),
    "empty": lambda sandbox, on: sandbox.faults.empty(on=on),
}
# Not processed, though only some of them say so.
UNDONE: dict[str, Fail] = {
    "dropped before": lambda sandbox, on: sandbox.faults.drop("before", on=on),
    "reset before": lambda sandbox, on: sandbox.faults.drop(reset=True, on=on),
    "no HTTP before": lambda sandbox, on: sandbox.faults.garbage_line(on=on),
    "503": lambda sandbox, on: sandbox.faults.status(503, on=on),
    "425": lambda sandbox, on: sandbox.faults.status(425, on=on),
    "429": lambda sandbox, on: sandbox.faults.status(429, on=on),
    "429 as a page": lambda sandbox, on: sandbox.faults.status(429, html=True, on=on),
}
SAID_UNDONE = frozenset({"425", "429", "429 as a page"})


async def outcome_of(call: Awaitable[object]) -> object:
    """Return what a call returns or raises."""
    (outcome,) = await asyncio.gather(call, return_exceptions=True)
    return outcome
