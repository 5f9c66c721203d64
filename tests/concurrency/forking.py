"""Programs that fork, each given the URL and the token of a sandbox; `test_fork.py` runs them.

Each says nothing and ends with 0 if all went well, in the parent and in the children. `in_c` has
them fork in C, without the hooks that Python's own fork runs, as uWSGI forks its workers.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from tests.waiting import wait_until
from videsk_rooms import AsyncVidesk, ClosedError, Hooks, RateLimit, Videsk
from videsk_rooms._concurrency import fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms import RoomSpec

_FAST = RateLimit(requests=10_000)
_REST = 0.05
fork.PATIENCE = 60.0  # on a busy machine a look-up may take long


def in_child(work: Callable[[], None], *, leave: Callable[[int], NoReturn] = sys.exit) -> None:
    """Do something in a forked child, and see it end well."""
    child = os.fork()
    if child == 0:
        # What fails or hangs here must not go on as if it were the parent.
        signal.alarm(60)
        try:
            work()
        except Exception:
            traceback.print_exc()
            os._exit(1)
        leave(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with {status}"


def in_c() -> None:
    """Have all forks be made in C from now on; the GIL is held, as Python's own fork holds it.

    Each lets the other threads come to rest: a loop that has just woken its caller still wants the
    GIL, and that no child survives (see `NOT_IN_C`). uWSGI forks when the application is loaded.
    """
    fork_in_c = ctypes.PyDLL(None).fork

    def rested() -> int:
        time.sleep(_REST)
        child: int = fork_in_c()
        return child

    os.fork = rested


def used_before(url: str, token: str) -> None:
    """A client that was used goes on in the parent and in its children."""
    client = Videsk(token, base_url=url, rate_limit=_FAST)
    room = client.rooms.create(name="before")

    def work() -> None:
        gc.collect()
        assert client.rooms.get(room).name == "before"
        client.rooms.create(name="child")
        gc.collect()

    for leave in (sys.exit, os._exit):
        in_child(work, leave=leave)
        assert client.rooms.get(room).name == "before"
    client.close()


def while_busy(url: str, token: str) -> None:
    """Forking while other threads call harms neither them nor the child."""
    client = Videsk(token, base_url=url, rate_limit=_FAST)
    stop = threading.Event()

    def keep_calling() -> None:
        while not stop.is_set():
            client.rooms.list(limit=1)

    threads = [threading.Thread(target=keep_calling) for _ in range(4)]
    for thread in threads:
        thread.start()

    def work() -> None:
        for _ in range(5):
            client.rooms.list(limit=1)

    for _ in range(5):
        in_child(work)
        client.rooms.list(limit=1)
    stop.set()
    for thread in threads:
        thread.join()
    client.close()


@contextmanager
def slow_look_ups() -> Iterator[tuple[threading.Event, threading.Event]]:
    """Have look-ups take a while; the events tell that the first has begun, and ended."""
    begun, ended = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def look_up_slowly(*arguments: Any, **keywords: Any) -> Any:
        begun.set()
        time.sleep(0.2)
        found = look_up(*arguments, **keywords)
        ended.set()
        return found

    socket.getaddrinfo = look_up_slowly
    try:
        yield begun, ended
    finally:
        socket.getaddrinfo = look_up


def in_a_look_up(url: str, token: str) -> None:
    """A fork waits for the look-up of another thread to end, also in the loop's own thread."""
    client = Videsk(token, base_url=url, rate_limit=_FAST)
    with slow_look_ups() as (begun, ended):
        thread = threading.Thread(target=assert_works, args=(client,))
        thread.start()
        begun.wait()
        in_child(lambda: assert_true(ended.is_set()))
        thread.join()
    client.close()

    async def fork_in_the_loop() -> None:
        async with AsyncVidesk(token, base_url=url, rate_limit=_FAST) as client:
            with slow_look_ups() as (begun, ended):
                call = asyncio.ensure_future(client.rooms.list(limit=1))
                await asyncio.to_thread(begun.wait)
                in_child(lambda: assert_true(ended.is_set()), leave=os._exit)
                await call

    asyncio.run(fork_in_the_loop())


def unused(url: str, token: str) -> None:
    """A client that was only made has no thread yet, and gets one in each process."""
    client = Videsk(token, base_url=url, rate_limit=_FAST)
    assert threading.active_count() == 1
    in_child(lambda: assert_works(client))
    assert_works(client)
    client.close()


