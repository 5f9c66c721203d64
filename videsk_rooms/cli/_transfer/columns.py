"""The field of a room that a column of a file stands for. No I/O."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

import attrs

from videsk_rooms.cli._output import wrong_usage
from videsk_rooms.models import Room
from videsk_rooms.rooms import RoomSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a room can be given, and what else `rooms export`, `rooms list --json` and
# `rooms get --show-token` show of one.
FIELDS = tuple(RoomSpec.__annotations__)
PASSED_OVER = tuple(field.name for field in attrs.fields(Room) if field.name not in FIELDS)
_INSIDE_A_NAME = re.compile(r"(?<=[a-z])(?=[A-Z])|[\s-]+")


def field_of(column: str) -> str:
    """Return the field that a column may stand for, in spellings of the API and of people."""
    return _INSIDE_A_NAME.sub("_", column.strip()).lower()


def is_known(column: str) -> bool:
    """Return whether there is such a column."""
    return field_of(column) in {*FIELDS, *PASSED_OVER}


def fields_of(columns: Sequence[str]) -> dict[str, str]:
    """Return the field of each column, without those that only the API sets.

    Raises:
        CommandFailedError: There is no such column, or two are of one field, or none is left.
    """
    found: dict[str, str] = {}
    for column in columns:
        field = field_of(column)
        if field in PASSED_OVER:
            continue
        if field not in FIELDS:
            raise wrong_usage(_unknown(column))
        twice = next((other for other, its in found.items() if its == field), None)
        if twice is not None:
            raise wrong_usage(
                f"columns {twice!r} and {column!r} are the same; take one of them out"
            )
        found[column] = field
    if columns and not found:
        raise wrong_usage(f"no column says what a room is to be like; give one of {_told(FIELDS)}")
    return found


def _unknown(column: str) -> str:
    near = get_close_matches(field_of(column), FIELDS, n=1)
    meant = f"call it {near[0]!r} if that is meant, or take it out" if near else "take it out"
    return (
        f"there is no column {column!r}; {meant}. Rooms have {_told(FIELDS)}, and what only the "
        f"API sets is passed over: {', '.join(PASSED_OVER[:-2])}"  # not the token, nor `extra`
    )


def _told(fields: Sequence[str]) -> str:
    return f"{', '.join(fields[:-1])} and {fields[-1]}"
