"""What callers have in the end, against what the account has."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWN = 5


@dataclass
class Possession:
    """The one room of one caller, and what it did with it."""

    room_id: str
    external_id: str
    name: str
    ended: bool = False
    jtis: list[str] = field(default_factory=list)


class Ledger:
    """All callers' rooms."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: list[Possession] = []

    def add(self, possession: Possession) -> None:
        """Enter what a caller has."""
        with self._lock:
            self.entries.append(possession)

    @property
    def ended(self) -> int:
        """How many rooms their callers ended."""
        return sum(entry.ended for entry in self.entries)

    def differences(self, account: Sequence[dict[str, Any]]) -> Iterator[str]:
        """Tell where the account, as the sandbox has it, is not what the callers have."""
        names = Counter(room["externalId"] for room in account)
        yield from _told("externalId more than once", [n for n in names if names[n] > 1])
        there = {room["id"]: room for room in account}
        kept = {entry.room_id: entry for entry in self.entries}
        yield from _told("rooms nobody asked for", [there[i] for i in there.keys() - kept.keys()])
        yield from _told("rooms lost", [kept[i] for i in kept.keys() - there.keys()])
        yield from _told(
            "rooms that are not as their caller left them",
            [
                (kept[room_id], there[room_id])
                for room_id in kept.keys() & there.keys()
                if not _is_as_left(kept[room_id], there[room_id])
            ],
        )
        owners = Counter(entry.room_id for entry in self.entries)
        yield from _told("rooms of two callers", [room for room in owners if owners[room] > 1])


def _is_as_left(entry: Possession, room: dict[str, Any]) -> bool:
    let_in = {each["jti"] for each in room["authorizations"]}
    return (
        entry.name == room["name"]
        and entry.external_id == room["externalId"]
        and entry.ended is room["ended"]
        and let_in.issuperset(entry.jtis)
    )


def _told(what: str, found: Sequence[object]) -> Iterator[str]:
    if found:
        yield f"{len(found)} {what}: {', '.join(map(str, found[:_SHOWN]))}"
