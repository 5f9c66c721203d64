"""How many requests each operation costs, where external ids are taken in the path and where not.

Every request counts: an account has 20 a second (docs/api.md, "Access").
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.retrying import client
from tests.waiting import until
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from videsk_rooms import AsyncVidesk, RoomChange, RoomSpec

    Operation: TypeAlias = Callable[[AsyncVidesk, str], Awaitable[object]]


async def _end_all(videsk: AsyncVidesk, room: str) -> None:
    change: RoomChange = {"room": room, "ended": True}
    changed = videsk.rooms.update_many([change] * 3)
    assert [outcome.ok async for outcome in changed] == [True] * 3


async def _join_all(videsk: AsyncVidesk, room: str) -> None:
    assert [outcome.ok async for outcome in videsk.rooms.join_many([room] * 3)] == [True] * 3


async def _create_all(videsk: AsyncVidesk, _: str) -> None:
    spec: RoomSpec = {}
    assert [outcome.ok async for outcome in videsk.rooms.create_many([spec] * 3)] == [True] * 3


async def _read_all(videsk: AsyncVidesk, _: str) -> None:
    assert [room.external_id async for room in videsk.rooms.iter()] == ["there", "other"]


async def _take_two(videsk: AsyncVidesk, room: str) -> None:
    async with videsk.rooms.access_stock(room, size=2) as stock:
        await until(lambda: stock.level == stock.size)


ONE_ROOM: dict[str, tuple[Operation, list[str]]] = {
    "create": (lambda videsk, _: videsk.rooms.create(), ["create"]),
    "get": (lambda videsk, room: videsk.rooms.get(room), ["get"]),
    "update": (lambda videsk, room: videsk.rooms.update(room, name="New"), ["update"]),
    "end": (lambda videsk, room: videsk.rooms.end(room), ["update"]),
    "delete": (lambda videsk, room: videsk.rooms.delete(room), ["delete"]),
    "join": (lambda videsk, room: videsk.rooms.join(room), ["join"]),
    "stats": (lambda videsk, room: videsk.rooms.stats(room), ["stats"]),
    "list": (lambda videsk, _: videsk.rooms.list(), ["list"]),
    "request": (lambda videsk, _: videsk.request("GET", "/vpaas/rooms"), ["list"]),
    "iter": (_read_all, ["list"]),
    "create_many": (_create_all, ["create"] * 3),
    "update_many": (_end_all, ["update"] * 3),
    "join_many": (_join_all, ["join"] * 3),
    "access_stock": (_take_two, ["get", "join"]),
}

# Where the server is known, and where it is not known yet: a 404 to an external id in the path may
# mean that it takes ids only (docs/api.md, "Operations"), and has to be confirmed by the listing.
BY_EXTERNAL_ID: dict[str, tuple[Operation, list[str], list[str], list[str], list[str]]] = {
    "get_by_external_id": (
        lambda videsk, _: videsk.rooms.get_by_external_id("there"),
        ["get"],
        ["get"],
        ["list", "get"],
        ["get", "list", "get"],
    ),
    "get_or_create, there": (
        lambda videsk, _: videsk.rooms.get_or_create("there"),
        ["get"],
        ["get"],
        ["list", "get"],
        ["get", "list", "get"],
    ),
    "get_or_create, new": (
        lambda videsk, _: videsk.rooms.get_or_create("new"),
        ["get", "create"],
        ["get", "list", "create"],
        ["list", "create"],
        ["get", "list", "create"],
    ),
    "get_or_create, lost race": (
        lambda videsk, _: videsk.rooms.get_or_create("raced"),
        ["get", "create", "get"],
        ["get", "list", "create", "get"],
        ["list", "create", "list", "get"],
        ["get", "list", "create", "get", "list", "get"],
    ),
}


@pytest.fixture(params=["by path", "ids only"])
def server(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A server of either kind, with two rooms."""
    with Sandbox(rate=None, deletion=True, external_ids=request.param == "by path") as sandbox:
        sandbox.add_room(external_id="there", nbf=sandbox.now - timedelta(hours=1))
        sandbox.add_room(external_id="other")
        yield sandbox


def spent(sandbox: Sandbox) -> list[str | None]:
    """Return which requests came, and forget them."""
    operations: list[str | None] = [request.operation for request in sandbox.requests]
    sandbox.requests.clear()
    return operations


@pytest.mark.parametrize("operation", ONE_ROOM)
async def test_an_operation_by_id_costs_one_request_a_room(operation: str, server: Sandbox) -> None:
    """Whatever the server takes in the path."""
    call, expected = ONE_ROOM[operation]
    async with client(server) as videsk:
        await call(videsk, str(server.rooms[0]["id"]))
    assert spent(server) == expected


@pytest.mark.parametrize("known", [True, False], ids=["known", "not known yet"])
@pytest.mark.parametrize("operation", BY_EXTERNAL_ID)
async def test_an_operation_by_external_id_costs_no_more_than_it_must(
    operation: str, server: Sandbox, *, known: bool, request: pytest.FixtureRequest
) -> None:
    """A lost race costs one retrieval more, and no listing where the path takes external ids."""
    call, *costs = BY_EXTERNAL_ID[operation]
    async with client(server) as videsk:
        if known:
            await videsk.rooms.get_by_external_id("other")
            spent(server)
        if "race" in operation:  # the room is made, and the answer is the one to the slower caller
            server.faults.status(409, processed=True, on="create")
        await call(videsk, "")
    by_path = "by path" in request.node.name
    assert spent(server) == costs[(not known) + 2 * (not by_path)]
