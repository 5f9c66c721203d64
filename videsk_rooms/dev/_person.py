"""Somebody in a room, and what is on its way to them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

MAX_QUEUE = 500  # messages: some 12 people with 10 candidates each, and room for chat
_TOO_SLOW = 1008  # "policy violation": the documentation has no code for it


class Person:
    """Somebody in a room.

    Attributes:
        peer: Their id, another one each time that they enter.
        alias: What others see; the id where they gave none.
        since: When they entered, as the wire writes it.
        ended: Whether the connection is to be closed after what was sent.
        media: What they said of their camera and microphone, to be told to who enters later.
    """

    def __init__(
        self,
        peer: str,
        alias: str,
        since: str,
        socket: web.WebSocketResponse,
        abort: Callable[[], None],
    ) -> None:
        self.peer = peer
        self.alias = alias
        self.since = since
        self.media: Mapping[str, object] = {}
        self._socket = socket
        self._abort = abort
        self._queue: asyncio.Queue[str | tuple[int, str]] = asyncio.Queue()
        self.ended = False

    def shown(self) -> dict[str, object]:
        """How the console shows them."""
        return {"peer": self.peer, "alias": self.alias, "since": self.since}

    def known(self) -> dict[str, object]:
        """How others in the room are told of them."""
        return {"peer": self.peer, "alias": self.alias, "media": dict(self.media)}

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message soon; who does not read is disconnected, not waited for."""
        if self.ended:
            return
        if self._queue.qsize() >= MAX_QUEUE:
            self._queue = asyncio.Queue()
            self.end(_TOO_SLOW, "messages are not read")
            self._abort()  # what is being written now would never end
        else:
            self._queue.put_nowait(json.dumps(message))

    def end(self, code: int, reason: str) -> None:
        """Close the connection after what was sent so far."""
        if not self.ended:
            self.ended = True
            self._queue.put_nowait((code, reason))

    async def write(self) -> None:
        """Write what is sent, until the end."""
        # The browser may be gone: that shows where its messages are read.
        with contextlib.suppress(ConnectionError):
            while True:
                item = await self._queue.get()
                if isinstance(item, tuple):
                    code, reason = item
                    await self._socket.close(code=code, message=reason.encode())
                    return
                await self._socket.send_str(item)
