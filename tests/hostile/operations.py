"""Every operation, for either face: how it is called with a key, and what is right for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tests.hostile.api import PREFIX
from videsk_rooms import Room, RoomAccess, RoomPage, RoomStats

if TYPE_CHECKING:
    from collections.abc import Callable


class Operation(NamedTuple):
    """How it is called, what it gives, and whether that is what the key asked for."""

    call: Callable[[Any, str], Any]
    gives: type[Any]
    is_right: Callable[[Any, str], bool]


def _is_room(room: Room, key: str) -> bool:
    return room.id == key and room.external_id == PREFIX + key


def _created(outcomes: list[Any], key: str) -> bool:
    """Each outcome is an error, or the room."""
    return all(one.error is not None or _is_room(one.value, key) for one in outcomes)


OPERATIONS: dict[str, Operation] = {
    "create": Operation(
        lambda client, key: client.rooms.create(external_id=PREFIX + key), Room, _is_room
    ),
    "get": Operation(lambda client, key: client.rooms.get(key), Room, _is_room),
    "get_by_external_id": Operation(
        lambda client, key: client.rooms.get_by_external_id(PREFIX + key), Room, _is_room
    ),
    "get_or_create": Operation(
        lambda client, key: client.rooms.get_or_create(PREFIX + key), Room, _is_room
    ),
    "update": Operation(
        lambda client, key: client.rooms.update(key, name="Moved"),
        Room,
        lambda room, key: room.id == key and room.name == "Moved",
    ),
    "end": Operation(
        lambda client, key: client.rooms.end(key), Room, lambda room, key: room.id == key
    ),
    "delete": Operation(
        lambda client, key: client.rooms.delete(key), type(None), lambda _, __: True
    ),
    "join": Operation(
        lambda client, key: client.rooms.join(key),
        RoomAccess,
        lambda access, key: access.jti == key,
    ),
    "stats": Operation(
        lambda client, key: client.rooms.stats(key),
        RoomStats,
        lambda stats, key: stats.data == {"room": key},
    ),
    "list": Operation(
        lambda client, key: client.rooms.list(external_id=PREFIX + key),
        RoomPage,
        lambda page, key: [room.id for room in page] == [key],
    ),
    "iter": Operation(
        lambda client, key: client.rooms.iter(external_id=PREFIX + key),
        list,
        lambda rooms, key: [room.id for room in rooms] == [key],
    ),
    "create_many": Operation(
        lambda client, key: client.rooms.create_many([{"external_id": PREFIX + key}]),
        list,
        _created,
    ),
    "request": Operation(
        lambda client, key: client.request("GET", f"/vpaas/rooms/{key}"),
        object,
        lambda response, key: response.json()["id"] == key,
    ),
}


async def awaited(operation: Operation, client: Any, key: str) -> Any:
    """Call an operation of the awaited client to its end."""
    result = operation.call(client, key)
    return [one async for one in result] if operation.gives is list else await result


def blocking(operation: Operation, client: Any, key: str) -> Any:
    """Call an operation of the blocking client to its end."""
    result = operation.call(client, key)
    return list(result) if operation.gives is list else result
