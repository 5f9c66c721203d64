"""At rest a client has nothing, and after thousands of calls or hundreds of clients no more.

Objects are counted: by type where Python's collector knows them, as blocks of memory where it does
not. What is too large for a block is traced. All of it is compared while the client is open and at
rest, because what it kept would go with it.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import sys
import threading
import tracemalloc
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.payloads import ROOM_ID
from tests.benchmarks.server import serving
from tests.blocking.support import blocking_client, loop_threads, tasks_of
from tests.chaos.watch import check_connections, check_tasks, watching
from tests.waiting import wait_until
from videsk_rooms import AsyncVidesk, AttemptEvent, Hooks, NotFoundError, RateLimit, Videsk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms.sandbox import Sandbox

CALLS, CLIENTS, SOME = 4_000, 500, 400
# Paced, and never waiting. The limiter remembers the requests of a window: here hardly any, of a
# window of a second as many as the machine has let through in it, more or less in each round.
FAST = RateLimit(requests=10_000, per=0.001)

_thread_for_thread = pytest.mark.skipif(
    "'coverage' in sys.modules and sys.modules['coverage'].Coverage.current()",  # when it runs
    reason="coverage.py keeps a tracer of each thread; this runs where it does not measure",
)
AT_ONCE, THREADS = 16, 4


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server in a process of its own, whose objects are not counted here."""
    with serving() as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Videsk]:
    """A blocking client that is not paced, with its connections."""
    with Videsk("a-token", base_url=url, rate_limit=None) as client:
        get_in_threads(client, SOME)
        yield client


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """See that no thread, descriptor or complaint is left by a test."""
    findings: list[str] = []
    with watching(findings):
        yield
    assert findings == []


# -- counting -------------------------------------------------------------------------------------