def grandchild(url: str, token: str) -> None:
    """A child may fork in turn."""
    client = Videsk(token, base_url=url, rate_limit=_FAST)
    assert_works(client)

    def work() -> None:
        assert_works(client)
        in_child(lambda: assert_works(client))
        assert_works(client)

    in_child(work)
    assert_works(client)
    client.close()


def closing(url: str, token: str) -> None:
    """A child closes its own; what the parent closed before is closed in both."""
    client = Videsk(token, base_url=url, rate_limit=_FAST)
    assert_works(client)
    in_child(client.close)
    assert_works(client)
    client.close()

    def work() -> None:
        try:
            client.rooms.list()
        except ClosedError:
            return
        raise AssertionError("a closed client worked")

    in_child(work)


def iterating(url: str, token: str) -> None:
    """An iteration that the parent has begun is the parent's; the child's copy just ends."""
    client = Videsk(token, base_url=url, rate_limit=_FAST)
    rooms = client.rooms.iter(page_size=2)
    first = next(rooms)

    def work() -> None:
        nonlocal rooms
        del rooms
        gc.collect()
        assert_works(client)

    in_child(work)
    assert first.id not in [room.id for room in rooms]
    client.close()


def read_on(url: str, token: str) -> None:
    """A child that reads on is refused, also while its parent waits to fetch the next page."""
    client = Videsk(token, base_url=url, rate_limit=RateLimit(1, per=0.5))
    rooms = client.rooms.iter(page_size=4)
    first = next(rooms)

    def work() -> None:
        with suppress(ClosedError):
            list(rooms)
            raise AssertionError("the child read its parent's rooms")
        assert_works(client)

    in_child(work)
    assert first.id not in [room.id for room in rooms]
    client.close()


def many(url: str, token: str) -> None:
    """Outcomes that the parent asks for are the parent's; the child asks for its own."""
    client = Videsk(token, base_url=url, rate_limit=_FAST)
    specs: list[RoomSpec] = [{} for _ in range(50)]
    outcomes = client.rooms.create_many(specs, concurrency=4)
    assert next(outcomes).ok

    def work() -> None:
        nonlocal outcomes
        with suppress(ClosedError):
            list(outcomes)
            raise AssertionError("the child had the parent's outcomes")
        del outcomes
        gc.collect()
        assert all(outcome.ok for outcome in client.rooms.create_many(specs[:5]))

    in_child(work)
    assert len([outcome for outcome in outcomes if outcome.ok]) == 49
    client.close()


def awaited(url: str, token: str) -> None:
    """An awaited client works in the child's own loop, and goes on in the parent's."""
    client = AsyncVidesk(token, base_url=url, rate_limit=_FAST)

    async def call() -> None:
        await asyncio.gather(*(client.rooms.list(limit=1) for _ in range(5)))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(call())
    in_child(lambda: asyncio.run(call()))
    loop.run_until_complete(call())
    loop.run_until_complete(client.close())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


_client: Videsk | None = None


def _work_in_pool(number: int) -> str | None:
    assert _client is not None
    return _client.rooms.create(name=f"job {number}").name


def pool(url: str, token: str) -> None:
    """A pool of forked processes uses a client of the module that its parent has used."""
    global _client  # noqa: PLW0603 - as users do it
    _client = Videsk(token, base_url=url, rate_limit=_FAST)
    assert_works(_client)
    with multiprocessing.get_context("fork").Pool(2) as workers:
        names = workers.map(_work_in_pool, range(20))
    assert names == [f"job {number}" for number in range(20)]
    assert_works(_client)
    _client.close()


def assert_true(fact: bool) -> None:
    """See that something is so, where only an expression may stand."""
    assert fact


def assert_works(client: Videsk) -> None:
    """Make a call."""
    assert client.rooms.list(limit=1).limit == 1


