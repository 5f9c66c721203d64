"""Somebody in a room, and the queue of messages to them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

MAX_QUEUE = 500  # messages: some 12 people with 10 candidates each, and room for chat
_TOO_SLOW = 1008  # "policy violation", because the documentation has no code for it


class Person:
    """Somebody in a room.

    Attributes:
        peer: Their id, a new one each time they enter.
        alias: The name that others see, by default the id.
        since: When they entered, in the API's format.
        ended: Whether the connection closes after the queued messages.
        media: Their latest message about camera and microphone, for those who enter later.
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
        """Return the person as the console shows them."""
        return {"peer": self.peer, "alias": self.alias, "since": self.since}

    def known(self) -> dict[str, object]:
        """Return the person as others in the room see them."""
        return {"peer": self.peer, "alias": self.alias, "media": dict(self.media)}

    def send(self, message: Mapping[str, object]) -> None:
        """Queue a message; somebody who does not read is disconnected."""
        if self.ended:
            return
        if self._queue.qsize() >= MAX_QUEUE:
            self._queue = asyncio.Queue()
            self.end(_TOO_SLOW, "messages are not read")
            self._abort()  # because the current write would never finish
        else:
            self._queue.put_nowait(json.dumps(message))

    def end(self, code: int, reason: str) -> None:
        """Close the connection after the queued messages."""
        if not self.ended:
            self.ended = True
            self._queue.put_nowait((code, reason))

    async def write(self) -> None:
        """Write queued messages until the end."""
        # If the browser has gone, the reading side notices.
        with contextlib.suppress(ConnectionError):
            while True:
                item = await self._queue.get()
                if isinstance(item, tuple):
                    code, reason = item
                    await self._socket.close(code=code, message=reason.encode())
                    return
                await self._socket.send_str(item)
