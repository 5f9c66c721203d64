"""The API's operations: a request in, a response out, no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from videsk_rooms._emulator.clock import to_milliseconds
from videsk_rooms._emulator.errors import RefusedError, error_reply
from videsk_rooms._emulator.messages import Reply, json_reply
from videsk_rooms._emulator.query import read_list_query
from videsk_rooms._emulator.stats import Statistics
from videsk_rooms._emulator.store import Authorization, RoomStore, StoredRoom
from videsk_rooms._emulator.validation import (
    CREATE_FIELDS,
    DEFAULT_LIFE,
    UPDATE_FIELDS,
    check_stays_over,
    check_window,
    read_fields,
    read_object,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from videsk_rooms._emulator.clock import Clock
    from videsk_rooms._emulator.identifiers import Identifiers
    from videsk_rooms._emulator.messages import Incoming, Operation
    from videsk_rooms._emulator.tokens import ApiTokens, RoomTokens

_PATH = re.compile(r"/vpaas/rooms(?:/(?P<room>[^/]+)(?:/(?P<part>join|stats))?)?/?")
_BROKEN_ENCODING = re.compile(r"%(?![0-9a-fA-F]{2})")
_NOT_FOUND = error_reply(404, "Page not found")
_METHODS: dict[str, dict[str, Operation]] = {
    "rooms": {"GET": "list", "POST": "create"},
    "room": {"GET": "get", "PATCH": "update", "DELETE": "delete"},
    "join": {"POST": "join"},
    "stats": {"GET": "stats"},
}


@dataclass(frozen=True)
class Policy:
    """The server's choices where docs/api.md leaves them open; `Sandbox` explains each."""

    deletion: bool
    delete_status: int
    join_status: int
    external_ids: bool
    update_token: bool
    reopening: bool


@dataclass(frozen=True)
class Route:
    """The operation that a request asks for, or the `reply` if there is none."""

    operation: Operation | None = None
    room_id: str = ""
    reply: Reply = _NOT_FOUND


def find_route(method: str, path: str) -> Route:
    """Find the operation (docs/api.md, Operations)."""
    match = _PATH.fullmatch(path)
    if match is None:
        return Route()
    room, part = match["room"], match["part"]
    methods = _METHODS[part or ("rooms" if room is None else "room")]
    # A HEAD is a GET whose body is not sent (RFC 9110, 9.3.2).
    operation = methods.get("GET" if method == "HEAD" else method)
    if operation is None:
        return Route(reply=_other_method(method, methods))
    try:
        return Route(operation, _decode(room or ""))
    except ValueError:  # Express's response
        return Route(reply=error_reply(400, f"Failed to decode param '{room}'"))


def _other_method(method: str, methods: Mapping[str, Operation]) -> Reply:
    """Respond to OPTIONS or another method, with `Allow` (RFC 9110, 9.3.7 and 15.5.6)."""
    head = ["HEAD"] if "GET" in methods else []
    allow = {"Allow": ", ".join([*methods, *head, "OPTIONS"])}
    if method == "OPTIONS":
        return Reply(204, headers=allow)
    text = f"Method {method} is not supported by this endpoint."
    return error_reply(405, text, headers=allow)


def _decode(segment: str) -> str:
    """Decode a segment of a path; raise `ValueError` if its percent-encoding is broken."""
    if _BROKEN_ENCODING.search(segment):
        raise ValueError(segment)
    return unquote(segment, errors="strict")


