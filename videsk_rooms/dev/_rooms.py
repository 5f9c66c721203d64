"""`/dev/v1/rooms`: acts on rooms without the API, so it uses up no requests of the rate limit."""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import islice
from typing import TYPE_CHECKING

from videsk_rooms._emulator.clock import to_milliseconds, to_wire
from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms._emulator.store import Authorization
from videsk_rooms.dev._answers import answer, read_body, whole_number

if TYPE_CHECKING:
    from datetime import datetime

    from aiohttp import web

    from videsk_rooms._emulator.parts import SandboxParts
    from videsk_rooms._emulator.store import StoredRoom
    from videsk_rooms.dev._exchange import Exchange
    from videsk_rooms.dev._measurements import Measurements

MAX_PAGE = 1000
KEPT_TOKENS = 50
# Rooms are read up to four times a second while something happens in them.
SHOWN_AUTHORIZATIONS = 50
KEPT_ROOMS = 10_000
_CREATE = frozenset({"name", "externalId", "exp", "nbf", "settings"})
_CHANGE = frozenset({"name", "exp", "nbf"})


class IssuedTokens:
    """Each room's latest tokens, without the token strings. Use it under the sandbox's lock."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[str, deque[dict[str, object]]] = OrderedDict()

    def add(self, room_id: str, jti: str, now: datetime, nbf: datetime, exp: datetime) -> None:
        """Record a token."""
        tokens = self._rooms.get(room_id)
        if tokens is None:
            tokens = self._rooms[room_id] = deque(maxlen=KEPT_TOKENS)
            if len(self._rooms) > KEPT_ROOMS:
                self._rooms.popitem(last=False)
        tokens.append({"issuedAt": now, "nbf": nbf, "exp": exp, "jti": jti})

    def of(self, room_id: str) -> list[dict[str, object]]:
        """Return a room's tokens, newest first."""
        return [
            {
                name: value if isinstance(value, str) else to_wire(value)  # type: ignore[arg-type]  # a datetime
                for name, value in token.items()
            }
            for token in reversed(self._rooms.get(room_id, ()))
        ]

    def forget(self, room_id: str) -> None:
        """Drop the tokens of a room that was removed."""
        self._rooms.pop(room_id, None)


class RoomEndpoints:
    """Shows rooms, and changes them."""

    def __init__(
        self,
        parts: SandboxParts,
        tokens: IssuedTokens,
        exchange: Exchange,
        measurements: Measurements,
    ) -> None:
        self._parts = parts
        self._tokens = tokens
        self._exchange = exchange
        self._measurements = measurements

    async def page(self, request: web.BaseRequest) -> web.Response:
        """Handle `GET /dev/v1/rooms`."""
        query = request.rel_url.query
        limit = whole_number(query.get("limit", "200"), "limit", MAX_PAGE)
        skip = whole_number(query.get("skip", "0"), "skip")
        with self._parts.lock:
            rooms = self._parts.store.all()
            found = list(islice(reversed(rooms), skip, skip + limit))
            shown = [self._shown(room) for room in found]
        return answer({"total": len(rooms), "rooms": shown})

    async def one(self, _request: web.BaseRequest, room_id: str) -> web.Response:
        """Handle `GET /dev/v1/rooms/{id}`."""
        with self._parts.lock:
            return answer(self._shown(self._parts.store.get(room_id)))

    async def create(self, request: web.BaseRequest) -> web.Response:
        """Handle `POST /dev/v1/rooms`."""
        content = await read_body(request, _CREATE)
        with self._parts.lock:
            return answer(self._shown(self._parts.api.create(content)), 201)

    async def change(self, request: web.BaseRequest, room_id: str) -> web.Response:
        """Handle `PATCH /dev/v1/rooms/{id}`."""
        content = await read_body(request, _CHANGE)
        with self._parts.lock:
            room = self._parts.store.get(room_id)
            self._parts.api.change(room, content)
            return answer(self._shown(room))

    async def end(self, request: web.BaseRequest, room_id: str) -> web.Response:
        """Handle `POST /dev/v1/rooms/{id}/end`."""
        await read_body(request, ())
        with self._parts.lock:
            room = self._parts.store.get(room_id)
            self._parts.api.change(room, {"ended": True})
            return answer(self._shown(room))

    async def join(self, request: web.BaseRequest, room_id: str) -> web.Response:
        """Handle `POST /dev/v1/rooms/{id}/join`.

        It also issues a token for a room that is over or not open yet, to show what a browser then
        gets. It records an authorization only for an open room.
        """
        await read_body(request, ())
        with self._parts.lock:
            room, now = self._parts.store.get(room_id), self._parts.clock.now()
            token, jti = self._parts.room_tokens.issue(room.id, room.nbf, room.exp, now)
            if _status(room, now) == "open":
                address = request.remote or ""
                room.authorizations.append(Authorization(address, jti, to_milliseconds(now)))
                self._parts.store.touched(room, now)
        return answer({"accessToken": token})

    async def measurements(self, _request: web.BaseRequest, room_id: str) -> web.Response:
        """Handle `GET /dev/v1/rooms/{id}/measurements`."""
        with self._parts.lock:
            room = self._parts.store.get(room_id)
        return answer({"people": self._measurements.of(room.id)})

    def _shown(self, room: StoredRoom) -> dict[str, object]:
        now = self._parts.clock.now()
        content = room.to_wire(now, latest=SHOWN_AUTHORIZATIONS)
        content.pop("accessToken", None)
        return {
            **content,
            "id": room.id,
            "authorizationsTotal": len(room.authorizations),
            "status": _status(room, now),
            "tokens": self._tokens.of(room.id),
            "people": self._exchange.people(room.id),
        }


def _status(room: StoredRoom, now: datetime) -> str:
    if room.is_over(now):
        return "over"
    return "waiting" if now < room.nbf else "open"


def room_of(parts: SandboxParts, room_id: object) -> StoredRoom:
    """Find a room by the id in a body, or raise `RefusedError`."""
    if not isinstance(room_id, str):
        raise RefusedError(400, "give the id of a room as a string")
    return parts.store.get(room_id)
