"""Options that choose among all rooms, and the filter that they make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import typer

from videsk_rooms.cli._times import start_or_moment

if TYPE_CHECKING:
    from videsk_rooms.models import Room

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
