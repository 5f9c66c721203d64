"""One client in several event loops, in threads of their own: they share one limit."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from typing import TYPE_CHECKING, TypeVar

import pytest
import redis

from tests.ratelimit.support import PATIENCE
from tests.ratelimit.test_redis import gone
from tests.support import TOKEN
from videsk_rooms import AsyncVidesk, ClosedError, RateLimit
from videsk_rooms._http.tokens import account_of, token_source
from videsk_rooms._ratelimit import make_limiter
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.memory_store import MemoryLimiter
from videsk_rooms._ratelimit.queue import WaitQueue
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from typing import Any

    from tests.ratelimit.redis_server import RedisServer
    from videsk_rooms._ratelimit import RateLimiter

T = TypeVar("T")

LIMIT = RateLimit(8, per=0.4)
# Times are taken after requests have left, on a machine that may stall in between; without a limit
# in common all would leave at once.
APART = LIMIT.per / 2
THREADS, CALLS = 4, 8


@pytest.fixture(params=["in process", "file", "redis"])
def rate_limit(request: pytest.FixtureRequest, tmp_path: Path) -> RateLimit:
    """Each way of pacing."""
    shared = None
    if request.param == "file":
        shared = f"file:{tmp_path / 'pace'}"
    if request.param == "redis":
        shared = request.getfixturevalue("own_redis").url
    return RateLimit(LIMIT.requests, LIMIT.per, shared)


def in_threads(work: Callable[[], Coroutine[Any, Any, T]], count: int = THREADS) -> list[T]:
    """Run a coroutine function in so many loops at the same time."""
    results: list[T] = []
    threads = [
        threading.Thread(target=lambda: results.append(asyncio.run(work())), daemon=True)
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(results) == count
    return results


async def leave(pacing: RateLimiter) -> float:
    """Send a request that has its connection; tell when it left."""
    departure = pacing.try_acquire() or await pacing.acquire()
    await departure.leave()
    departure.over()
    return time.monotonic()


def test_loops_at_the_same_time_share_the_limit(rate_limit: RateLimit) -> None:
    """All are served, and together they keep to it."""
    pacing = make_limiter(rate_limit, account_of(token_source(TOKEN)))

    async def work() -> list[float]:
        return await asyncio.gather(*(leave(pacing) for _ in range(CALLS)))

    left = sorted(each for times in in_threads(work) for each in times)
    assert len(left) == THREADS * CALLS
    for earlier, later in zip(left, left[LIMIT.requests :], strict=False):
        assert later - earlier >= APART
    asyncio.run(pacing.close())


def test_loops_one_after_another_share_the_limit(rate_limit: RateLimit) -> None:
    """What left in one counts in the next; none of them leaves anything open."""

    def run_all() -> list[float]:
        pacing = make_limiter(rate_limit, account_of(token_source(TOKEN)))

        async def work() -> list[float]:
            return await asyncio.gather(*(leave(pacing) for _ in range(5)))

        return [each for _ in range(4) for each in asyncio.run(work())]

    left = sorted(run_all())
    for earlier, later in zip(left, left[LIMIT.requests :], strict=False):
        assert later - earlier >= APART
    gc.collect()  # whatever is unclosed says so now, and warnings are errors


async def test_a_loop_closes_its_connections_to_redis(own_redis: RedisServer) -> None:
    """Also when nobody closes the client."""
    with contextlib.closing(redis.Redis.from_url(own_redis.url)) as inside:
        before = len(inside.client_list())
        pacing = make_limiter(RateLimit(shared=own_redis.url), account_of(token_source(TOKEN)))
        await asyncio.to_thread(lambda: [asyncio.run(leave(pacing)) for _ in range(3)])
        await gone(inside, before)
        await leave(pacing)
        assert len(inside.client_list()) == before + 1
        await pacing.close()
        await gone(inside, before)


def held(pacing: RateLimiter, waiting: threading.Event) -> Coroutine[Any, Any, str]:
    """Wait for a turn; tell how the wait ended."""

    async def wait() -> str:
        task = asyncio.ensure_future(leave(pacing))
        await asyncio.sleep(0)
        waiting.set()
        try:
            await task
        except ClosedError:
            return "closed"
        return "left"

    return wait()


async def test_closing_sends_home_who_waits_in_another_loop(rate_limit: RateLimit) -> None:
    """Told there, by whichever loop closes the client; it need not have waited itself."""
    long = RateLimit(1, per=1000.0, shared=rate_limit.shared)
    pacing = make_limiter(long, account_of(token_source(TOKEN)))
    await leave(pacing)
    waiting = threading.Event()
    other = asyncio.ensure_future(asyncio.to_thread(asyncio.run, held(pacing, waiting)))
    await asyncio.to_thread(waiting.wait, PATIENCE)
    await pacing.close()
    assert await other == "closed"
    with pytest.raises(ClosedError):
        await pacing.acquire()


async def test_a_place_given_back_in_one_loop_serves_another() -> None:
    """Whoever waits there is woken up at once."""
    pacing = MemoryLimiter(Limit(1, 1000.0))
    connecting = pacing.try_acquire()
    assert connecting is not None
    waiting = threading.Event()
    other = asyncio.ensure_future(asyncio.to_thread(asyncio.run, held(pacing, waiting)))
    await asyncio.to_thread(waiting.wait, PATIENCE)
    connecting.over()
    assert await asyncio.wait_for(other, PATIENCE) == "left"


async def test_a_place_that_comes_too_late_is_given_on() -> None:
    """Its caller in another loop was cancelled before it could be told."""
    pacing = MemoryLimiter(Limit(1, 1000.0))
    connecting = pacing.try_acquire()
    assert connecting is not None
    waiting, called_up = threading.Event(), threading.Event()

    async def walk_off() -> None:
        task = asyncio.ensure_future(leave(pacing))
        await asyncio.sleep(0)
        waiting.set()
        called_up.wait(PATIENCE)  # keeps the loop from hearing of it
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)

    other = asyncio.ensure_future(asyncio.to_thread(asyncio.run, walk_off()))
    await asyncio.to_thread(waiting.wait, PATIENCE)
    connecting.over()
    called_up.set()
    await other
    assert pacing._leaving.total() == 0
    assert pacing.try_acquire() is not None


def test_a_place_for_a_loop_that_has_just_closed_is_given_on() -> None:
    """Nobody is there to be told."""
    given_on: list[str] = []
    line = WaitQueue[str](lambda: None, unused=given_on.append)
    loop = asyncio.new_event_loop()
    waiting: asyncio.Future[str] = loop.create_future()
    loop.close()
    line.wake(waiting, "a place")
    assert given_on == ["a place"]


def test_a_loop_that_stands_still_holds_up_no_other() -> None:
    """Its caller keeps its turn for when it runs again."""
    pacing = MemoryLimiter(Limit(1, 0.2))
    still = asyncio.new_event_loop()

    async def occupy() -> asyncio.Task[float]:
        await leave(pacing)
        task = asyncio.ensure_future(leave(pacing))
        await asyncio.sleep(0)
        return task

    task = still.run_until_complete(occupy())
    passed = asyncio.run(leave(pacing))
    assert still.run_until_complete(task) >= passed + 0.2
    still.close()


def test_a_client_in_many_loops_keeps_to_the_limit_of_the_server() -> None:
    """With the pacing that it has by default."""
    with Sandbox(rate=20, window="sliding") as sandbox:
        client = AsyncVidesk(sandbox.api_token, base_url=sandbox.url)

        async def work() -> None:
            await asyncio.gather(*(client.rooms.list(limit=1) for _ in range(15)))

        in_threads(work)
        assert [each.status for each in sandbox.requests].count(200) == THREADS * 15
        asyncio.run(client.close())
