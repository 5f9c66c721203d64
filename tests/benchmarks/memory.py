"""The section of memory: what a process grows by for one more client."""

from __future__ import annotations

import asyncio
import gc
import resource
import tracemalloc
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import niquests
import requests

from videsk_rooms import AsyncVidesk, Videsk

from .clients import ROOM_PATH, TOKEN
from .payloads import ROOM_ID
from .peers import by_aiohttp, of_requests
from .tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PAGES = Path("/proc/self/statm")
# Python's objects are the same for each client, so that few will do.
_ENOUGH = 10


@dataclass(frozen=True)
class _Kind:
    """A kind of client.

    Attributes:
        make: Makes one.
        call: Retrieves a room with it, so that it has a connection, and a thread if it needs one.
        close: Closes it.
    """

    make: Callable[[], Any]
    call: Callable[[Any], object]
    close: Callable[[Any], object]


def memory(url: str, clients: int) -> list[Table]:
    """Keep many clients of each kind, and see how much more memory is taken."""
    gc.freeze()  # what was imported is looked through no more
    with closing(asyncio.new_event_loop()) as loop:
        kinds = _kinds(url, loop)
        tables = [_of_processes(kinds, clients)] if _PAGES.exists() else []
        return [*tables, _of_objects(kinds, min(clients, _ENOUGH))]


def _of_processes(kinds: dict[str, _Kind], clients: int) -> Table:
    with ExitStack() as stack:  # none is closed before the end: another would take its room
        sizes = {
            name: [stack.enter_context(_one_more(kind, clients, _resident))]
            for name, kind in kinds.items()
        }
    title = "one more client: the process (resident), thread and TLS context included"
    return Table.of("memory", title, "KiB", sizes, {})


def _of_objects(kinds: dict[str, _Kind], clients: int) -> Table:
    sizes = {}
    tracemalloc.start()
    try:
        for name, kind in {**kinds, **_unused(kinds)}.items():
            with _one_more(kind, clients, _traced) as size:
                sizes[name] = [size]
    finally:
        tracemalloc.stop()
    return Table.of("memory", "one more client: Python's objects", "KiB", sizes, {})


def _unused(kinds: dict[str, _Kind]) -> dict[str, _Kind]:
    return {
        f"{name}, before its first call": replace(kinds[name], call=lambda _: None)
        for name in ("Videsk", "AsyncVidesk")
    }


@contextmanager
def _one_more(kind: _Kind, count: int, size: Callable[[], int]) -> Iterator[float]:
    """Make and use clients, and tell the bytes of one; they are closed afterwards."""
    clients: list[Any] = []

    def grown() -> int:
        gc.collect()
        before = size()
        more = [kind.make() for _ in range(count)]
        clients.extend(more)
        for client in more:
            kind.call(client)
        gc.collect()
        return size() - before

    try:
        grown()  # the first ones fill what is free in what the process has already
        yield max(grown() / count, 1.0)  # with room left nothing grows, and nothing compares to 0
    finally:
        for client in clients:
            kind.close(client)


def _resident() -> int:
    return int(_PAGES.read_text().split()[1]) * resource.getpagesize()


def _traced() -> int:
    return tracemalloc.get_traced_memory()[0]


def _kinds(url: str, loop: asyncio.AbstractEventLoop) -> dict[str, _Kind]:
    run = loop.run_until_complete
    address = url + ROOM_PATH

    async def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    def videsk() -> Videsk:
        return Videsk(TOKEN, base_url=url)

    def async_videsk() -> AsyncVidesk:
        return AsyncVidesk(TOKEN, base_url=url)

    return {
        "Videsk": _Kind(videsk, lambda videsk: videsk.rooms.get(ROOM_ID), Videsk.close),
        "AsyncVidesk": _Kind(
            async_videsk,
            lambda videsk: run(videsk.rooms.get(ROOM_ID)),
            lambda videsk: run(videsk.close()),
        ),
        of_requests("requests.Session"): _Kind(
            requests.Session, lambda session: session.get(address), requests.Session.close
        ),
        "httpx.Client": _Kind(httpx.Client, lambda client: client.get(address), httpx.Client.close),
        "niquests.Session": _Kind(
            niquests.Session, lambda session: session.get(address).content, niquests.Session.close
        ),
        "aiohttp.ClientSession": _Kind(
            lambda: run(session()),
            lambda session: run(by_aiohttp(session, address, bytes)()),
            lambda session: run(session.close()),
        ),
    }
