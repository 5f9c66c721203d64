"""Serves everything outside `/vpaas`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms.dev._answers import refusal
from videsk_rooms.dev._clock import ClockEndpoint
from videsk_rooms.dev._event_stream import EventStream
from videsk_rooms.dev._faults import FaultEndpoints
from videsk_rooms.dev._headers import CALL_PAGE_HEADERS, PAGE_HEADERS, SDK_HEADERS
from videsk_rooms.dev._masking import Masking
from videsk_rooms.dev._origin_policy import OriginPolicy
from videsk_rooms.dev._overview import OverviewEndpoints
from videsk_rooms.dev._requests import RequestEndpoints
from videsk_rooms.dev._rooms import RoomEndpoints
from videsk_rooms.dev._routes import Routes
from videsk_rooms.dev._site_observer import SiteObserver
from videsk_rooms.dev._static import serve_file

if TYPE_CHECKING:
    from videsk_rooms._emulator.parts import SandboxParts
    from videsk_rooms.dev._state import StateFile

_PAGES = {
    "/": ("console", "index.html", PAGE_HEADERS),
    "/call": ("call", "call.html", CALL_PAGE_HEADERS),
    "/favicon.ico": ("console", "icon.svg", PAGE_HEADERS),
}
_FILES = (("/console/", "console", PAGE_HEADERS), ("/call/", "call", CALL_PAGE_HEADERS))


class Site:
    """Handles requests outside `/vpaas`; keeps the rooms in the file `state`, if given."""

    def __init__(self, parts: SandboxParts, state: StateFile | None = None) -> None:
        self._observer = SiteObserver(parts, state)
        self._parts = parts
        self._masking = Masking(parts.api_token)
        self._origins = OriginPolicy(parts.host)
        self._routes = self._make_routes()

    def _make_routes(self) -> Routes:
        parts, observer, masking = self._parts, self._observer, self._masking
        history, events = observer.history, observer.events
        clock, faults = ClockEndpoint(parts, observer.clock_moved), FaultEndpoints(parts)
        requests = RequestEndpoints(parts, history, observer.counts, masking)
        rooms = RoomEndpoints(parts, observer.tokens, observer.exchange, observer.measurements)
        overview = OverviewEndpoints(parts, history, clock, events, masking)
        events.read_requests = self._summaries
        events.read_faults = faults.content
        events.read_clock = clock.content
        return Routes(
            {
                "/state": {"GET": overview.state},
                "/token": {"GET": overview.token},
                "/events": {"GET": EventStream(events).serve},
                "/requests": {"GET": requests.page, "DELETE": requests.clear},
                "/requests/{}": {"GET": requests.one},
                "/requests/{}/replay": {"POST": requests.replay},
                "/limit": {"GET": requests.limit},
                "/rooms": {"GET": rooms.page, "POST": rooms.create},
                "/rooms/{}": {"GET": rooms.one, "PATCH": rooms.change},
                "/rooms/{}/end": {"POST": rooms.end},
                "/rooms/{}/join": {"POST": rooms.join},
                "/rooms/{}/measurements": {"GET": rooms.measurements},
                "/faults": {"GET": faults.show, "POST": faults.add, "DELETE": faults.clear},
                "/clock": {"POST": clock.move},
            }
        )

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Handle a request; return `None` to leave it to the API."""
        self._observer.loop = asyncio.get_running_loop()
        try:
            return await self._answer(request)
        except RefusedError as error:
            return refusal(error)
        except web.HTTPException as error:  # such as a failed WebSocket handshake
            return refusal(RefusedError(error.status, error.text or error.reason))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        path = request.raw_path.partition("?")[0]
        if path == "/dev" or path.startswith("/dev/"):
            self._origins.check_host(request)
            self._origins.check_same_origin(request)
            return await self._routes.answer(request, path)
        if path == "/exchange":
            self._origins.check_host(request)
            self._origins.check_local_origin(request)
            return await self._observer.exchange.handle(request)
        if path.startswith("/sdk/"):
            self._origins.check_host(request)
            headers = {**SDK_HEADERS, **self._origins.check_local_origin(request)}
            return _file(request, "sdk", path.removeprefix("/sdk/"), headers)
        for prefix, folder, headers in _FILES:
            if path.startswith(prefix):
                self._origins.check_host(request)
                self._origins.check_same_origin(request)
                return _file(request, folder, path.removeprefix(prefix), headers)
        if path in _PAGES:
            self._origins.check_host(request)
            self._origins.check_page(request)
            return _file(request, *_PAGES[path])
        if path.startswith("/.well-known/"):  # browsers request these by themselves
            raise RefusedError(404, "there is no such file")
        return None

    def _summaries(self, numbers: list[int]) -> list[dict[str, object]]:
        with self._parts.lock:
            found = [self._observer.history.get(number) for number in numbers]
        return [each.summary(self._masking) for each in found if each is not None]


def _file(
    request: web.BaseRequest, folder: str, name: str, headers: dict[str, str]
) -> web.StreamResponse:
    if request.method not in ("GET", "HEAD"):
        raise RefusedError(405, "files are only read; send GET")
    found = serve_file(request, folder, name, headers)
    if found is None:
        raise RefusedError(404, "there is no such file")
    return found
