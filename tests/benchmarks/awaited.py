"""The sections of awaited calls that ask for one thing: a room, a page of rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

from videsk_rooms import AsyncVidesk

from .clients import HEADERS, LIMITED, PAGE_PATH, ROOM_PATH, STANDARD_JSON, TOKEN, json_packages
from .measure import AsyncCall, Effort, by_tasks, in_a_row_awaited, in_turns_awaited
from .payloads import PAGE_SIZE, ROOM_ID
from .peers import AT_ONCE, awaited_peers, by_aiohttp
from .pydantic_models import PydanticPage
from .tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .measure import AsyncRun, Timings

_GET = {"aiohttp + json": 0.75, "aiohttp + orjson": 0.75}
_LIST = {"aiohttp + json": 0.45, "aiohttp + orjson": 0.45}


async def get(url: str, effort: Effort) -> Table:
    """Retrieve a room, one call after another."""
    timings = await _timed_get(url, effort, in_a_row_awaited)
    return Table.of("get", "get of a room, awaited", "calls/s", timings, _GET)


async def tasks(url: str, effort: Effort) -> Table:
    """Retrieve a room from many tasks at once."""
    timings = await _timed_get(url, effort, lambda call: by_tasks(call, AT_ONCE))
    title = f"get of a room, awaited, {AT_ONCE} tasks at once"
    return Table.of("tasks", title, "calls/s", timings, {})


async def limited(url: str, effort: Effort) -> Table:
    """Retrieve a room with all that the client does by itself, but no call waits."""
    async with (
        AsyncVidesk(TOKEN, base_url=url, **LIMITED) as videsk,
        aiohttp.ClientSession(headers=HEADERS) as session,
    ):
        calls: dict[str, AsyncCall] = {
            "AsyncVidesk": lambda: videsk.rooms.get(ROOM_ID),
            **_bare(session, url + ROOM_PATH),
        }
        timings = await in_turns_awaited(_each(calls, in_a_row_awaited), effort)
    title = "get of a room, awaited, with the rate limit"
    return Table.of("limited", title, "calls/s", timings, {})


async def list_(url: str, effort: Effort) -> Table:
    """List a full page of rooms."""
    address = url + PAGE_PATH
    async with awaited_peers(url) as peers:
        calls: dict[str, AsyncCall] = {
            "AsyncVidesk": lambda: peers.videsk.rooms.list(limit=PAGE_SIZE),
            **_bare(peers.aiohttp, address),
            "aiohttp + pydantic models": by_aiohttp(
                peers.aiohttp, address, PydanticPage.model_validate_json
            ),
        }
        timings = await in_turns_awaited(_each(calls, in_a_row_awaited), effort)
    title = f"list of {PAGE_SIZE} rooms, awaited"
    return Table.of("list", title, "calls/s", timings, _LIST)


async def _timed_get(
    url: str, effort: Effort, repeated: Callable[[AsyncCall], AsyncRun]
) -> Timings:
    async with awaited_peers(url) as peers:
        calls: dict[str, AsyncCall] = {
            "AsyncVidesk": lambda: peers.videsk.rooms.get(ROOM_ID),
            **_bare(peers.aiohttp, url + ROOM_PATH),
            "httpx.AsyncClient + json": _by_httpx(peers.httpx, url + ROOM_PATH),
            "openapi-python-client": peers.generated.get,
        }
        return await in_turns_awaited(_each(calls, repeated), effort)


def _each(
    calls: dict[str, AsyncCall], repeated: Callable[[AsyncCall], AsyncRun]
) -> dict[str, AsyncRun]:
    return {name: repeated(call) for name, call in calls.items()}


def _bare(session: aiohttp.ClientSession, url: str) -> dict[str, AsyncCall]:
    return {
        f"aiohttp + {name}": by_aiohttp(session, url, package.read)
        for name, package in json_packages().items()
    }


def _by_httpx(client: httpx.AsyncClient, url: str) -> AsyncCall:
    async def call() -> object:
        return STANDARD_JSON.read((await client.get(url)).content)

    return call
