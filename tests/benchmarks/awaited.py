"""The sections of awaited calls, one after another on one connection."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import httpx

from videsk_rooms import AsyncVidesk

from .clients import (
    HEADERS,
    PACED,
    PAGE_PATH,
    ROOM_PATH,
    TOKEN,
    UNPACED,
    JSONReader,
    json_readers,
)
from .measure import AsyncCall, Effort, in_turns_awaited
from .payloads import PAGE_SIZE, ROOM_ID
from .pydantic_models import PydanticPage
from .tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping


async def get(url: str, effort: Effort) -> Table:
    """Retrieve a room."""
    async with AsyncExitStack() as stack:
        videsk = await stack.enter_async_context(AsyncVidesk(TOKEN, base_url=url, **UNPACED))
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=HEADERS))
        client = await stack.enter_async_context(httpx.AsyncClient(headers=HEADERS))
        peers: dict[str, AsyncCall] = {
            "AsyncVidesk": lambda: videsk.rooms.get(ROOM_ID),
            **_bare(session, url + ROOM_PATH, json_readers()),
            "httpx.AsyncClient + json": _by_httpx(client, url + ROOM_PATH, json_readers()["json"]),
        }
        timings = await in_turns_awaited(peers, effort)
    goals = {"aiohttp + json": 0.85}
    return Table.of("get", "get of a room, awaited", "calls/s", timings, goals)


async def paced(url: str, effort: Effort) -> Table:
    """Retrieve a room with all that the client does by itself, where none of it bites."""
    async with AsyncExitStack() as stack:
        videsk = await stack.enter_async_context(AsyncVidesk(TOKEN, base_url=url, **PACED))
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=HEADERS))
        peers: dict[str, AsyncCall] = {
            "AsyncVidesk": lambda: videsk.rooms.get(ROOM_ID),
            **_bare(session, url + ROOM_PATH, json_readers()),
        }
        timings = await in_turns_awaited(peers, effort)
    title = "get of a room, awaited, with retries, deadline and pacing"
    return Table.of("paced", title, "calls/s", timings, {"aiohttp + json": 0.8})


async def list_(url: str, effort: Effort) -> Table:
    """List a full page of rooms."""
    async with AsyncExitStack() as stack:
        videsk = await stack.enter_async_context(AsyncVidesk(TOKEN, base_url=url, **UNPACED))
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=HEADERS))
        readers = {**json_readers(), "pydantic models": PydanticPage.model_validate_json}
        peers: dict[str, AsyncCall] = {
            "AsyncVidesk": lambda: videsk.rooms.list(limit=PAGE_SIZE),
            **_bare(session, url + PAGE_PATH, readers),
        }
        timings = await in_turns_awaited(peers, effort)
    title = f"list of {PAGE_SIZE} rooms, awaited"
    return Table.of("list", title, "calls/s", timings, {"aiohttp + json": 0.6})


def _bare(
    session: aiohttp.ClientSession, url: str, readers: Mapping[str, JSONReader]
) -> dict[str, AsyncCall]:
    return {f"aiohttp + {name}": _by_aiohttp(session, url, read) for name, read in readers.items()}


def _by_aiohttp(session: aiohttp.ClientSession, url: str, read: JSONReader) -> AsyncCall:
    async def call() -> object:
        async with session.get(url) as response:
            return read(await response.read())

    return call


def _by_httpx(client: httpx.AsyncClient, url: str, read: JSONReader) -> AsyncCall:
    async def call() -> object:
        return read((await client.get(url)).content)

    return call
