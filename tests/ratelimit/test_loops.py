"""One client in several event loops, in threads of their own: they share one limit."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
import time
from typing import TYPE_CHECKING, TypeVar

import pytest
import redis

from tests.ratelimit.support import PATIENCE, run
from tests.ratelimit.test_redis import gone
from tests.ratelimit.virtual_time import VirtualLoop
from videsk_rooms import AsyncVidesk, ClosedError, RateLimit
from videsk_rooms._ratelimit import Rank, make_limiter
from videsk_rooms._ratelimit.latency import Latency
from videsk_rooms._ratelimit.limit import Limit, ObservedLimit
from videsk_rooms._ratelimit.limiter import StoreLimiter
from videsk_rooms._ratelimit.memory_store import MemoryStore
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


def limiter_of(rate_limit: RateLimit) -> RateLimiter:
    """Make the limiter of a client whose account nobody else uses."""
    return make_limiter(rate_limit, object(), lambda: "a-token")


@pytest.fixture(params=["in process", "file", "redis"])
def rate_limit(request: pytest.FixtureRequest, tmp_path: Path) -> RateLimit:
    """Each way of sharing."""
    shared = None
    if request.param == "file":
        shared = f"file:{tmp_path / 'limit'}"
    if request.param == "redis":
        shared = request.getfixturevalue("own_redis").url
    return RateLimit(LIMIT.requests, LIMIT.per, shared)


def plain() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def eager() -> asyncio.AbstractEventLoop:
    if sys.version_info < (3, 12):
        pytest.skip("Python 3.12 brought eager tasks")
    loop = asyncio.new_event_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    return loop


def of_uvloop() -> asyncio.AbstractEventLoop:
    uvloop = pytest.importorskip("uvloop")
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def run_in(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine as `asyncio.run` does, in a loop of this kind."""
    try:
        return loop.run_until_complete(work)
    finally:
        for task in (left := asyncio.all_tasks(loop)):
            task.cancel()
        loop.run_until_complete(asyncio.wait(left) if left else asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def in_threads(
    work: Callable[[], Coroutine[Any, Any, T]],
    loops: Callable[[], asyncio.AbstractEventLoop] = plain,
    count: int = THREADS,
) -> list[T]:
    """Run a coroutine function in so many loops at the same time."""
    results: list[T] = []
    made = [loops() for _ in range(count)]
    threads = [
        threading.Thread(
            target=lambda loop=loop: results.append(run_in(loop, work())),
            daemon=True,
        )
        for loop in made
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(results) == count
    return results


async def leave(limiter: RateLimiter) -> float:
    """Make a request as a call does; tell when it left."""
    permit = limiter.try_acquire(Rank.INTERACTIVE, "list")
    permit = permit or await limiter.acquire(Rank.INTERACTIVE, "list")
    await permit.commit()
    left = time.monotonic()
    permit.answered(200)
    permit.release()
    return left


@pytest.mark.parametrize("loops", [plain, eager, of_uvloop])
def test_loops_at_the_same_time_share_the_limit(
    rate_limit: RateLimit, loops: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """All are served, and together they keep to it, whatever kind of loop it is."""
    limiter = limiter_of(rate_limit)

    async def work() -> list[float]:
        return await asyncio.gather(*(leave(limiter) for _ in range(CALLS)))

    left = sorted(each for times in in_threads(work, loops) for each in times)
    assert len(left) == THREADS * CALLS
    for earlier, later in zip(left, left[LIMIT.requests :], strict=False):
        assert later - earlier >= APART
    asyncio.run(limiter.close())


def test_loops_one_after_another_share_the_limit(rate_limit: RateLimit) -> None:
    """What left in one counts in the next; none of them leaves anything open."""

    def run_all() -> list[float]:
        limiter = limiter_of(rate_limit)

        async def work() -> list[float]:
            return await asyncio.gather(*(leave(limiter) for _ in range(5)))

        return [each for _ in range(4) for each in asyncio.run(work())]

    left = sorted(run_all())
    for earlier, later in zip(left, left[LIMIT.requests :], strict=False):
        assert later - earlier >= APART
    gc.collect()  # whatever is unclosed says so now, and warnings are errors


async def test_a_loop_closes_its_connections_to_redis(own_redis: RedisServer) -> None:
    """Also when nobody closes the client."""
    with contextlib.closing(redis.Redis.from_url(own_redis.url)) as inside:
        before = len(inside.client_list())
        limiter = limiter_of(RateLimit(shared=own_redis.url))
        await asyncio.to_thread(lambda: [asyncio.run(leave(limiter)) for _ in range(3)])
        await gone(inside, before)
        await leave(limiter)
        assert len(inside.client_list()) == before + 1
        await limiter.close()
        await gone(inside, before)


END = """
    import asyncio, gc, sys
    from videsk_rooms import RateLimit
    from videsk_rooms._ratelimit import Rank, make_limiter

    shared, how = sys.argv[1:]

    async def call(limiter):
        permit = await limiter.acquire(Rank.INTERACTIVE, "list")
        await permit.commit()
        permit.answered(200)
        permit.release()

    async def main(limiter):
        tasks = [asyncio.ensure_future(call(limiter)) for _ in range(5)]
        await asyncio.wait(tasks[:2])
        if how == "waiting":
            await asyncio.sleep(0.05)
        if how == "cancelled":
            for task in tasks:
                task.cancel()
            await asyncio.sleep(0)
        return limiter

    for turn in range(3):
        name = f"{shared}.{turn}" if shared.startswith("file:") else shared or None
        rate_limit = RateLimit(2, per=60.0, shared=name)
        asyncio.run(main(make_limiter(rate_limit, object(), lambda: f"token-{turn}")))
        gc.collect()
"""


@pytest.mark.parametrize("how", ["at once", "waiting", "cancelled"])
def test_a_loop_that_ends_in_the_midst_says_nothing(rate_limit: RateLimit, how: str) -> None:
    """While the store is told something, and while others wait; nobody closes the client."""
    assert run(END, rate_limit.shared or "", how) == ""


def waiting_in_a_thread(limiter: RateLimiter, waits: threading.Event) -> str:
    """Wait for a permit in another loop; tell how the wait ended."""

    async def wait() -> str:
        task = asyncio.ensure_future(leave(limiter))
        await asyncio.sleep(0)
        waits.set()
        try:
            await task
        except ClosedError:
            return "closed"
        return "left"

    return asyncio.run(wait())


async def test_closing_ends_the_waiting_in_another_loop(rate_limit: RateLimit) -> None:
    """Told there, by whichever loop closes the client; it need not have waited itself."""
    limiter = limiter_of(RateLimit(1, per=1000.0, shared=rate_limit.shared))
    await leave(limiter)
    waits = threading.Event()
    other = asyncio.ensure_future(asyncio.to_thread(waiting_in_a_thread, limiter, waits))
    await asyncio.to_thread(waits.wait, PATIENCE)
    await limiter.close()
    assert await other == "closed"
    with pytest.raises(ClosedError):
        await limiter.acquire(Rank.INTERACTIVE, "list")


async def test_a_place_given_back_in_one_loop_serves_another(rate_limit: RateLimit) -> None:
    """Whoever waits there asks again before a window is over."""
    limiter = limiter_of(RateLimit(1, per=1000.0, shared=rate_limit.shared))
    connecting = await limiter.acquire(Rank.INTERACTIVE, "list")
    waits = threading.Event()
    began = time.monotonic()
    other = asyncio.ensure_future(asyncio.to_thread(waiting_in_a_thread, limiter, waits))
    await asyncio.to_thread(waits.wait, PATIENCE)
    connecting.release()
    assert await asyncio.wait_for(other, PATIENCE) == "left"
    assert time.monotonic() - began < PATIENCE / 2
    await limiter.close()


async def test_a_coroutine_collected_in_another_thread_waits_no_more(
    rate_limit: RateLimit,
) -> None:
    """Its place in the order is free, and whoever waits behind it is asked for."""
    limiter = limiter_of(RateLimit(1, per=1.0, shared=rate_limit.shared))
    await leave(limiter)
    thrown_away = limiter.acquire(Rank.INTERACTIVE, "list")
    thrown_away.send(None)
    behind = asyncio.ensure_future(leave(limiter))
    await asyncio.sleep(0.01)
    assert limiter.waiting == 2
    await asyncio.to_thread(thrown_away.close)
    assert limiter.waiting == 1
    began = time.monotonic()
    assert await behind - began < 1.5
    await limiter.close()


def test_a_loop_that_stands_still_holds_up_no_other() -> None:
    """Its caller waits on when it runs again."""
    limiter = limiter_of(RateLimit(1, per=0.2))
    still = asyncio.new_event_loop()

    async def occupy() -> asyncio.Task[float]:
        await leave(limiter)
        task = asyncio.ensure_future(leave(limiter))
        await asyncio.sleep(0.01)
        return task

    task = still.run_until_complete(occupy())
    passed = asyncio.run(leave(limiter))
    assert still.run_until_complete(task) >= passed + 0.2
    still.close()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 brought eager tasks")
def test_a_coroutine_collected_while_the_store_is_told_does_not_ask_it() -> None:
    """Collected at any moment, it would wait for a lock that its own thread holds."""
    loop = VirtualLoop()
    thrown_away: list[Coroutine[Any, Any, Any]] = []

    def clock() -> float:
        while thrown_away:
            thrown_away.pop().close()
        return loop.time()

    store = MemoryStore(clock)
    first, second = (
        StoreLimiter(ObservedLimit(Limit(1, 1.0)), Latency(), lambda: store, clock=loop.time)
        for _ in range(2)
    )

    async def main() -> None:
        loop.set_task_factory(asyncio.__dict__["eager_task_factory"])
        waiting = [first.acquire(Rank.INTERACTIVE, "list") for _ in range(2)]
        permit = await first.acquire(Rank.INTERACTIVE, "list")
        await permit.commit()
        permit.answered(200)
        for each in waiting:
            each.send(None)
        thrown_away.append(waiting.pop())
        assert second.try_acquire(Rank.INTERACTIVE, "list") is None
        assert first.waiting == 1
        waiting.pop().close()
        await second.acquire(Rank.INTERACTIVE, "list")
        await first.close()
        await second.close()

    loop.run_until_complete(main())
    loop.close()


def test_a_client_in_many_loops_keeps_to_the_limit_of_the_server() -> None:
    """With the limit that it has by default."""
    with Sandbox(rate=20, window="sliding") as sandbox:
        client = AsyncVidesk(sandbox.api_token, base_url=sandbox.url)

        async def work() -> None:
            await asyncio.gather(*(client.rooms.list(limit=1) for _ in range(15)))

        in_threads(work)
        assert [each.status for each in sandbox.requests].count(200) == THREADS * 15
        asyncio.run(client.close())