def dropped(url: str, token: str) -> None:
    """Clients that a child drops before it has made a call are still whole in the parent."""
    client: Videsk | None = Videsk(token, base_url=url, rate_limit=_FAST)
    other: AsyncVidesk | None = AsyncVidesk(token, base_url=url, rate_limit=_FAST)
    assert client is not None
    assert other is not None
    loop = asyncio.new_event_loop()
    loop.run_until_complete(other.rooms.list(limit=1))
    assert_works(client)

    def work() -> None:
        nonlocal client, other
        logging.disable()  # aiohttp says that a session was not closed
        warnings.simplefilter("ignore", ResourceWarning)
        client = other = None
        gc.collect()

    in_child(work)
    assert_works(client)
    loop.run_until_complete(other.rooms.list(limit=1))
    client.close()
    loop.run_until_complete(other.close())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def in_line(url: str, token: str) -> None:
    """While others of the parent wait for the rate limit, a child waits for none of them."""
    client = Videsk(token, base_url=url, rate_limit=RateLimit(1, per=0.5))
    assert_works(client)
    threads = [threading.Thread(target=assert_works, args=(client,), daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)  # until they stand in line: nothing tells of it
    in_child(lambda: assert_works(client), leave=os._exit)
    for thread in threads:
        thread.join()
    client.close()


def paced_by_a_file(url: str, token: str) -> None:
    """Children and the parent are paced by one file, and none holds its lock for another."""
    with tempfile.TemporaryDirectory() as folder:
        pace = RateLimit(100, shared=f"file:{folder}/pace")
        client = Videsk(token, base_url=url, rate_limit=pace)
        assert_works(client)
        for _ in range(3):
            in_child(lambda: assert_works(client), leave=os._exit)  # the folder is the parent's
            assert_works(client)
        client.close()


def in_a_signal_handler(url: str, token: str) -> None:
    """A fork in the middle of a call: the child is told so, and the parent has its answer."""
    client = Videsk(token, base_url=url, rate_limit=RateLimit(1, per=1.0))
    parent = os.getpid()
    children: list[int] = []
    signal.signal(signal.SIGALRM, lambda *_: children.append(os.fork()))
    assert_works(client)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        assert_works(client)  # waits for the rate limit
    except ClosedError as error:
        code = 0 if os.getpid() != parent and error.outcome_unknown else 1
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(60)
        assert_works(client)
        os._exit(code)
    if os.getpid() != parent:
        os._exit(2)
    assert os.waitpid(children[0], 0)[1] == 0
    client.close()


def in_a_hook(url: str, token: str) -> None:
    """A child forked in the loop's thread that goes on there takes none of its parent's answers."""
    children: list[int] = []

    def fork_once(_: object) -> None:
        if not children:
            children.append(os.fork())
            signal.alarm(60)
            if children[0] == 0:
                # From Python 3.14 on, asyncio prints that no loop is running after a fork.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())

    client = Videsk(token, base_url=url, rate_limit=_FAST, hooks=Hooks(on_attempt=fork_once))
    for _ in range(50):
        assert_works(client)
    os.kill(children[0], signal.SIGKILL)
    os.waitpid(children[0], 0)
    signal.alarm(0)
    client.close()


def stocked(url: str, token: str) -> None:
    """A child hands out none of its parent's tokens, and fills a stock of its own."""
    client = Videsk(token, base_url=url, rate_limit=_FAST)
    room = client.rooms.create()
    with client.rooms.access_stock(room, size=5) as stock:
        wait_until(lambda: stock.level == 5)
        reader, writer = os.pipe()

        def work() -> None:
            taken = [stock.take().access_token for _ in range(3)]
            wait_until(lambda: stock.level == 5)
            taken += [stock.take().access_token for _ in range(5)]
            os.write(writer, "\n".join(taken).encode())

        in_child(work)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            in_the_child = set(pipe.read().split())
        in_the_parent = {stock.take().access_token for _ in range(5)}
        assert_true(len(in_the_child) == 8 and len(in_the_parent) == 5)
        assert_true(in_the_child.isdisjoint(in_the_parent))
    client.close()


PROGRAMS = {
    program.__name__: program
    for program in (
        used_before,
        while_busy,
        in_a_look_up,
        unused,
        grandchild,
        closing,
        iterating,
        read_on,
        many,
        awaited,
        pool,
        dropped,
        in_line,
        paced_by_a_file,
        in_a_signal_handler,
        in_a_hook,
        stocked,
    )
}
# What Python itself does not survive. A thread that forks in C may leave Python's own locks held,
# and the C library's. Another thread may wait for the GIL at that moment, as the loop's does when
# it has something to do: as the child first gives the GIL up, it waits for ever for that thread to
# take it (`drop_gil` in CPython's ceval_gil.c). Nor does anybody notice a child that never leaves
# the loop that it was forked in.
NOT_IN_C = {"in_a_hook", "in_a_look_up", "in_line", "iterating", "many", "while_busy"}


def main(way: str, program: str, url: str, token: str) -> None:
    """Run one of them; it forks by Python or in C."""
    if way == "in C":
        in_c()
    PROGRAMS[program](url, token)
