"""Events of what happens in a sandbox, in the format in which they are sent.

Changes are recorded immediately, from any thread, and turned into events ten times a second. So a
thousand requests a second make ten events. Nothing is kept while nobody reads.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from videsk_rooms._emulator.clock import monotonic
from videsk_rooms._emulator.messages import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT_EVENTS = 2_000
KEPT_BYTES = 4 * 1024 * 1024
MAX_BATCH = 1_000
MAX_WAITING = 10_000
ROOMS_EVERY = 0.25
MEASUREMENT_EVERY = 0.5

T = TypeVar("T")
V = TypeVar("V")


class Events:
    """Records what happens, and turns it into events.

    The site sets the three callables, which return the content of their kind of event.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[int, None] = {}
        self._rooms: dict[str, None] = {}
        self._rooms_at = 0.0
        self._measured: dict[str, None] = {}
        self._measured_at: dict[str, float] = {}
        self._people: dict[str, Sequence[dict[str, object]]] = {}
        self._faults = False
        self._clock = False
        self._missed = False
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self._last_id = 0
        self._collecting = False
        self.read_requests: Callable[[list[int]], object] = list
        self.read_faults: Callable[[], object] = dict
        self.read_clock: Callable[[], object] = dict

    # -- what happened, from any thread ------------------------------------------------------------

    def request_changed(self, number: int) -> None:
        """Record that a request has arrived or was answered."""
        if number not in self._requests:  # otherwise the next event covers both
            self._note(self._requests, number, None)

    def room_changed(self, room_id: str) -> None:
        """Record that a room was added, changed or removed; sent at most four times a second."""
        self._note(self._rooms, room_id, None)

    def measured(self, room_id: str) -> None:
        """Record a measurement in a room; sent at most twice a second for each room."""
        self._note(self._measured, room_id, None)

    def people_changed(self, room_id: str, people: Sequence[dict[str, object]]) -> None:
        """Record who is in a room now, each as `{"peer", "alias", "since"}`."""
        self._note(self._people, room_id, people)

    def faults_changed(self) -> None:
        """Record that a fault was scripted, used up or removed."""
        self._faults = True

    def clock_moved(self) -> None:
        """Record that the clock was moved."""
        self._clock = True

    def missed(self) -> None:
        """Record that so much has changed that readers must reload everything."""
        self._missed = True

    def _note(self, where: dict[T, V], key: T, value: V) -> None:
        with self._lock:
            if not self._collecting or (len(where) >= MAX_WAITING and key not in where):
                self._missed = True
            else:
                where[key] = value

    # -- what is kept, on the server's loop --------------------------------------------------------

    @property
    def last_id(self) -> int:
        """The id of the latest event, including those that were dropped because nobody read."""
        if not self._collecting:
            self._skip_missed()
        return self._last_id

    def collect(self, *, collecting: bool) -> None:
        """Start or stop recording."""
        self._skip_missed()
        with self._lock:
            self._collecting = collecting
            for noted in (self._requests, self._rooms, self._measured, self._people):
                noted.clear()
        self._measured_at.clear()

    def since(self, position: int) -> tuple[int, bytes] | None:
        """Return the events after a position, and the position after them.

        Returns:
            `None` if some of them are no longer kept.
        """
        if position == self._last_id:
            return position, b""
        if position > self._last_id or not self._kept or self._kept[0][0] > position + 1:
            return None
        found = [content for number, content in self._kept if number > position]
        return self._last_id, b"".join(found)

    def make(self) -> bool:
        """Turn what was recorded into events; return whether there are any."""
        before = self._last_id
        if self._missed:
            self._missed = False
            self._keep("reset", {})
        now = monotonic()
        for kind, content in (*self._state_events(), *self._noted_events(now)):
            self._keep(kind, content)
        return self._last_id != before

    def _state_events(self) -> list[tuple[str, object]]:
        events: list[tuple[str, object]] = []
        if self._clock:
            self._clock = False
            events.append(("clock", self.read_clock()))
        if self._faults:
            self._faults = False
            events.append(("faults", self.read_faults()))
        return events

    def _noted_events(self, now: float) -> list[tuple[str, object]]:
        events: list[tuple[str, object]] = []
        if numbers := self._take(self._requests, MAX_BATCH):
            events.append(("request", self.read_requests(list(numbers))))
        if now >= self._rooms_at + ROOMS_EVERY and (rooms := self._take(self._rooms)):
            self._rooms_at = now
            events.append(("rooms", {"ids": list(rooms)}))
        for room_id, people in self._take(self._people).items():
            events.append(("people", {"roomId": room_id, "people": people}))
        due = now - MEASUREMENT_EVERY
        self._measured_at = {room: at for room, at in self._measured_at.items() if at > due}
        for room_id in self._take(self._measured, but=self._measured_at):
            self._measured_at[room_id] = now
            events.append(("measurement", {"roomId": room_id}))
        return events

    def _take(
        self, noted: dict[T, V], most: int = MAX_WAITING, *, but: dict[T, float] | None = None
    ) -> dict[T, V]:
        with self._lock:
            keys = [key for key in noted if but is None or key not in but][:most]
            return {key: noted.pop(key) for key in keys}

    def _keep(self, kind: str, content: object) -> None:
        self._last_id += 1
        event = b"id: %d\nevent: %s\ndata: %s\n\n" % (
            self._last_id,
            kind.encode(),
            to_json(content),
        )
        self._kept.append((self._last_id, event))
        self._kept_bytes += len(event)
        while len(self._kept) > KEPT_EVENTS or self._kept_bytes > KEPT_BYTES:
            _, dropped = self._kept.popleft()
            self._kept_bytes -= len(dropped)

    def _skip_missed(self) -> None:
        if self._missed or self._faults or self._clock:
            self._missed = self._faults = self._clock = False
            self._last_id += 1
            self._kept.clear()
            self._kept_bytes = 0
