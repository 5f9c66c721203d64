"""Everything that is served outside of `/vpaas`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import web

from videsk_rooms.dev._answers import refusal
from videsk_rooms.dev._clock import ClockEndpoint
from videsk_rooms.dev._event_stream import EventStream
from videsk_rooms.dev._events import Events
from videsk_rooms.dev._exchange import Exchange
from videsk_rooms.dev._faults import FaultEndpoints
from videsk_rooms.dev._headers import CALL_PAGE_HEADERS, PAGE_HEADERS, SDK_HEADERS
from videsk_rooms.dev._history import RequestHistory
from videsk_rooms.dev._masking import Masking
from videsk_rooms.dev._measurements import Measurements
from videsk_rooms.dev._origin_policy import OriginPolicy
from videsk_rooms.dev._overview import OverviewEndpoints
from videsk_rooms.dev._request_counts import RequestCounts
from videsk_rooms.dev._requests import RequestEndpoints
from videsk_rooms.dev._rooms import IssuedTokens, RoomEndpoints
from videsk_rooms.dev._routes import Routes
from videsk_rooms.dev._static import serve_file
from videsk_rooms.sandbox._errors import RefusedError
from videsk_rooms.sandbox._observer import Observer

if TYPE_CHECKING:
    from datetime import datetime

    from videsk_rooms.dev._state import StateFile
    from videsk_rooms.sandbox._fault import Fault
    from videsk_rooms.sandbox._limit import Verdict
    from videsk_rooms.sandbox._log import RequestRecord
    from videsk_rooms.sandbox._messages import Reply
    from videsk_rooms.sandbox._parts import SandboxParts
    from videsk_rooms.sandbox._store import StoredRoom

_PAGES = {
    "/": ("console", "index.html", PAGE_HEADERS),
    "/call": ("call", "call.html", CALL_PAGE_HEADERS),
    "/favicon.ico": ("console", "icon.svg", PAGE_HEADERS),
}
_FILES = (("/console/", "console", PAGE_HEADERS), ("/call/", "call", CALL_PAGE_HEADERS))


class Site(Observer):
    """Answers what is asked outside of `/vpaas`, and hears what happens in the sandbox."""

    def __init__(self, parts: SandboxParts, state: StateFile | None = None) -> None:
        self._parts = parts
        self._state = state
        self._events = Events()
        self._measurements = Measurements(parts, self._events)
        self._exchange = Exchange(parts, self._events, self._measurements)
        self._masking = Masking(parts.api_token)
        self._history = RequestHistory(parts.lock)
        self._counts = RequestCounts()
        self._tokens = IssuedTokens()
        self._stream = EventStream(self._events)
        self._origins = OriginPolicy(parts.host)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: set[str] = set()
        self._routes = self._make_routes()

    def _make_routes(self) -> Routes:
        parts, events = self._parts, self._events
        clock, faults = ClockEndpoint(parts, self.clock_moved), FaultEndpoints(parts)
        requests = RequestEndpoints(parts, self._history, self._counts, self._masking)
        rooms = RoomEndpoints(parts, self._tokens, self._exchange, self._measurements)
        overview = OverviewEndpoints(parts, self._history, clock, events, self._masking)
        events.read_requests = self._summaries
        events.read_faults = faults.content
        events.read_clock = clock.content
        return Routes(
            {
                "/state": {"GET": overview.state},
                "/token": {"GET": overview.token},
                "/events": {"GET": self._stream.serve},
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

    # -- what is asked -----------------------------------------------------------------------------

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Answer a request; `None` leaves it to the API."""
        self._loop = asyncio.get_running_loop()
        try:
            return await self._answer(request)
        except RefusedError as error:
            return refusal(error)
        except web.HTTPException as error:  # such as a handshake of a WebSocket that is none
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
            return await self._exchange.handle(request)
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
        if path.startswith("/.well-known/"):  # browsers ask for these by themselves
            raise RefusedError(404, "there is no such file")
        return None

    # -- what happens ------------------------------------------------------------------------------

    def arrived(self, record: RequestRecord, verdict: Verdict | None, fault: Fault | None) -> None:
        """Hear of a request that has come."""
        self._counts.add(self._history.arrived(record, verdict, fault))
        self._events.request_changed(record.number)

    def answered(self, number: int, reply: Reply, status: int | None, *, processed: bool) -> None:
        """Hear what a request is answered."""
        self._history.answered(number, reply, status, processed=processed)
        self._events.request_changed(number)

    def room_changed(self, room_id: str) -> None:
        """Hear that a room was added, changed or removed."""
        self._events.room_changed(room_id)
        if self._state is not None:
            self._state.changed()
        if self._loop is None:  # nobody has come yet, so nobody is in the room
            return
        self._changed.add(room_id)
        if len(self._changed) == 1:
            self._call_soon(self._loop)

    def token_issued(self, room_id: str, jti: str, nbf: datetime, exp: datetime) -> None:
        """Hear of a new room token."""
        self._tokens.add(room_id, jti, self._parts.clock.now(), nbf, exp)
        self._events.room_changed(room_id)

    def faults_changed(self) -> None:
        """Hear that a fault was scripted, used up or dropped."""
        self._events.faults_changed()

    def clock_moved(self) -> None:
        """Hear that the clock was moved."""
        self._events.clock_moved()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the server has stopped
                self._loop.call_soon_threadsafe(self._exchange.clock_moved)

    def stats(self, view: str, room: StoredRoom, now: datetime) -> dict[str, object] | None:
        """Answer a view of a room's statistics from what was measured."""
        return self._measurements.view(view, room, now)

    def stopped(self) -> None:
        """Hear that the sandbox was stopped."""
        if self._state is not None:
            self._state.save()

    def _call_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.call_soon_threadsafe(self._tell_changed)
        except RuntimeError:  # the server has stopped
            self._changed.clear()

    def _tell_changed(self) -> None:
        with self._parts.lock:
            changed, self._changed = self._changed, set()
            known = {room_id for room_id in changed if self._parts.store.find(room_id)}
            for room_id in changed - known:
                self._tokens.forget(room_id)
        for room_id in changed:
            self._exchange.room_changed(room_id)
        for room_id in changed - known:
            self._measurements.forget(room_id)

    def _summaries(self, numbers: list[int]) -> list[dict[str, object]]:
        with self._parts.lock:
            found = [self._history.get(number) for number in numbers]
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


def make_site(parts: SandboxParts, state: StateFile | None = None) -> Site:
    """Make the console of a sandbox; it keeps the rooms in the file `state`, if one is given."""
    return Site(parts, state)
