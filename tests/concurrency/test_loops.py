"""One awaited client in several event loops, one after another and at the same time."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING

import pytest

from tests import inside
from tests.waiting import until
from videsk_rooms import AsyncVidesk, ClosedError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from videsk_rooms.sandbox import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[AsyncVidesk]:
    """A client that nobody closes: each loop's connections end with the loop."""
    yield AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=None)
    gc.collect()  # whatever is unclosed says so now, and warnings are errors


async def call(client: AsyncVidesk) -> None:
    """Make calls at the same time."""
    await asyncio.gather(*(client.rooms.list(limit=1) for _ in range(5)))


def in_thread(work: Coroutine[None, None, None]) -> threading.Thread:
    """Run a coroutine in a loop of a thread of its own."""
    thread = threading.Thread(target=asyncio.run, args=(work,))
    thread.start()
    return thread


def test_a_client_works_in_loops_one_after_another(sandbox: Sandbox, client: AsyncVidesk) -> None:
    """`asyncio.run` called thrice: no "Event loop is closed", no "Unclosed client session"."""
    for _ in range(3):
        asyncio.run(call(client))
    assert len(sandbox.requests) == 15


def test_a_client_works_in_loops_at_the_same_time(sandbox: Sandbox, client: AsyncVidesk) -> None:
    """As a web application's threads do."""
    threads = [in_thread(call(client)) for _ in range(8)]
    for thread in threads:
        thread.join()
    assert len(sandbox.requests) == 40


def test_a_loop_that_ended_leaves_nothing_in_the_client(client: AsyncVidesk) -> None:
    """Its session is closed with it, and let go of when another loop needs one."""
    for _ in range(5):
        asyncio.run(call(client))
    assert len(inside.sessions(client)) == 1


async def test_closing_in_one_loop_closes_the_connections_of_the_others(
    sandbox: Sandbox, client: AsyncVidesk
) -> None:
    """Each in its own loop, while that loop runs."""
    called, closed = threading.Event(), threading.Event()

    async def elsewhere() -> None:
        await call(client)
        session = inside.session_here(client)
        assert session is not None
        called.set()
        await until(lambda: session.closed)
        closed.set()

    await call(client)
    thread = in_thread(elsewhere())
    await asyncio.to_thread(called.wait)
    await client.close()
    assert await asyncio.to_thread(closed.wait, 20)
    await asyncio.to_thread(thread.join)
    with pytest.raises(ClosedError):
        await client.rooms.list()


def test_a_call_of_another_loop_ends_when_the_client_closes(
    sandbox: Sandbox, client: AsyncVidesk
) -> None:
    """With the error that says so, in the loop that waits."""
    sandbox.faults.delay(60, times=None)
    ended: list[Exception] = []

    async def waiting() -> None:
        try:
            await client.rooms.list()
        except ClosedError as error:
            ended.append(error)

    thread = in_thread(waiting())
    while not len(sandbox.requests):
        thread.join(0.005)
    asyncio.run(client.close())
    thread.join(20)
    assert len(ended) == 1


def test_closing_while_another_loop_stands_still_waits_for_nobody(client: AsyncVidesk) -> None:
    """Its connections close when it runs again."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(call(client))
    (session,) = inside.sessions(client)
    asyncio.run(client.close())
    assert not session.closed
    loop.run_until_complete(asyncio.sleep(0.05))
    assert session.closed
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def test_a_loop_that_goes_on_after_the_end_of_its_generators_gets_connections_anew(
    client: AsyncVidesk,
) -> None:
    """The session was closed together with them."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(call(client))
    loop.run_until_complete(loop.shutdown_asyncgens())
    with pytest.warns(ResourceWarning, match="shutdown_asyncgens"):  # asyncio's own
        loop.run_until_complete(call(client))
    loop.run_until_complete(client.close())
    loop.close()


def test_a_callable_gives_its_token_in_every_loop(sandbox: Sandbox) -> None:
    """Asked once, and again after a 401, in whichever loop that happens."""
    asked: list[int] = []

    async def ask() -> str:
        asked.append(1)
        return sandbox.api_token

    client = AsyncVidesk(ask, base_url=sandbox.url, rate_limit=None)
    for _ in range(3):
        asyncio.run(call(client))
    assert len(asked) == 1