def rounds(times: int) -> Iterator[None]:
    """Have something done so many times, until a round of it leaves nothing; six times at most.

    Free lists, caches and cancelled timers that asyncio has yet take some hundred objects, more or
    less. They do not grow in every round by a quarter of the times; what is kept of each time does.
    """
    grown: dict[str, int] = {}
    for _ in range(6):
        held = _Held()
        yield
        grown = held.grown(at_least=times // 4)
        if not grown:
            return
    raise AssertionError(f"of {times} times is left: {grown}")


class _Held:
    """What this process holds, once all is collected that can be."""

    def __init__(self) -> None:
        gc.collect()
        self._objects = _objects()
        self._blocks = sys.getallocatedblocks()  # last, for to have counted takes some

    def grown(self, *, at_least: int) -> dict[str, int]:
        gc.collect()
        more = {"blocks": sys.getallocatedblocks() - self._blocks}
        for kind, count in (_objects() - self._objects).items():
            more[kind.__qualname__] = count
        return {what: count for what, count in more.items() if count >= at_least}


def _objects() -> Counter[type]:
    return Counter(map(type, gc.get_objects()))


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Trace all memory; give what tells by how many bytes it has grown."""
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()

        def grown() -> int:
            gc.collect()
            return tracemalloc.get_traced_memory()[0] - before

        yield grown
    finally:
        tracemalloc.stop()


# -- calling --------------------------------------------------------------------------------------


async def get(client: AsyncVidesk, count: int) -> None:
    """Make so many calls, several at once."""

    async def caller() -> None:
        for _ in range(count // AT_ONCE):
            await client.rooms.get(ROOM_ID)

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


def get_in_threads(client: Videsk, count: int) -> None:
    """Make so many calls in several threads."""

    def caller() -> None:
        for _ in range(count // THREADS):
            client.rooms.get(ROOM_ID)

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(caller) for _ in range(THREADS)]:
            future.result()


def page(client: Videsk) -> bytes:
    """Get a hundred rooms as bytes."""
    return client.request("GET", "/vpaas/rooms", query={"$limit": 100}).body


# -- before the first call ------------------------------------------------------------------------


@pytest.mark.parametrize("make", [AsyncVidesk, Videsk])
async def test_a_client_that_was_only_made_has_nothing(
    make: type[AsyncVidesk | Videsk], url: str
) -> None:
    """No thread, no socket, no task: clients may be made early, and before a fork."""
    threads, tasks = set(threading.enumerate()), asyncio.all_tasks()
    findings: list[str] = []
    with watching(findings):
        client = make("a-token", base_url=url)
    assert findings == []
    assert (set(threading.enumerate()), asyncio.all_tasks()) == (threads, tasks)
    del client


# -- after many calls -----------------------------------------------------------------------------


async def test_awaited_calls_leave_nothing(url: str) -> None:
    """Neither while the client is at rest nor when it is closed."""
    findings: list[str] = []
    async with AsyncVidesk("a-token", base_url=url, rate_limit=None) as client:
        await get(client, SOME)
        for _ in rounds(CALLS):
            await get(client, CALLS)
        await check_connections(client, findings)
        await check_tasks(findings)
    await check_tasks(findings)
    assert findings == []


def test_blocking_calls_leave_nothing(client: Videsk) -> None:
    """Nor do those of several threads."""
    for _ in rounds(CALLS):
        get_in_threads(client, CALLS)
    assert tasks_of(client) == []
    assert len(loop_threads()) == 1


def test_paced_calls_leave_nothing(client: Videsk) -> None:
    """Nor do those that had to stand in line; of a window, its departures are known."""
    waits = Counter[str]()
    pace = RateLimit(requests=50, per=0.2)
    hooks = Hooks(on_pace=lambda event: waits.update([event.operation]))
    paced = client.with_options(rate_limit=pace, hooks=hooks)
    get_in_threads(paced, 2 * pace.requests)
    for _ in rounds(SOME):
        get_in_threads(paced, SOME)
    assert waits["rooms.get"] > 0


def test_calls_that_fail_leave_nothing(sandbox: Sandbox) -> None:
    """An error goes with the last reference to it, and its traceback too."""
    with blocking_client(sandbox) as client:
        for _ in rounds(SOME):
            for _ in range(SOME):
                with pytest.raises(NotFoundError):
                    client.rooms.get(ROOM_ID)
            sandbox.requests.clear()


def test_bodies_leave_nothing(client: Videsk) -> None:
    """A hundred pages do not take the memory of ten."""
    size = len(page(client))
    with traced() as grown:
        for _ in range(100):
            page(client)
        assert grown() < 10 * size


# -- after many clients ---------------------------------------------------------------------------


async def test_awaited_clients_that_were_closed_leave_nothing(url: str) -> None:
    """Made, used once and closed, in one loop."""
    for _ in rounds(CLIENTS):
        for _ in range(CLIENTS):
            async with AsyncVidesk("a-token", base_url=url, rate_limit=FAST) as client:
                await client.rooms.get(ROOM_ID)
    findings: list[str] = []
    await check_tasks(findings)
    assert findings == []


@_thread_for_thread
def test_blocking_clients_that_were_closed_leave_nothing(url: str) -> None:
    """Each has had a thread, which has ended."""
    for _ in rounds(CLIENTS):
        for _ in range(CLIENTS):
            with Videsk("a-token", base_url=url, rate_limit=FAST) as client:
                client.rooms.get(ROOM_ID)
        assert loop_threads() == []


@_thread_for_thread
def test_blocking_clients_that_were_dropped_leave_nothing(url: str) -> None:
    """Nobody closed them; their threads and connections have gone with them."""
    for _ in rounds(CLIENTS):
        for _ in range(CLIENTS):
            Videsk("a-token", base_url=url, rate_limit=FAST).rooms.get(ROOM_ID)
        wait_until(lambda: loop_threads() == [])


def test_clients_that_were_never_used_leave_nothing() -> None:
    """Nor do copies of a client, or what comes of its pickle."""
    client = Videsk("a-token")
    for _ in rounds(CLIENTS):
        for _ in range(CLIENTS):
            Videsk("a-token")
            copy.copy(client)
            pickle.loads(pickle.dumps(client))


def test_views_leave_nothing(client: Videsk) -> None:
    """Nor do those with a pace of their own; the connection is the client's."""
    for _ in rounds(SOME):
        for _ in range(SOME):
            client.with_options(rate_limit=FAST, timeout=9.0).rooms.get(ROOM_ID)


# -- whether it would be found --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "named"),
    [(lambda event: event, "AttemptEvent"), (lambda event: event.attempt.duration, "blocks")],
    ids=["object", "number"],
)
def test_what_is_kept_of_each_call_is_found(
    client: Videsk, keep: Callable[[AttemptEvent], object], named: str
) -> None:
    """One object a call, whether the collector knows its type or not."""
    kept: list[object] = []
    keeping = client.with_options(hooks=Hooks(on_attempt=lambda event: kept.append(keep(event))))

    def call() -> None:
        for _ in rounds(SOME):
            get_in_threads(keeping, SOME)

    with pytest.raises(AssertionError, match=f"'{named}': [1-9]"):
        call()


def test_bodies_that_are_kept_are_found(client: Videsk) -> None:
    """Every tenth would be enough."""
    with traced() as grown:
        kept = [page(client) for _ in range(10)]
        assert grown() >= sum(map(len, kept))
