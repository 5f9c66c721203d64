"""`/dev/v1/clock`: moves the sandbox's clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from videsk_rooms._emulator.clock import from_wire, to_wire
from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms.dev._answers import answer, read_body
from videsk_rooms.dev._rooms import room_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from videsk_rooms._emulator.parts import SandboxParts

_WAYS = ("advanceSeconds", "to", "opening", "back")
_MAX_SECONDS = 300_000_000_000.0  # beyond the year 9998, which the clock itself refuses


class ClockEndpoint:
    """Moves the clock forward, and resets it to the machine's time."""

    def __init__(self, parts: SandboxParts, moved: Callable[[], None]) -> None:
        self._parts = parts
        self._moved = moved

    async def move(self, request: web.BaseRequest) -> web.Response:
        """Handle `POST /dev/v1/clock`."""
        content = await read_body(request, _WAYS)
        if len(content) != 1:
            raise RefusedError(400, f"give exactly one of {', '.join(_WAYS)}")
        ((way, value),) = content.items()
        with self._parts.lock:
            try:
                self._move(way, value)
            except (ValueError, OverflowError) as error:
                raise RefusedError(400, str(error)) from None
            self._moved()
            return answer(self.content())

    def content(self) -> dict[str, object]:
        """Return the time in the format of `/dev/v1`."""
        clock = self._parts.clock
        return {"now": to_wire(clock.now()), "offsetSeconds": round(clock.offset, 3)}

    def _move(self, way: str, value: object) -> None:
        clock = self._parts.clock
        if way == "back":
            if value is not True:
                raise RefusedError(400, "back must be true")
            clock.reset()
            return
        if way == "advanceSeconds":
            by = timedelta(seconds=_seconds(value))
        elif way == "to":
            by = _instant(value) - clock.now()
        else:
            by = room_of(self._parts, value).nbf - clock.now()
            if by < timedelta():
                raise RefusedError(409, "the room has opened already")
        if by < timedelta():
            raise RefusedError(400, "the clock moves forward only; give back to return to now")
        clock.advance(by)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RefusedError(400, "advanceSeconds must be a number")
    if not 0 <= value <= _MAX_SECONDS:
        raise RefusedError(400, "advanceSeconds must be 0 or more, and not beyond the year 9998")
    return float(value)


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        try:
            return from_wire(value)
        except ValueError:
            pass
    raise RefusedError(400, "to must be an ISO date-time, such as 2042-08-14T18:00:00.000Z")
