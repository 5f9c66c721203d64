"""`/dev/v1/state` and `/dev/v1/token`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms._emulator.fault import KINDS
from videsk_rooms._emulator.messages import OPERATIONS
from videsk_rooms._version import __version__
from videsk_rooms.dev._answers import answer

if TYPE_CHECKING:
    from aiohttp import web

    from videsk_rooms._emulator.parts import SandboxParts
    from videsk_rooms.dev._clock import ClockEndpoint
    from videsk_rooms.dev._events import Events
    from videsk_rooms.dev._history import RequestHistory
    from videsk_rooms.dev._masking import Masking


class OverviewEndpoints:
    """Describes this sandbox."""

    def __init__(
        self,
        parts: SandboxParts,
        history: RequestHistory,
        clock: ClockEndpoint,
        events: Events,
        masking: Masking,
    ) -> None:
        self._parts = parts
        self._history = history
        self._clock = clock
        self._events = events
        self._masking = masking

    async def state(self, request: web.BaseRequest) -> web.Response:
        """Handle `GET /dev/v1/state`."""
        with self._parts.lock:
            return answer(
                {
                    "version": __version__,
                    # The page's own address, because others may not be reachable from there.
                    "url": f"http://{request.headers['Host']}",
                    "apiTokenMasked": self._masking.api_token,
                    "rate": self._parts.rate,
                    "window": self._parts.window,
                    **self._clock.content(),
                    "second": self._history.second(),
                    "requestsTotal": self._history.total,
                    "faultKinds": list(KINDS),
                    "operations": list(OPERATIONS),
                    "lastEventId": self._events.last_id,
                }
            )

    async def token(self, _request: web.BaseRequest) -> web.Response:
        """Handle `GET /dev/v1/token`."""
        return answer({"apiToken": self._parts.api_token})
