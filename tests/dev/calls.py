"""People in a room without a browser: each is a WebSocket at `/exchange`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import aiohttp

from videsk_rooms import AsyncVidesk

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

PATIENCE = 20.0
STATS = {
    "audioPacketsLost": 0,
    "audioPacketsReceived": 500,
    "videoPacketsLost": 0,
    "videoPacketsReceived": 500,
    "audioJitter": 0.002,
    "videoJitter": 0.004,
    "bytesSent": 625_000,
    "bytesReceived": 312_500,
    "currentRoundTripTime": 0.012,
    "videoFreezes": 0,
}


class Lobby:
    """Lets people into the rooms of a sandbox."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self._url = sandbox.url.replace("http", "ws") + "/exchange"
        self._session = session
        self.videsk = AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=None)

    async def connect(self) -> Caller:
        """Open a connection; nothing is said yet."""
        return Caller(await self._session.ws_connect(self._url))

    async def enter(self, token: str, alias: str | None = None) -> Caller:
        """Enter the room of a token."""
        caller = await self.connect()
        await caller.say(type="enter", token=token, alias=alias)
        return caller

    async def join(self, room_id: str, alias: str | None = None) -> Caller:
        """Enter with a new token; `peer` of what is returned is set."""
        access = await self.videsk.rooms.join(room_id)
        caller = await self.enter(access.access_token, alias)
        caller.peer = (await caller.hears("entered"))["peer"]
        return caller

    async def stats(
        self, room_id: str, view: Literal["report", "snapshot", "summary"] = "report"
    ) -> dict[str, Any]:
        """Ask for a view of a room's statistics."""
        stats: Any = await self.videsk.rooms.stats(room_id, view=view)
        data: dict[str, Any] = stats.data
        return data


class Caller:
    """Somebody at `/exchange`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        self.socket = socket
        self.peer = ""

    async def say(self, **message: Any) -> None:
        """Send a message."""
        await self.socket.send_json(message)

    async def hears(self, kind: str) -> dict[str, Any]:
        """Return the next message, which must be of that type."""
        message: dict[str, Any] = await self.socket.receive_json(timeout=PATIENCE)
        assert message["type"] == kind, message
        return message

    async def refusal(self) -> tuple[int | None, str]:
        """Wait for the end of the connection; its code and reason."""
        message = await self.socket.receive(timeout=PATIENCE)
        assert message.type is aiohttp.WSMsgType.CLOSE, message
        return message.data, str(message.extra)
