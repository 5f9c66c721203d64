"""The sections of blocking calls, from one thread and from many."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

import aiohttp
import httpx
import niquests
import requests

from videsk_rooms import Videsk

from .clients import HEADERS, ROOM_PATH, TOKEN, UNLIMITED
from .measure import Call, Effort, by_threads, in_a_row, in_a_row_awaited, in_turns
from .payloads import ROOM_ID
from .peers import HTTPX_LIMITS, by_aiohttp, of_requests
from .tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .measure import Run

S = TypeVar("S", bound="AbstractContextManager[object]")

_REQUESTS = "requests.Session + json"
_AT_LEAST_EVEN = {"httpx.Client + json": 1.0}


def one_thread(url: str, effort: Effort) -> Table:
    """Retrieve a room from one thread; and as a bound, without any thread to hand it to."""
    with _peers(url) as peers, aiohttp_without_thread(url) as awaited:
        runs = {name: in_a_row(call) for name, call in peers.items()}
        timings = in_turns({**runs, "aiohttp + json, awaited, no thread": awaited}, effort)
    goals = {_REQUESTS: 1.5, **_AT_LEAST_EVEN}
    return Table.of("blocking", "get of a room, blocking", "calls/s", timings, goals)


def many_threads(url: str, effort: Effort, threads: int) -> Table:
    """Retrieve a room from many threads."""
    with ThreadPoolExecutor(threads) as pool, _peers(url) as peers:
        runs = {name: by_threads(call, pool, threads) for name, call in peers.items()}
        timings = in_turns(runs, effort)
    title = f"get of a room, blocking, {threads} threads"
    return Table.of("threads", title, "calls/s", timings, _AT_LEAST_EVEN)


@contextmanager
def _peers(url: str) -> Iterator[dict[str, Call]]:
    """Open what is measured: shared between threads where that is safe, else one a thread."""
    address = url + ROOM_PATH
    with ExitStack() as stack:
        videsk = stack.enter_context(Videsk(TOKEN, base_url=url, **UNLIMITED))
        client = stack.enter_context(httpx.Client(headers=HEADERS, limits=HTTPX_LIMITS))
        session = _one_a_thread(stack, _requests_session)
        untrusting = _one_a_thread(stack, lambda: _requests_session(trust_env=False))
        niquests_session = _one_a_thread(stack, _niquests_session)
        by_requests = of_requests(_REQUESTS)
        yield {
            "Videsk": lambda: videsk.rooms.get(ROOM_ID),
            by_requests: lambda: json.loads(session().get(address).content),
            f"{by_requests}, trust_env off": lambda: json.loads(untrusting().get(address).content),
            "httpx.Client + json": lambda: json.loads(client.get(address).content),
            "niquests.Session + json": lambda: json.loads(
                niquests_session().get(address).content or b""
            ),
        }


def _one_a_thread(stack: ExitStack, make: Callable[[], S]) -> Callable[[], S]:
    mine = threading.local()

    def session() -> S:
        try:
            found: S = mine.session
        except AttributeError:
            found = mine.session = make()
            stack.enter_context(found)
        return found

    return session


def _requests_session(*, trust_env: bool = True) -> requests.Session:
    session = requests.Session()
    session.headers.update(HEADERS)
    session.trust_env = trust_env
    return session


def _niquests_session() -> niquests.Session:
    session = niquests.Session()
    for name, value in HEADERS.items():
        session.headers[name] = value
    return session


@contextmanager
def aiohttp_without_thread(url: str) -> Iterator[Run]:
    """Await bare aiohttp in this thread: more than this no hand-off to another could have."""
    loop = asyncio.new_event_loop()

    async def opened() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(headers=HEADERS)

    session = loop.run_until_complete(opened())
    run = in_a_row_awaited(by_aiohttp(session, url + ROOM_PATH, json.loads))
    try:
        yield lambda times: loop.run_until_complete(run(times))
    finally:
        loop.run_until_complete(session.close())
        loop.close()
