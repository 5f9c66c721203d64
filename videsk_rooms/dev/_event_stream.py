"""`/dev/v1/events`: streams events to readers.

A reader that falls behind the kept events is disconnected. When it reconnects, `reset` makes it
reload everything.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import web

from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms.dev._answers import whole_number
from videsk_rooms.dev._headers import COMMON_HEADERS

if TYPE_CHECKING:
    from videsk_rooms.dev._events import Events

TICK = 0.1
MAX_READERS = 32
STALLED_AFTER = 10.0
_COMMENT_EVERY = 15.0
# How long events are kept for a reader that reconnects, such as a page that is reloaded.
_LINGER = 30.0


class EventStream:
    """Serves the readers, on the server's loop."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._readers = 0
        self._ticker: asyncio.Task[None] | None = None
        self._fresh = asyncio.Event()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle `GET /dev/v1/events`."""
        position = self._position(request)
        if self._readers >= MAX_READERS:
            raise RefusedError(409, f"{MAX_READERS} readers are connected already; close one")
        self._readers += 1
        try:
            self._start()
            return await self._send(request, position)
        finally:
            self._readers -= 1

    def _position(self, request: web.BaseRequest) -> int | None:
        text = request.headers.get("Last-Event-ID") or request.rel_url.query.get("after")
        return None if text is None else whole_number(text, "the id of an event")

    async def _send(self, request: web.BaseRequest, after: int | None) -> web.StreamResponse:
        events = self._events
        headers = {**COMMON_HEADERS, "Content-Type": "text/event-stream; charset=utf-8"}
        headers["Cache-Control"] = "no-store"
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        position = events.last_id if after is None else after
        begin = b"retry: 1000\n\n"
        if events.since(position) is None:
            position = events.last_id
            begin += b"id: %d\nevent: reset\ndata: {}\n\n" % position
        with contextlib.suppress(ConnectionError, asyncio.TimeoutError):  # the reader has gone
            await self._write(response, begin)
            while (found := events.since(position)) is not None:
                position, content = found
                if content:
                    await self._write(response, content)
                elif not await self._is_fresh():
                    await self._write(response, b":\n\n")
        if request.transport is not None:
            request.transport.abort()  # close() would wait for a client that does not read
        return response

    async def _write(self, response: web.StreamResponse, content: bytes) -> None:
        await asyncio.wait_for(response.write(content), STALLED_AFTER)

    async def _is_fresh(self) -> bool:
        """Wait for new events, with a timeout."""
        try:
            await asyncio.wait_for(self._fresh.wait(), _COMMENT_EVERY)
        except asyncio.TimeoutError:
            return False
        return True

    def _start(self) -> None:
        if self._ticker is None or self._ticker.done():  # done: its loop may have ended
            self._fresh = asyncio.Event()
            self._events.collect(collecting=True)
            self._ticker = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        idle = 0.0
        try:
            while idle < _LINGER:
                await asyncio.sleep(TICK)
                idle = 0.0 if self._readers else idle + TICK
                if self._events.make():
                    self._fresh.set()
                    self._fresh = asyncio.Event()
        finally:
            self._events.collect(collecting=False)
