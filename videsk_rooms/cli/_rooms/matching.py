"""Options that choose among all rooms, and the filter that they make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import typer

from videsk_rooms.cli._params import moment

if TYPE_CHECKING:
    from videsk_rooms.models import Room

_DAYS_AHEAD = {"yesterday": -1, "today": 0, "tomorrow": 1}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_USAGE = (
    "give a day, such as yesterday, today or 2026-12-24, or a time, such as '24h ago', "
    "'2026-12-24 16:00' in your own zone or 2026-12-24T16:00Z"
)


def start_or_moment(text: str) -> datetime:
    """Parse a day, which stands for its start in the local zone, or a point in time.

    Raises:
        BadParameter: The text is neither.
    """
    try:
        if text in _DAYS_AHEAD:
            # Of the calendar, and not 24 hours: a day in which clocks are set has 23 or 25.
            return _start_of(date.today() + timedelta(days=_DAYS_AHEAD[text]))  # noqa: DTZ011
        if _DATE.fullmatch(text):
            return _start_of(date.fromisoformat(text))
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(f"{text!r} is not a valid date; {_USAGE}") from None
    return moment(text, usage=_USAGE)


def _start_of(day: date) -> datetime:
    # Where clocks are set at midnight, it comes twice or never; Python 3.10 reads it otherwise than
    # later ones. Then the day begins at the first full hour that is of this day.
    midnight = datetime.combine(day, time.min).astimezone(timezone.utc)
    hours = (midnight + timedelta(hours=number) for number in range(-1, 3))
    # A zone that moves over the date line may leave a day out.
    return next((hour for hour in hours if hour.astimezone().date() == day), midnight)


CreatedAfter = Annotated[
    datetime | None,
    typer.Option(
        metavar="WHEN",
        parser=start_or_moment,
        help="All rooms created at that time or later: yesterday, 2026-12-24, '48h ago'.",
    ),
]
CreatedBefore = Annotated[
    datetime | None,
    typer.Option(
        metavar="WHEN",
        parser=start_or_moment,
        help="All rooms created before: today, '24h ago', or '2026-12-24 16:00' in your own zone.",
    ),
]
ExpBefore = Annotated[
    datetime | None,
    typer.Option(metavar="WHEN", parser=start_or_moment, help="All rooms whose exp is before."),
]
ExternalIdLike = Annotated[
    str | None,
    typer.Option(metavar="PATTERN", help="All rooms with such an external id, as 'ticket-*'."),
]


@dataclass(frozen=True)
class RoomFilter:
    """Which rooms: those that pass every test that is given.

    Attributes:
        created_after: Only rooms that were created then or later.
        created_before: Only rooms that were created before.
        exp_before: Only rooms whose `exp` is before.
        external_id_like: Only rooms whose external id has this form; `*` stands for any characters.
    """

    created_after: datetime | None
    created_before: datetime | None
    exp_before: datetime | None
    external_id_like: str | None

    def matches(self, room: Room) -> bool:
        """Return whether a room is meant; one that does not tell is not, and one that is over."""
        return (
            not room.is_over()
            and _is_in(room.created_at, self.created_after, self.created_before)
            and _is_in(room.exp, None, self.exp_before)
            and (
                self.external_id_like is None
                or fnmatchcase(room.external_id or "", self.external_id_like)
            )
        )


def _is_in(moment: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    if moment is None:
        return start is None and end is None
    return (start is None or start <= moment) and (end is None or moment < end)
