"""The limit of one client in several loops, of which some end in the middle of a call."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from videsk_rooms import AsyncVidesk, RateLimit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.sandbox import Sandbox


@pytest.fixture
def stopped() -> Iterator[list[asyncio.Task[Any]]]:
    """Tasks of loops that run no more; asyncio would complain of them."""
    tasks: list[asyncio.Task[Any]] = []
    yield tasks
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own


def paced(sandbox: Sandbox, per: float) -> AsyncVidesk:
    """Make a client that may send one request in so many seconds."""
    rate_limit = RateLimit(requests=1, per=per)
    return AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=rate_limit, timeout=20)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("closed", [True, False])
def test_a_loop_that_ends_before_its_request_has_left_takes_no_slot_along(
    sandbox: Sandbox, stopped: list[asyncio.Task[Any]], steps: int, closed: bool
) -> None:
    """Wherever it stood; otherwise nobody could leave any more."""
    client = paced(sandbox, per=0.01)
    loop = asyncio.new_event_loop()
    stopped.append(loop.create_task(client.rooms.list()))
    for _ in range(steps):
        loop.run_until_complete(asyncio.sleep(0))
    if closed:
        loop.close()

    async def call() -> None:
        await client.rooms.list()

    asyncio.run(call())
    if not closed:
        loop.run_until_complete(asyncio.wait(stopped))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@pytest.mark.parametrize("closed", [True, False])
def test_a_waiter_is_woken_though_the_loop_of_the_first_has_stopped(
    sandbox: Sandbox, stopped: list[asyncio.Task[Any]], closed: bool
) -> None:
    """The timer for both may have been set there."""
    client = paced(sandbox, per=0.5)
    other = asyncio.new_event_loop()
    waits = threading.Event()

    async def wait_in_line() -> None:
        await client.rooms.list()
        stopped.append(asyncio.create_task(client.rooms.list()))
        await asyncio.sleep(0.05)
        waits.set()
        await asyncio.sleep(0.2)  # while the second caller comes

    def run() -> None:
        other.run_until_complete(wait_in_line())
        if closed:
            other.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert waits.wait(20)

    async def call() -> None:
        await client.rooms.list()

    asyncio.run(call())
    thread.join()
    assert len(sandbox.requests) == 2
    if not closed:
        other.run_until_complete(asyncio.wait(stopped))
        other.run_until_complete(other.shutdown_asyncgens())
        other.close()
