"""A program of greenlets that call; `test_gevent.py` runs it, and tells it what to do."""

from __future__ import annotations

import sys

if sys.argv[1] == "patched_after_the_client_was_made":
    import warnings

    import videsk_rooms

    MADE_BEFORE = videsk_rooms.Videsk(rate_limit=None)
    # gevent would rather patch before anything is imported.
    warnings.filterwarnings("ignore", "Monkey-patching")

from gevent import monkey

monkey.patch_all()

import asyncio
import gc
import logging
import os
import random
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import aiohttp
import gevent
from aiohttp.abc import AbstractResolver

from videsk_rooms import ClosedError, NotFoundError, RateLimit, Retry, Videsk
from videsk_rooms._blocking.gevent import GreenletEvent
from videsk_rooms._blocking.loop_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

# Python's checks are on, and asyncio's tell of every callback that was slow on a busy machine.
logging.getLogger("asyncio").setLevel(logging.ERROR)

# gevent prints what ends a greenlet, also where somebody looks at it.
gevent.get_hub().NOT_ERROR = (BaseException,)

KEPT: list[object] = []


def make_client(**options: object) -> Videsk:
    options = {"retry": Retry(attempts=1), "rate_limit": None, "timeout": None, **options}
    return Videsk(**options)  # type: ignore[arg-type]  # which options they are is said above


def wait_for_a_line() -> None:
    """Wait for the test, while the other greenlets run."""
    gevent.get_hub().threadpool.apply(sys.stdin.readline)


def at_once() -> None:
    """Calls of many greenlets are under way at once, and each gets its own answer."""
    with make_client() as client:
        waiting = [gevent.spawn(client.rooms.list) for _ in range(20)]
        wait_for_a_line()
        gevent.killall(waiting)
        jobs = [gevent.spawn(client.rooms.create, external_id=f"job-{n}") for n in range(20)]
        assert [job.get().external_id for job in jobs] == [f"job-{n}" for n in range(20)]


def own_rooms() -> None:
    """A server that answers the first call twice does not answer the second by that."""
    with make_client() as client:
        for name in ("a-1", "b-2", "c-3"):
            assert client.rooms.create(external_id=name).external_id == name
            gevent.sleep(0.1)


def others_go_on() -> None:
    """While one greenlet waits for its answer, another runs."""
    with make_client() as client:
        waiting = gevent.spawn(client.rooms.list)
        wait_for_a_line()
        print("another ran", flush=True)
        waiting.kill()


def no_loop_is_seen_running() -> None:
    """While a call is under way, asyncio runs in other greenlets as if there were no client."""

    async def answer() -> int:
        await asyncio.sleep(0.01)
        return 42

    with make_client() as client:
        waiting = gevent.spawn(client.rooms.list)
        wait_for_a_line()
        assert gevent.spawn(asyncio.run, answer()).get() == 42
        waiting.kill()


def killed() -> None:
    """A greenlet that is killed, or whose time is up, gives its request up; the client goes on."""
    with make_client() as client:
        waiting = gevent.spawn(client.rooms.list)
        wait_for_a_line()
        waiting.kill()
        print("killed", flush=True)
        waiting = gevent.spawn(client.rooms.list)
        wait_for_a_line()
        # A timer that ran would be up before the request is sent when the machine is busy.
        waiting.kill(gevent.Timeout())
        assert isinstance(waiting.exception, gevent.Timeout)
        print("timed out", flush=True)
        wait_for_a_line()
        assert client.rooms.list().total == 0


def iterating() -> None:
    """Several greenlets iterate side by side, and one that stops early leaves nothing running."""
    with make_client() as client:

        def read() -> int:
            return sum(1 for _ in client.rooms.iter(page_size=2))

        jobs = [gevent.spawn(read) for _ in range(5)]
        assert next(client.rooms.iter(page_size=2)).id
        assert [job.get() for job in jobs] == [5] * 5


def many_rooms() -> None:
    """Several greenlets have many rooms joined, and one that stops early leaves nothing running."""
    with make_client() as client:

        def join() -> int:
            rooms = client.rooms.iter(page_size=2)
            return sum(outcome.ok for outcome in client.rooms.join_many(rooms, concurrency=2))

        jobs = [gevent.spawn(join) for _ in range(5)]
        assert next(iter(client.rooms.join_many(client.rooms.list()))).ok
        assert [job.get() for job in jobs] == [5] * 5


def errors() -> None:
    """An error reaches the greenlet that called."""
    with make_client() as client:
        job = gevent.spawn(client.rooms.get, "r" * 24)
        job.join()
        assert isinstance(job.exception, NotFoundError)


def by_name() -> None:
    """The host's name is looked up beside the greenlets."""
    url = os.environ["VIDESK_BASE_URL"].replace("127.0.0.1", "localhost")
    with make_client(base_url=url) as client:
        assert client.rooms.list().total == 5


def by_name_where_aiohttp_has_another_resolver() -> None:
    """What aiohttp looks names up with where aiodns is installed hangs beside gevent."""

    class Resolver(AbstractResolver):
        async def resolve(self, *_: object, **__: object) -> NoReturn:
            raise AssertionError("it would hang")

        async def close(self) -> None:
            pass

    for module in (aiohttp, aiohttp.connector):
        vars(module)["DefaultResolver"] = Resolver
    by_name()