class RoomsApi:
    """The server's operations. The caller must hold the sandbox's lock."""

    def __init__(
        self,
        store: RoomStore,
        clock: Clock,
        identifiers: Identifiers,
        api_tokens: ApiTokens,
        room_tokens: RoomTokens,
        *,
        policy: Policy,
    ) -> None:
        self._store = store
        self._clock = clock
        self._identifiers = identifiers
        self._api_tokens = api_tokens
        self._room_tokens = room_tokens
        self.statistics: Statistics = Statistics()
        self._policy = policy
        self._operations = {
            "create": self._create,
            "list": self._list,
            "get": self._get,
            "update": self._update,
            "delete": self._delete,
            "join": self._join,
            "stats": self._stats,
        }

    def answer(self, route: Route, incoming: Incoming) -> Reply:
        """Run the operation, or raise `RefusedError`."""
        if route.operation is None:
            return route.reply
        self._api_tokens._check(incoming)
        if incoming.too_large:
            raise RefusedError(413, "The body is too large")
        if incoming.broken:
            raise RefusedError(400, "The body cannot be decoded")
        return self._operations[route.operation](route, incoming)

    def make_room(
        self,
        *,
        name: str | None = None,
        external_id: str | None = None,
        exp: datetime | None = None,
        nbf: datetime | None = None,
        settings: dict[str, object] | None = None,
        created_at: datetime | None = None,
    ) -> StoredRoom:
        """Build a room with the defaults of docs/api.md, Operations, Create, without storing it."""
        now = to_milliseconds(self._clock.now())
        room_id = self._identifiers.object_id(now)
        # With a seed, the ids of an earlier run come again, and its rooms may have been kept.
        while self._store.find(room_id) is not None:
            room_id = self._identifiers.object_id(now)
        if external_id is None:
            external_id = self._identifiers.uuid()
            while self._store.has(external_id):
                external_id = self._identifiers.uuid()
        created = now if created_at is None else to_milliseconds(created_at)
        return StoredRoom(
            id=room_id,
            name=f"Room {room_id[-6:]}" if name is None else name,
            external_id=external_id,
            exp=now + DEFAULT_LIFE if exp is None else to_milliseconds(exp),
            nbf=now if nbf is None else to_milliseconds(nbf),
            settings={} if settings is None else settings,
            created_at=created,
            updated_at=created,
        )

    def create(self, content: dict[str, object]) -> StoredRoom:
        """Create a room from a request body, or raise `RefusedError`."""
        fields = read_fields(content, self._clock.now(), CREATE_FIELDS)
        room = self.make_room(
            name=fields.name,
            external_id=fields.external_id,
            exp=fields.exp,
            nbf=fields.nbf,
            settings=fields.settings,
        )
        check_window(room.nbf, room.exp)
        self._store.add(room)
        return room

    def _create(self, _route: Route, incoming: Incoming) -> Reply:
        return json_reply(201, self._with_token(self.create(read_object(incoming))))

    def _list(self, _route: Route, incoming: Incoming) -> Reply:
        query = read_list_query(incoming.query)
        now = self._clock.now()
        total, rooms = self._store.page(query, now)
        page = {
            "total": total,
            "limit": query.limit,
            "skip": query.skip,
            "data": [room.to_wire(now) for room in rooms],
        }
        return json_reply(200, page)

    def _get(self, route: Route, _incoming: Incoming) -> Reply:
        room = self._store.get(route.room_id, external_ids=self._policy.external_ids)
        return json_reply(200, self._with_token(room))

    def change(self, room: StoredRoom, content: dict[str, object]) -> None:
        """Apply a request body to a room, or raise `RefusedError`."""
        now = self._clock.now()
        fields = read_fields(content, now, UPDATE_FIELDS)
        nbf, exp = fields.nbf or room.nbf, fields.exp or room.exp
        # Check everything before changing anything.
        if fields.nbf or fields.exp:
            check_window(nbf, exp)
        if not self._policy.reopening and room.is_over(now):
            check_stays_over(fields, room.exp)
        if fields.external_id is not None:
            self._store.rename(room, fields.external_id)
        room.nbf, room.exp = nbf, exp
        room.name = room.name if fields.name is None else fields.name
        room.settings = room.settings if fields.settings is None else fields.settings
        if fields.ended:
            room.end(now)
        elif fields.ended is False:
            room.reopen()
        self._store.touched(room, now)

    def _update(self, route: Route, incoming: Incoming) -> Reply:
        room = self._store.get(route.room_id)
        self.change(room, read_object(incoming))
        if self._policy.update_token:
            return json_reply(200, self._with_token(room))
        return json_reply(200, room.to_wire(self._clock.now()))

    def _delete(self, route: Route, _incoming: Incoming) -> Reply:
        if not self._policy.deletion:
            raise RefusedError(403, "Room deletion not allowed")
        room = self._store.get(route.room_id)
        self._store.remove(room)
        self.statistics.forget(room.id)
        if self._policy.delete_status == 204:
            return Reply(204)
        return json_reply(200, room.to_wire(self._clock.now()))

    def _join(self, route: Route, incoming: Incoming) -> Reply:
        room = self._store.get(route.room_id)
        now = self._clock.now()
        # docs/api.md, Operations, Join, says only "something in 4xx". The sandbox chooses which.
        if room.is_over(now):
            raise RefusedError(410, "The room is over.")
        if now < room.nbf:
            raise RefusedError(422, "The room is not open yet.")
        token, jti = self._room_tokens.issue(room.id, room.nbf, room.exp, now)
        room.authorizations.append(Authorization(incoming.remote, jti, to_milliseconds(now)))
        self._store.touched(room, now)
        return json_reply(self._policy.join_status, {"accessToken": token})

    def _stats(self, route: Route, incoming: Incoming) -> Reply:
        room = self._store.get(route.room_id)
        view = dict(incoming.query).get("view", "report")
        return json_reply(200, self.statistics.view(view, room, self._clock.now()))

    def _with_token(self, room: StoredRoom) -> dict[str, object]:
        """The room with a token, as Create and Retrieve return it (docs/api.md, Operations)."""
        now = self._clock.now()
        token, _ = self._room_tokens.issue(room.id, room.nbf, room.exp, now)
        return {**room.to_wire(now), "accessToken": token}
