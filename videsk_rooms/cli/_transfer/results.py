"""Outcomes of rows, and which rows are left."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

from videsk_rooms.cli._output import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from videsk_rooms import Room, VideskError

    from .rows import AnyRow, BadRow, Row


class Result(str, Enum):
    """How it went."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    EXISTS = "exists"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a row: a line of the results file.

    Attributes:
        row: Where the row stands in the file.
        external_id: The name of its room, if it has one.
        result: How it went.
        room: The id of the room, if one is there.
        exp: When that is over, in UTC, as far as the API told.
        ended: Whether it was over already.
        error: Why it failed, and what to do; `None` if it did not.
        outcome_unknown: Whether it may have been done although it failed.
    """

    row: int
    external_id: str | None
    result: Result
    room: str | None = None
    exp: str | None = None
    ended: bool | None = None
    error: str | None = None
    outcome_unknown: bool = False

    @property
    def is_done(self) -> bool:
        """Whether the room is as the row wants it."""
        return self.result is not Result.FAILED

    def is_over(self, now: datetime) -> bool:
        """Whether nobody can enter the room any longer."""
        # Both are written alike, so that the letters are in the order of time.
        return bool(self.ended) or (self.exp is not None and self.exp <= wire(now))


COLUMNS = tuple(field.name for field in fields(Outcome))


def succeeded(row: Row, result: Result, room: Room) -> Outcome:
    """Return the outcome of a row whose room is there."""
    exp = None if room.exp is None else wire(room.exp)
    return Outcome(row.number, row.external_id, result, room.id, exp, room.ended)


def failed(row: AnyRow, text: str, error: VideskError | None = None) -> Outcome:
    """Return the outcome of a row that failed."""
    unknown = error is not None and error.outcome_unknown
    return Outcome(row.number, row.external_id, Result.FAILED, error=text, outcome_unknown=unknown)


def refused(row: BadRow) -> Outcome:
    """Return the outcome of a row that cannot be sent."""
    return failed(row, row.problem)


def as_line(outcome: Outcome) -> dict[str, object]:
    """Turn an outcome into what is written."""
    return {**asdict(outcome), "result": outcome.result.value}


def of_line(line: Mapping[str, Any]) -> Outcome:
    """Read what was written, by CSV as texts and by JSON as it was.

    Raises:
        KeyError: It lacks something.
        ValueError: It holds something else.
    """
    return Outcome(
        row=int(line["row"]),
        external_id=line.get("external_id"),
        result=Result(line["result"]),
        room=line.get("room"),
        exp=line.get("exp"),
        ended={"true": True, "false": False}.get(str(line.get("ended")).lower()),
    )


@dataclass(frozen=True)
class PreviousRun:
    """Outcomes of earlier runs.

    Attributes:
        finished: What the file of results says of each name: of a run that came to its end.
        begun: What the journal says of each name, with the checksum of its row: of one that did
            not, and that this run goes on with.
    """

    finished: Mapping[str, Outcome]
    begun: Mapping[str, tuple[str, Outcome]]

    def outcome_of(self, row: Row, *, update: bool) -> Outcome | None:
        """Return what became of a row, if it need not be sent again.

        To bring rooms up to date is to look at all of them: what was right at the end of an earlier
        run may have been changed since, and `2h` from now is another time each day. So there the
        run that is gone on with counts alone, and of it the rows that are as they were.
        """
        checksum, outcome = self.begun.get(row.external_id, ("", None))
        if update and checksum != row.checksum(update=True):
            return None
        if not update and (outcome is None or not outcome.is_done):
            outcome = self.finished.get(row.external_id)
        if outcome is None or not outcome.is_done:
            return None
        return replace(outcome, row=row.number)


def over(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Pick the rows whose rooms were there before, and which nobody can enter any longer."""
    now = datetime.now(timezone.utc)
    return [outcome for outcome in outcomes if outcome.is_done and outcome.is_over(now)]