def token_by_a_callable() -> None:
    """A callable that gives the token may do what gevent has patched, such as sleep."""
    token = os.environ["VIDESK_API_TOKEN"]

    def ask() -> str:
        gevent.sleep(0.01)
        return token

    with make_client(api_token=ask) as client:
        assert client.rooms.list().total == 5


def paced_by_a_file() -> None:
    """Pacing by a file keeps no greenlet from running."""
    pace = RateLimit(requests=1000, shared=f"file:{sys.argv[2]}")
    with make_client(rate_limit=pace) as client:
        jobs = [gevent.spawn(client.rooms.list) for _ in range(10)]
        assert [job.get().total for job in jobs] == [5] * 10


def closed_while_waiting() -> None:
    """Calls under way end with the client, and the thread with it."""
    client = make_client()
    waiting = [gevent.spawn(client.rooms.list) for _ in range(3)]
    wait_for_a_line()
    client.close()
    gevent.joinall(waiting)
    assert all(isinstance(job.exception, ClosedError) for job in waiting)


def many_clients() -> None:
    """Clients that come and go leave no thread and no file open."""
    make_client().rooms.list()
    gc.collect()

    def census() -> tuple[int, int]:
        return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

    def settle(before: tuple[int, int]) -> None:
        with gevent.Timeout(10):
            while census() > before:
                gevent.sleep(0.01)

    with make_client() as client:
        client.rooms.list()
    before = census()
    for _ in range(20):
        with make_client() as client:
            client.rooms.list()
    settle(before)
    for _ in range(20):
        make_client().rooms.list()
    gc.collect()
    settle(before)


def forked() -> None:
    """A child has its own thread and connections, and the parent's go on."""
    client = make_client()
    assert client.rooms.list().total == 5
    child = os.fork()
    if child == 0:
        jobs = [gevent.spawn(client.rooms.list) for _ in range(3)]
        assert [job.get().total for job in jobs] == [5] * 3
        client.close()
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert client.rooms.list().total == 5
    client.close()


def patched_after_the_client_was_made() -> None:
    """What a server loads before it patches works as what it loads later."""
    jobs = [gevent.spawn(MADE_BEFORE.rooms.list) for _ in range(3)]
    assert [job.get().total for job in jobs] == [5] * 3
    MADE_BEFORE.close()


def in_a_real_thread() -> None:
    """Threads of gevent's own pool may call too."""
    with make_client() as client:
        pool = gevent.get_hub().threadpool
        assert pool.apply(client.rooms.list).total == 5


def forgotten() -> None:
    """A client that nobody closed says nothing when the interpreter exits."""
    client = make_client()
    client.rooms.list()
    KEPT.append(client)


def exits_while_waiting() -> None:
    """Nor does one whose calls nobody waits for."""
    client = make_client()
    KEPT.append(client)
    KEPT.extend(gevent.spawn(client.rooms.list) for _ in range(3))
    wait_for_a_line()


def interrupted() -> None:
    """Ctrl-C reaches the main greenlet, which gives its request up."""
    with make_client() as client:
        try:
            client.rooms.list()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        wait_for_a_line()
        assert client.rooms.list().total == 0


class AlarmError(KeyboardInterrupt):
    """What strikes a wait; of the kind that gevent hands to the main greenlet."""


class Strikes:
    """Signals, of which one is raised in the main greenlet while a function runs there."""

    def __init__(self, function: CodeType) -> None:
        self._function = function
        self._armed = False
        self.count = 0
        signal.signal(signal.SIGALRM, self._handle)

    def _handle(self, _number: int, frame: FrameType | None) -> None:
        while frame is not None and frame.f_code is not self._function:
            frame = frame.f_back
        if not self._armed:
            return
        if frame is not None:
            self._armed = False
            self.count += 1
            raise AlarmError
        signal.setitimer(signal.ITIMER_REAL, 50e-6)

    def strike(self, call: Callable[[], object], after: float = 50e-6) -> None:
        """Call something that may be struck, after so many seconds at the earliest."""
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, after)
        with suppress(AlarmError):
            call()
        self._armed = False


def interrupted_at_any_moment() -> None:
    """Wherever a wait is struck, nothing of it is raised in later code, and its watchers end."""
    with make_client() as client:
        client.rooms.list()
        before = gevent.get_hub().loop.activecnt
        strikes = Strikes(GreenletEvent.acquire.__code__)
        for _ in range(300):
            strikes.strike(client.rooms.list)
            assert client.rooms.list().total == 5
        assert strikes.count > 0
        for _ in range(600):
            if gevent.get_hub().loop.activecnt == before:
                break
            gevent.sleep(0.1)  # as long as a wait, whose timer ends by itself
        assert gevent.get_hub().loop.activecnt == before


def interrupted_first_calls() -> None:
    """Wherever the start of the thread is struck, the next call is answered."""
    # Half a loop is left to the finalizers of its sockets.
    sys.unraisablehook = lambda _: None
    strikes = Strikes(LoopThread.start.__code__)
    chance = random.Random(4)
    for _ in range(200):
        with make_client() as client:
            strikes.strike(client.rooms.list, after=chance.uniform(1e-6, 200e-6))
            assert client.rooms.list().total == 5
    assert strikes.count > 0


if __name__ == "__main__":
    assert threading.current_thread() is threading.main_thread()
    globals()[sys.argv[1]]()
