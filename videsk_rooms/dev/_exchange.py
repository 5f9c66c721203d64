"""Signalling between the browsers in a room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from videsk_rooms.dev._events import Events
    from videsk_rooms.dev._measurements import Measurements
    from videsk_rooms.dev._parts import SandboxParts


class Exchange:
    """Who is in which room, and what they send each other; all of it on the server's loop."""

    def __init__(self, parts: SandboxParts, events: Events, measurements: Measurements) -> None:
        self._parts = parts
        self._events = events
        self._measurements = measurements

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one WebSocket at `/exchange`; Host and Origin are checked already."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket

    def room_changed(self, room_id: str) -> None:
        """Look again who may stay in a room: it was moved, ended or removed."""

    def clock_moved(self) -> None:
        """Look again who may stay in any room."""

    def people(self, room_id: str) -> list[dict[str, object]]:
        """Who is in a room, each as `{"peer", "alias", "since"}`."""
        del room_id
        return []
