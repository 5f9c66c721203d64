"""Servers that trim external ids: what was created by an id is found by it again."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from videsk_rooms import AsyncVidesk, NotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Rooms = dict[str, dict[str, object]]


class TrimmingServer:
    """Keeps rooms by their external ids without the blanks around them; filters in any case."""

    def __init__(self) -> None:
        self.rooms: Rooms = {}
        self.requests: list[str] = []

    def application(self, *, ids_only: bool) -> web.Application:
        app = web.Application()
        app.router.add_post("/vpaas/rooms", self._create)
        app.router.add_get("/vpaas/rooms", self._list)
        app.router.add_get("/vpaas/rooms/{room}", self._by_id if ids_only else self._by_any_id)
        return app

    async def _create(self, request: web.Request) -> web.Response:
        self.requests.append("create")
        external_id = (await request.json())["externalId"].strip()
        if external_id in self.rooms:
            return web.json_response({"name": "Conflict", "code": 409}, status=409)
        room_id = f"{len(self.rooms):024x}"
        room = {"id": room_id, "externalId": external_id, "accessToken": "a.b.c"}
        self.rooms[external_id] = room
        return web.json_response(room, status=201)

    async def _list(self, request: web.Request) -> web.Response:
        self.requests.append("list")
        external_id = request.query["externalId"].strip().casefold()
        found = [
            room for name, room in self.rooms.items() if name.strip().casefold() == external_id
        ]
        page = {"total": len(found), "limit": 100, "skip": 0, "data": found}
        return web.json_response(page)

    async def _by_id(self, request: web.Request) -> web.Response:
        return self._found(request, {"id": request.match_info["room"]})

    async def _by_any_id(self, request: web.Request) -> web.Response:
        key = request.match_info["room"].strip()
        return self._found(request, {"id": key, "externalId": key})

    def _found(self, request: web.Request, keys: dict[str, str]) -> web.Response:
        self.requests.append("get")
        for room in self.rooms.values():
            if any(room[name] == value for name, value in keys.items()):
                return web.json_response(room)
        return web.json_response({"name": "NotFound", "code": 404}, status=404)


@asynccontextmanager
async def trimming(*, ids_only: bool) -> AsyncIterator[tuple[TrimmingServer, AsyncVidesk]]:
    """Give a server that trims, and a client on it."""
    server = TrimmingServer()
    async with (
        TestServer(server.application(ids_only=ids_only)) as running,
        AsyncVidesk("token", base_url=str(running.make_url("/")), rate_limit=None) as videsk,
    ):
        yield server, videsk


@pytest.mark.parametrize("ids_only", [False, True], ids=["by path", "ids only"])
async def test_a_room_whose_external_id_was_trimmed_is_found_by_it(ids_only: bool) -> None:
    """The answer to the create was taken for ours, so the look-up takes it as well."""
    async with trimming(ids_only=ids_only) as (server, videsk):
        made = await videsk.rooms.create(external_id=" a ")
        server.requests.clear()
        assert (await videsk.rooms.get_by_external_id(" a ")).id == made.id
        assert (await videsk.rooms.get_or_create(" a ")).id == made.id
        assert "create" not in server.requests
        assert len(server.requests) <= 6


@pytest.mark.parametrize("ids_only", [False, True], ids=["by path", "ids only"])
async def test_a_room_that_is_absent_is_created_once(ids_only: bool) -> None:
    """Also by an id that the server trims."""
    async with trimming(ids_only=ids_only) as (server, videsk):
        with pytest.raises(NotFoundError):
            await videsk.rooms.get_by_external_id(" a ")
        rooms = [await videsk.rooms.get_or_create(" a ") for _ in range(2)]
        assert rooms[0].id == rooms[1].id
        assert server.requests.count("create") == 1


@pytest.mark.parametrize("external_id", ["a", "A"])
async def test_of_two_rooms_whose_ids_are_alike_the_exact_one_is_found(external_id: str) -> None:
    """A filter in any case gives both."""
    async with trimming(ids_only=True) as (server, videsk):
        server.rooms = {
            name: {"id": digit * 24, "externalId": name, "accessToken": "a.b.c"}
            for name, digit in (("A", "1"), ("a", "2"))
        }
        found = await videsk.rooms.get_by_external_id(external_id)
        assert found.external_id == external_id
        with pytest.raises(NotFoundError):
            await videsk.rooms.get_by_external_id("b")


async def test_of_two_rooms_whose_ids_are_alike_none_is_taken_for_a_third() -> None:
    """Which one was meant cannot be told."""
    async with trimming(ids_only=True) as (server, videsk):
        server.rooms = {
            name: {"id": digit * 24, "externalId": name, "accessToken": "a.b.c"}
            for name, digit in ((" ab", "1"), ("ab ", "2"))
        }
        with pytest.raises(NotFoundError):
            await videsk.rooms.get_by_external_id("ab")
