"""Measurements by the Browser SDK's stand-in, and the views of `rooms.stats` on them.

The fields of these views are the sandbox's own, because Videsk's are not documented. Each view
says so, with `"source": "sandbox"`.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from videsk_rooms._emulator.clock import to_wire
from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms.dev._report import make_report
from videsk_rooms.dev._rollup import Minutes
from videsk_rooms.dev._samples import Sample, Totals, make_sample, read_totals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from videsk_rooms._emulator.parts import SandboxParts
    from videsk_rooms._emulator.store import StoredRoom
    from videsk_rooms.dev._events import Events
    from videsk_rooms.dev._person import Person

MAX_SAMPLES = 180  # of a connection: 15 minutes, one each 5 seconds
MAX_CONNECTIONS = 200  # of a room, including those of people who have left
MAX_ROOMS = 200
# Of all rooms. A day of measurements in one room takes 0.5 MB.
MAX_KEPT = 1000


@dataclass
class _Connection:
    """One person's measurements of the connection to another."""

    peer: str
    alias: str
    to: str
    to_alias: str
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=MAX_SAMPLES))
    minutes: Minutes = field(default_factory=Minutes)
    totals: Totals | None = None

    def names(self) -> dict[str, object]:
        """Return who measured, and the other end of the connection."""
        return {"peer": self.peer, "alias": self.alias, "to": self.to, "toAlias": self.to_alias}


_Connections = OrderedDict[tuple[str, str], _Connection]


class Measurements:
    """Samples of the last 15 minutes, and a roll-up per minute; bounded."""

    def __init__(self, parts: SandboxParts, events: Events) -> None:
        self._parts = parts
        self._events = events
        self._rooms: OrderedDict[str, _Connections] = OrderedDict()
        self._reports: dict[str, dict[str, object]] = {}

    def add(self, room_id: str, person: Person, to: Person, stats: Mapping[str, object]) -> None:
        """Keep a measurement of the connection between two people."""
        with self._parts.lock:
            connection = self._connection(room_id, person, to)
            totals = read_totals(stats, self._parts.clock.now())
            sample = make_sample(stats, totals, connection.totals)
            connection.totals = totals
            connection.samples.append(sample)
            connection.minutes.add(totals.at, sample)
        self._events.measured(room_id)

    def of(self, room_id: str) -> list[dict[str, object]]:
        """Return `people` of `GET /dev/v1/rooms/{id}/measurements`. Call it on the loop."""
        with self._parts.lock:
            return [
                {**each.names(), "samples": [sample.to_wire() for sample in each.samples]}
                for each in self._rooms.get(room_id, {}).values()
            ]

    def view(self, view: str, room: StoredRoom, now: datetime) -> dict[str, object] | None:
        """Return a view of `rooms.stats`; `None` without measurements. Call it under the lock."""
        connections = list(self._rooms.get(room.id, {}).values())
        if not connections:
            return None
        head = {"roomId": room.id, "view": view, "source": "sandbox"}
        if view == "snapshot":
            return {**head, "computedAt": to_wire(now), "peers": [_latest(x) for x in connections]}
        if view == "summary":
            if not room.is_over(now):
                raise RefusedError(404, "The session of this room is not compiled yet.")
            compiled = {"compiledAt": to_wire(room.over_since())}
            return {**head, **compiled, "peers": [_by_minute(each) for each in connections]}
        return self._report(head, room, now, connections)

    def forget(self, room_id: str) -> None:
        """Drop the measurements of a room that was removed. Call it on the server's loop."""
        with self._parts.lock:
            self._rooms.pop(room_id, None)
            self._reports.pop(room_id, None)

    def _connection(self, room_id: str, person: Person, to: Person) -> _Connection:
        connections = self._rooms.setdefault(room_id, OrderedDict())
        self._rooms.move_to_end(room_id)
        key = (person.peer, to.peer)
        if key not in connections:
            connections[key] = _Connection(person.peer, person.alias, to.peer, to.alias)
            if len(connections) > MAX_CONNECTIONS:
                connections.popitem(last=False)
            self._make_room()
        return connections[key]

    def _make_room(self) -> None:
        """Drop the rooms whose last measurement is oldest."""
        while len(self._rooms) > MAX_ROOMS or sum(map(len, self._rooms.values())) > MAX_KEPT:
            dropped, _ = self._rooms.popitem(last=False)
            self._reports.pop(dropped, None)

    def _report(
        self,
        head: Mapping[str, object],
        room: StoredRoom,
        now: datetime,
        connections: list[_Connection],
    ) -> dict[str, object]:
        """Build the report. As documented, it is cached, here once the room is over."""
        if not room.is_over(now):
            self._reports.pop(room.id, None)  # the room may have been reopened
        elif room.id in self._reports:
            return self._reports[room.id]
        people = {each.peer for each in connections}
        totals = [each.minutes.total() for each in connections]
        report = {**head, "generatedAt": to_wire(now), **make_report(totals, len(people))}
        if room.is_over(now):
            self._reports[room.id] = report
        return report


def _latest(connection: _Connection) -> dict[str, object]:
    return {**connection.names(), **connection.samples[-1].to_wire()}


def _by_minute(connection: _Connection) -> dict[str, object]:
    return {**connection.names(), "minutes": connection.minutes.to_wire()}
