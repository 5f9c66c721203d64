"""The statistics of a room. Their fields are invented, because they are not documented."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms._emulator.clock import to_wire
from videsk_rooms._emulator.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from videsk_rooms._emulator.store import StoredRoom

    Measured = Callable[[str, StoredRoom, datetime], dict[str, object] | None]

VIEWS = ("report", "snapshot", "summary")


class Statistics:
    """The three views of docs/api.md, Operations, Stats.

    Attributes:
        measured: Returns a view of real measurements, if there are any.
    """

    def __init__(self) -> None:
        self._reports: dict[str, dict[str, object]] = {}
        self.measured: Measured | None = None

    def view(self, view: str, room: StoredRoom, now: datetime) -> dict[str, object]:
        """Return one view of a room."""
        if self.measured is not None and view in VIEWS:
            content = self.measured(view, room, now)
            if content is not None:
                return content
        if view == "report":
            # docs/api.md calls it "cached": the first report stays.
            return self._reports.setdefault(room.id, _report(room, now))
        if view == "snapshot":
            return _snapshot(room, now)
        if view == "summary":
            return _summary(room, now)
        raise RefusedError(400, "validation failed", {"view": f"must be one of {', '.join(VIEWS)}"})

    def forget(self, room_id: str) -> None:
        """Drop the cached report of a room."""
        self._reports.pop(room_id, None)


def _report(room: StoredRoom, now: datetime) -> dict[str, object]:
    return {
        "roomId": room.id,
        "view": "report",
        "generatedAt": to_wire(now),
        "score": 92,
        "metrics": {"peers": len(room.authorizations), "packetLoss": 0.4, "jitterMs": 12},
        "patterns": [{"type": "steady", "confidence": 0.9}],
        "recommendations": ["Nothing to improve."],
    }


def _snapshot(room: StoredRoom, now: datetime) -> dict[str, object]:
    return {
        "roomId": room.id,
        "view": "snapshot",
        "computedAt": to_wire(now),
        "peers": [{"jti": entry.jti, "ip": entry.ip} for entry in room.authorizations],
    }


def _summary(room: StoredRoom, now: datetime) -> dict[str, object]:
    # docs/api.md: "there once the session is compiled". Here that is as soon as the room is over.
    if not room.is_over(now):
        raise RefusedError(404, "The session of this room is not compiled yet.")
    return {
        "roomId": room.id,
        "view": "summary",
        "compiledAt": to_wire(room.over_since()),
        "peers": [{"jti": entry.jti, "minutes": []} for entry in room.authorizations],
    }
