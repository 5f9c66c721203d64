"""The sections of blocking calls, from one thread and from many that share a client."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import httpx
import requests
from requests.adapters import HTTPAdapter

from videsk_rooms import Videsk

from .clients import HEADERS, ROOM_PATH, TOKEN, UNPACED
from .measure import Call, Effort, in_turns, in_turns_threaded
from .payloads import ROOM_ID
from .tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 16

_GOALS = {"requests.Session + json": 4.0, "httpx.Client + json": 2.0}


def one_thread(url: str, effort: Effort) -> Table:
    """Retrieve a room from one thread."""
    with _peers(url) as peers:
        timings = in_turns(peers, effort)
    return Table.of("blocking", "get of a room, blocking", "calls/s", timings, _GOALS)


def many_threads(url: str, effort: Effort) -> Table:
    """Retrieve a room from many threads, for information: there is no goal."""
    with _peers(url) as peers:
        timings = in_turns_threaded(peers, effort, threads=THREADS)
    title = f"get of a room, blocking, {THREADS} threads"
    return Table.of("threads", title, "calls/s", timings, {})


@contextmanager
def _peers(url: str) -> Iterator[dict[str, Call]]:
    with ExitStack() as stack:
        videsk = stack.enter_context(Videsk(TOKEN, base_url=url, **UNPACED))
        client = stack.enter_context(httpx.Client(headers=HEADERS))
        address = url + ROOM_PATH
        yield {
            "Videsk": lambda: videsk.rooms.get(ROOM_ID),
            "requests.Session + json": _by_requests(stack.enter_context(_session()), address),
            "requests.Session + json, trust_env off": _by_requests(
                stack.enter_context(_session(trust_env=False)), address
            ),
            "httpx.Client + json": lambda: json.loads(client.get(address).content),
        }


def _session(*, trust_env: bool = True) -> requests.Session:
    session = requests.Session()
    session.headers.update(HEADERS)
    session.trust_env = trust_env
    # With its usual pool of 10, some of the threads would connect anew for each call.
    session.mount("http://", HTTPAdapter(pool_maxsize=THREADS))
    return session


def _by_requests(session: requests.Session, url: str) -> Call:
    return lambda: json.loads(session.get(url).content)
