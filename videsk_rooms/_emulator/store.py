"""The rooms of a sandbox."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from videsk_rooms._emulator.clock import to_milliseconds, to_wire
from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms._emulator.observer import NO_OBSERVER, Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from videsk_rooms._emulator.query import ListQuery

_SORT_ATTRIBUTES = {
    "id": "id",
    "_id": "id",
    "name": "name",
    "externalId": "external_id",
    "exp": "exp",
    "nbf": "nbf",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
_CACHED_ORDERS = 16


@dataclass(frozen=True)
class Authorization:
    """Somebody who joined."""

    ip: str
    jti: str
    created_at: datetime

    def to_wire(self) -> dict[str, object]:
        """Return the object of docs/api.md, Objects, Authorization."""
        return {"ip": self.ip, "jti": self.jti, "createdAt": to_wire(self.created_at)}


@dataclass(eq=False)
class StoredRoom:
    """A room as the server stores it."""

    id: str
    name: str
    external_id: str
    exp: datetime
    nbf: datetime
    settings: dict[str, object]
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    authorizations: list[Authorization] = field(default_factory=list)
    extra: Mapping[str, object] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def is_over(self, now: datetime) -> bool:
        """Return whether the room has been ended or has expired by `now`."""
        return self.ended_at is not None or self.exp <= now

    def over_since(self) -> datetime:
        """The instant from which nobody can join."""
        return self.exp if self.ended_at is None else min(self.ended_at, self.exp)

    def end(self, now: datetime) -> None:
        """End the room; one that has already ended keeps its time."""
        if self.ended_at is None:
            self.ended_at = to_milliseconds(now)

    def reopen(self) -> None:
        """Undo the end of the room; its `exp` still applies."""
        self.ended_at = None

    def to_wire(self, now: datetime, *, latest: int = 0) -> dict[str, object]:
        """Return a deep copy as the object of docs/api.md, Objects, Room.

        Args:
            now: The time that decides whether the room is over.
            latest: How many of the latest authorizations to include; 0: all.
        """
        authorizations = self.authorizations[-latest:]
        content: dict[str, object] = {
            "id": self.id,
            "name": self.name,
            "externalId": self.external_id,
            "exp": to_wire(self.exp),
            "nbf": to_wire(self.nbf),
            "settings": copy.deepcopy(self.settings),
            "ended": self.is_over(now),
            "authorizations": [entry.to_wire() for entry in authorizations],
            "createdAt": to_wire(self.created_at),
            "updatedAt": to_wire(self.updated_at),
        }
        for name in self.hidden:
            content.pop(name, None)
        content.update(copy.deepcopy(dict(self.extra)))
        return content


class RoomStore:
    """All rooms by id, in order of creation, with unique `externalId`s."""

    observer: Observer = NO_OBSERVER

    def __init__(self) -> None:
        self._rooms: dict[str, StoredRoom] = {}
        self._ids_by_external_id: dict[str, str] = {}
        # Cached, because sorting 50,000 rooms would take most of a page's time.
        self._orders: dict[tuple[tuple[str, int], ...], list[StoredRoom]] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def all(self) -> list[StoredRoom]:
        """Return all rooms in order of creation."""
        return list(self._rooms.values())

    def add(self, room: StoredRoom) -> None:
        """Add a room."""
        self.check_unused(room.external_id)
        self._rooms[room.id] = room
        self._ids_by_external_id[room.external_id] = room.id
        self._orders.clear()
        self.observer.room_changed(room.id)

    def get(self, room_id: str, *, external_ids: bool = False) -> StoredRoom:
        """Find a room by its id, or by its `externalId` if `external_ids` is set.

        The id takes precedence: docs/api.md, Operations, leaves open how the server reads an
        external id in the format of an ObjectId.
        """
        room = self._rooms.get(room_id)
        if room is None and external_ids:
            room = self._rooms.get(self._ids_by_external_id.get(room_id, ""))
        if room is None:
            raise RefusedError(404, f"No record found for id '{room_id}'")
        return room

    def find(self, room_id: str) -> StoredRoom | None:
        """Return the room with this id, if there is one."""
        return self._rooms.get(room_id)

    def has(self, external_id: str) -> bool:
        """Return whether a room has this `externalId`."""
        return external_id in self._ids_by_external_id

    def check_unused(self, external_id: str, besides: StoredRoom | None = None) -> None:
        """Raise `RefusedError` if another room has this `externalId`."""
        owner = self._ids_by_external_id.get(external_id)
        if owner is not None and (besides is None or owner != besides.id):
            raise RefusedError(409, "externalId already exists", {"externalId": "must be unique"})

    def rename(self, room: StoredRoom, external_id: str) -> None:
        """Change a room's `externalId`."""
        self.check_unused(external_id, besides=room)
        del self._ids_by_external_id[room.external_id]
        room.external_id = external_id
        self._ids_by_external_id[external_id] = room.id

    def touched(self, room: StoredRoom, now: datetime) -> None:
        """Record that a room was changed."""
        room.updated_at = to_milliseconds(now)
        self._orders.clear()
        self.observer.room_changed(room.id)

    def remove(self, room: StoredRoom) -> None:
        """Remove a room."""
        del self._rooms[room.id]
        del self._ids_by_external_id[room.external_id]
        self._orders.clear()
        self.observer.room_changed(room.id)

    def page(self, query: ListQuery, now: datetime) -> tuple[int, list[StoredRoom]]:
        """Return the number of matching rooms, and the page's rooms."""
        found = self._matching(query, now)
        return len(found), found[query.skip : query.skip + query.limit]

    def _matching(self, query: ListQuery, now: datetime) -> list[StoredRoom]:
        if query.external_id is not None:
            owner = self._ids_by_external_id.get(query.external_id)
            found = [] if owner is None else [self._rooms[owner]]
        else:
            found = self._ordered(query.sort, now)
        if query.ended is None:
            return found
        return [room for room in found if room.is_over(now) is query.ended]

    def _ordered(self, sort: tuple[tuple[str, int], ...], now: datetime) -> list[StoredRoom]:
        if any(name == "ended" for name, _ in sort):
            return _sorted(self._rooms.values(), sort, now)  # this order changes with time alone
        found = self._orders.get(sort)
        if found is None:
            if len(self._orders) >= _CACHED_ORDERS:
                self._orders.clear()
            found = self._orders[sort] = _sorted(self._rooms.values(), sort, now)
        return found


def _sorted(
    rooms: Iterable[StoredRoom], sort: tuple[tuple[str, int], ...], now: datetime
) -> list[StoredRoom]:
    found = list(rooms)
    # Python's sort is stable: sort by the last field first, so that the first one decides.
    for name, direction in reversed(sort):
        key = _sort_key(name, now)
        if key is not None:  # Feathers ignores unknown fields, which no room has
            found.sort(key=key, reverse=direction < 0)
    return found


def _sort_key(name: str, now: datetime) -> Callable[[StoredRoom], bool | str | datetime] | None:
    if name == "ended":
        return lambda room: room.is_over(now)
    attribute = _SORT_ATTRIBUTES.get(name)
    return None if attribute is None else attrgetter(attribute)
