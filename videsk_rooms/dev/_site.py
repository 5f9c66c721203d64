"""Everything that is served outside of `/vpaas`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from videsk_rooms.dev._events import Events
from videsk_rooms.dev._exchange import Exchange
from videsk_rooms.dev._measurements import Measurements
from videsk_rooms.dev._safety import CALL_PAGE, PAGE
from videsk_rooms.dev._static import serve_file
from videsk_rooms.sandbox._observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiohttp import web

    from videsk_rooms.dev._parts import SandboxParts
    from videsk_rooms.sandbox._store import StoredRoom


_PAGES = {"/": ("console", "index.html", PAGE), "/call": ("call", "call.html", CALL_PAGE)}
_FILES = (
    ("/console/", "console", PAGE),
    ("/call/", "call", CALL_PAGE),
    ("/sdk/", "sdk", PAGE),
)


class Site(Observer):
    """Answers what is asked outside of `/vpaas`, and hears what happens in the sandbox."""

    def __init__(self, parts: SandboxParts) -> None:
        self._events = Events()
        self._measurements = Measurements(parts, self._events)
        self._exchange = Exchange(parts, self._events, self._measurements)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Answer a request; `None` leaves it to the API."""
        self._loop = asyncio.get_running_loop()
        path = request.rel_url.raw_path
        if path == "/exchange":
            return await self._exchange.handle(request)
        for prefix, folder, headers in _FILES:
            if path.startswith(prefix):
                return serve_file(request, folder, path.removeprefix(prefix), headers)
        page = _PAGES.get(path)
        return None if page is None else serve_file(request, *page)

    def room_changed(self, room_id: str) -> None:
        """Hear that a room was added, changed or removed."""
        self._events.room(room_id)
        self._on_loop(lambda: self._exchange.room_changed(room_id))

    def clock_moved(self) -> None:
        """Hear that the clock was moved."""
        self._on_loop(self._exchange.clock_moved)

    def stats(self, view: str, room: StoredRoom, now: datetime) -> dict[str, object] | None:
        """Answer a view of a room's statistics from what was measured."""
        return self._measurements.view(view, room, now)

    def _on_loop(self, call: Callable[[], None]) -> None:
        if self._loop is not None:  # else nobody has come yet
            with contextlib.suppress(RuntimeError):  # the server has stopped
                self._loop.call_soon_threadsafe(call)


def make_site(parts: SandboxParts) -> Site:
    """Make the console of a sandbox."""
    return Site(parts)
