"""What happens, for those who look on: server-sent events."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Events:
    """Collects what happened until it is sent; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rooms: set[str] = set()
        self._measured: set[str] = set()
        self._people: dict[str, Sequence[dict[str, object]]] = {}

    def room(self, room_id: str) -> None:
        """Tell that a room was added, changed or removed."""
        with self._lock:
            self._rooms.add(room_id)

    def measurement(self, room_id: str) -> None:
        """Tell that something was measured in a room; sent at most twice a second a room."""
        with self._lock:
            self._measured.add(room_id)

    def people(self, room_id: str, people: Sequence[dict[str, object]]) -> None:
        """Tell who is in a room now, each as `{"peer", "alias", "since"}`."""
        with self._lock:
            self._people[room_id] = people
