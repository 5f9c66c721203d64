"""What the stand-in for the Browser SDK measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from videsk_rooms.dev._events import Events
    from videsk_rooms.dev._parts import SandboxParts
    from videsk_rooms.sandbox._store import StoredRoom


class Measurements:
    """The measurements of the last 15 minutes, bounded."""

    def __init__(self, parts: SandboxParts, events: Events) -> None:
        self._parts = parts
        self._events = events

    def of(self, room_id: str) -> list[dict[str, object]]:
        """The `people` of `GET /dev/v1/rooms/{id}/measurements`; called on the server's loop."""
        del room_id
        return []

    def view(self, view: str, room: StoredRoom, now: datetime) -> dict[str, object] | None:
        """A view of `rooms.stats`, `None` where nothing was measured; the lock is held."""
        del view, room, now
        return None

    def forget(self, room_id: str) -> None:
        """Drop what was measured in a room that was removed; called on the server's loop."""
