"""Signalling between the browsers in a room, for the Browser SDK's stand-in.

Videsk's own protocol is not documented; docs/reference/stand-in.md, "Signalling", describes this.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from datetime import timezone
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from videsk_rooms._emulator.clock import to_wire
from videsk_rooms.dev._admission import (
    TOKEN_REFUSED,
    ClosedError,
    find_unless_over,
    room_of_token,
)
from videsk_rooms.dev._person import Person
from videsk_rooms.dev._signals import (
    MAX_MESSAGE_BYTES,
    MalformedError,
    read_enter,
    read_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from videsk_rooms._emulator.parts import SandboxParts
    from videsk_rooms.dev._events import Events
    from videsk_rooms.dev._measurements import Measurements

MALFORMED = 4403
FULL = 4429
MAX_PEOPLE = 12  # in a room: each of them is connected with every other one
MAX_SOCKETS = 200
_ENTER_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_HEARTBEAT_SECONDS = 20.0
# Rooms end by the sandbox's clock, which tests freeze and move. So this polls instead of a timer.
_CHECK_SECONDS = 0.25


class Exchange:
    """Who is in which room, and what they send each other. Runs on the server's loop."""

    def __init__(self, parts: SandboxParts, events: Events, measurements: Measurements) -> None:
        self._parts = parts
        self._events = events
        self._measurements = measurements
        self._rooms: dict[str, dict[str, Person]] = {}
        self._sockets = 0
        self._checking: asyncio.Task[None] | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one WebSocket at `/exchange`, after its Host and Origin have been checked."""
        if not web.WebSocketResponse().can_prepare(request):
            return web.json_response({"message": "/exchange takes WebSockets only"}, status=400)
        socket = web.WebSocketResponse(
            timeout=_CLOSE_SECONDS, heartbeat=_HEARTBEAT_SECONDS, max_msg_size=MAX_MESSAGE_BYTES
        )
        await socket.prepare(request)
        self._sockets += 1
        try:
            if self._sockets > MAX_SOCKETS:
                raise ClosedError(FULL, f"more than {MAX_SOCKETS} connections")
            room_id, alias = await self._let_in(socket)
            await self._stay(self._add(socket, _abort(request), room_id, alias), socket, room_id)
        except ClosedError as closed:
            await socket.close(code=closed.code, message=closed.reason.encode())
        except MalformedError as error:
            await socket.close(code=MALFORMED, message=f"malformed message: {error}".encode())
        finally:
            self._sockets -= 1
        return socket

    def room_changed(self, room_id: str) -> None:
        """Check again who may stay in a room, after it was moved, ended or removed."""
        self._check([room_id])

    def clock_moved(self) -> None:
        """Check again who may stay in any room."""
        self._check(list(self._rooms))

    def people(self, room_id: str) -> list[dict[str, object]]:
        """Return who is in a room, each as `{"peer", "alias", "since"}`."""
        return [person.shown() for person in self._rooms.get(room_id, {}).values()]

    async def _let_in(self, socket: web.WebSocketResponse) -> tuple[str, str | None]:
        """Read the first message; return the room that it opens, and the alias."""
        try:
            message = await asyncio.wait_for(socket.receive(), _ENTER_SECONDS)
        except asyncio.TimeoutError:
            raise ClosedError(MALFORMED, "malformed message: none came") from None
        if message.type is not WSMsgType.TEXT:
            raise MalformedError("not a text")
        token, alias = read_enter(message.data)
        room_id = room_of_token(self._parts, token)
        if len(self._rooms.get(room_id, {})) >= MAX_PEOPLE:
            raise ClosedError(FULL, f"the room holds {MAX_PEOPLE} people")
        return room_id, alias

    async def _stay(self, person: Person, socket: web.WebSocketResponse, room_id: str) -> None:
        """Relay somebody's messages until they leave, are disconnected or read too slowly."""
        writing = asyncio.ensure_future(person.write())
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    raise MalformedError("not a text")
                if not self._take(room_id, person, read_message(message.data)):
                    return
        finally:
            self._remove(room_id, person)
            if not person.ended:  # otherwise it is closing the connection with the reason
                writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing

    def _add(
        self,
        socket: web.WebSocketResponse,
        abort: Callable[[], None],
        room_id: str,
        alias: str | None,
    ) -> Person:
        peer = str(uuid.uuid4())
        with self._parts.lock:
            since = to_wire(self._parts.clock.now().astimezone(timezone.utc))
        person = Person(peer, alias or peer, since, socket, abort)
        others = self._rooms.setdefault(room_id, {})
        person.send(
            {"type": "entered", "peer": peer, "peers": [x.known() for x in others.values()]}
        )
        _tell(others.values(), {"type": "joined", **person.known()})
        others[peer] = person
        self._events.people_changed(room_id, self.people(room_id))
        if self._checking is None or self._checking.done():
            self._checking = asyncio.ensure_future(self._check_until_all_left())
        return person

    def _remove(self, room_id: str, person: Person) -> None:
        people = self._rooms.get(room_id, {})
        if people.pop(person.peer, None) is None:
            return
        if not people:
            del self._rooms[room_id]
        _tell(people.values(), {"type": "left", "peer": person.peer})
        self._events.people_changed(room_id, self.people(room_id))

    def _take(self, room_id: str, person: Person, message: dict[str, Any]) -> bool:
        """Handle a message; return whether its sender stays."""
        others = self._rooms.get(room_id, {})
        from_ = {"from": person.peer}
        match message["type"]:
            case "signal":
                if (to := others.get(message["to"])) is not None:  # otherwise they have just left
                    to.send({"type": "signal", **from_, "data": message["data"]})
            case "stats":
                if (to := others.get(message["to"])) is not None:
                    self._measurements.add(room_id, person, to, message["stats"])
            case "leave":
                return False
            case kind:
                if kind == "media":
                    person.media = {name: message[name] for name in message if name != "type"}
                _tell((each for each in others.values() if each is not person), message | from_)
        return True

    def _check(self, room_ids: Iterable[str]) -> None:
        """Disconnect everybody whose room is over."""
        inside = [room_id for room_id in room_ids if room_id in self._rooms]
        if not inside:
            return
        with self._parts.lock:
            now = self._parts.clock.now()
            over = [
                room_id for room_id in inside if find_unless_over(self._parts, room_id, now) is None
            ]
        for room_id in over:
            people = list(self._rooms[room_id].values())
            for person in people:
                person.send({"type": "expelled", "message": "jwt expired"})
                person.end(TOKEN_REFUSED, "jwt expired")
            for person in people:
                self._remove(room_id, person)

    async def _check_until_all_left(self) -> None:
        while self._rooms:
            self.clock_moved()
            await asyncio.sleep(_CHECK_SECONDS)


def _tell(people: Iterable[Person], message: Mapping[str, object]) -> None:
    for person in list(people):
        person.send(message)


def _abort(request: web.BaseRequest) -> Callable[[], None]:
    """Return a function that aborts a connection."""
    transport = request.transport
    return (lambda: None) if transport is None else transport.abort
