"""Thousands of rooms over a bad network: each is there once, and whoever wanted it knows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.blocking.support import blocking_client, tasks_of
from tests.chaos.manners import SHORT_PAUSES
from tests.chaos.stage import make_bad
from tests.inside import nothing_is_left
from tests.retrying import client
from videsk_rooms import ConflictError, Retry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms import Outcome, Room, RoomSpec
    from videsk_rooms.sandbox import Sandbox

# Most have their way at once, and some see an error.
PATIENT: dict[str, Any] = {"retry": Retry(attempts=3, **SHORT_PAUSES), "timeout": 30.0}


def specs(count: int) -> Iterator[RoomSpec]:
    """Specify rooms; every other one has a name of its own."""
    for number in range(count):
        spec: RoomSpec = {"name": f"room {number}"}
        if number % 2:
            spec["external_id"] = f"mine-{number}"
        yield spec


class Wanted:
    """The rooms that are wanted, and what has become of them."""

    def __init__(self, count: int) -> None:
        self.missing: list[RoomSpec] = list(specs(count))
        self.there: list[str] = []
        self._found: dict[str | None, str] = {}
        self._failures: Counter[str] = Counter()

    def asked(self) -> list[RoomSpec]:
        """Return what is to be asked for now."""
        asked, self.missing = self.missing, []
        return asked

    def note(self, outcome: Outcome[RoomSpec, Room]) -> None:
        """Keep the room, or ask for it again as its error tells."""
        error = outcome.error
        if error is None:
            self.found(outcome.result())
            return
        self._failures[type(error).__name__] += 1
        if isinstance(error, ConflictError):  # made in an earlier round, whose answer was lost
            self.there.append(str(error.external_id))
        elif error.outcome_unknown:
            self.missing.append({**outcome.item, "external_id": error.external_id})
        else:
            self.missing.append(outcome.item)

    def found(self, room: Room) -> None:
        """Keep a room; nobody else has it."""
        assert room.name not in self._found
        self._found[room.name] = room.id

    def check(self, sandbox: Sandbox) -> None:
        """Compare what was found with what is there."""
        assert {room["name"]: room["id"] for room in sandbox.rooms} == self._found
        assert len(sandbox.rooms) == len(self._found)
        assert self._failures.total() > 0, "nothing went wrong, so that nothing was shown"


async def test_awaited(sandbox: Sandbox) -> None:
    """64 at a time, of whose requests a fifth fail, in every way there is."""
    make_bad(sandbox, share=0.2, seed=21)
    wanted = Wanted(2_000)
    async with client(sandbox, **PATIENT) as videsk:
        while wanted.missing:
            async for outcome in videsk.rooms.create_many(wanted.asked(), concurrency=64):
                wanted.note(outcome)
        nothing_is_left(videsk)
        sandbox.faults.clear()
        for name in wanted.there:
            wanted.found(await videsk.rooms.get_by_external_id(name))
    wanted.check(sandbox)


def test_blocking(sandbox: Sandbox) -> None:
    """Likewise."""
    make_bad(sandbox, share=0.2, seed=22)
    wanted = Wanted(1_000)
    with blocking_client(sandbox, **PATIENT) as videsk:
        while wanted.missing:
            for outcome in videsk.rooms.create_many(wanted.asked()):
                wanted.note(outcome)
        assert tasks_of(videsk) == []
        sandbox.faults.clear()
        for name in wanted.there:
            wanted.found(videsk.rooms.get_by_external_id(name))
    wanted.check(sandbox)
