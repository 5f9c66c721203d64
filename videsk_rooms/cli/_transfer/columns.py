"""The field of a room that a column of a file stands for. No I/O."""

from __future__ import annotations

import re
import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING

import attrs
import typer

from videsk_rooms.cli._output import complain, wrong_usage
from videsk_rooms.models import Room
from videsk_rooms.rooms import RoomSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What a room can be given, and what else `rooms export`, `rooms list --json` and
# `rooms get --show-token` show of one.
FIELDS = tuple(RoomSpec.__annotations__)
PASSED_OVER = tuple(field.name for field in attrs.fields(Room) if field.name not in FIELDS)
_NOTHING: Mapping[str, str] = {}
_INSIDE_A_NAME = re.compile(r"(?<=[a-z])(?=[A-Z])|[\s-]+")


def field_of(column: str) -> str:
    """Return the field that a column may stand for, in spellings of the API and of people."""
    return _INSIDE_A_NAME.sub("_", column.strip()).lower()


def is_known(column: str) -> bool:
    """Return whether there is such a column."""
    return field_of(column) in {*FIELDS, *PASSED_OVER}


def mapped_by(options: Sequence[str]) -> dict[str, str]:
    """Parse what `--map` is given, such as `name=Cliente`: the fields, by their columns.

    Raises:
        BadParameter: There is no such field, or no column.
    """
    found: dict[str, str] = {}
    for each in options:
        field, _, column = (part.strip() for part in each.partition("="))
        if field not in FIELDS or not column:
            raise typer.BadParameter(
                f"{each!r} says of no field which column it is in; give one such as name=Cliente; "
                f"fields are {', '.join(FIELDS)}",
                param_hint="'--map'",
            )
        found[column] = field
    return found


def fields_of(columns: Sequence[str], mapped: Mapping[str, str] = _NOTHING) -> dict[str, str]:
    """Return the field of each column, without those that only the API sets.

    Args:
        columns: The columns.
        mapped: The fields of columns that are called otherwise; with any, unknown columns are
            passed over.

    Raises:
        CommandFailedError: There is no such column, or two are of one field, or none is left.
    """
    for column in mapped:
        if column not in columns:
            raise wrong_usage(f"--map: there is no column {column!r}; there are {_told(columns)}")
    found: dict[str, str] = {}
    unknown: list[str] = []
    for column in columns:
        field = mapped.get(column) or field_of(column)
        if field in PASSED_OVER:
            continue
        if field not in FIELDS:
            if not mapped:
                raise wrong_usage(_unknown(column))
            unknown.append(column)
            continue
        twice = next((other for other, its in found.items() if its == field), None)
        if twice is not None:
            raise wrong_usage(
                f"columns {twice!r} and {column!r} are the same; take one of them out"
            )
        found[column] = field
    if columns and not found:
        raise wrong_usage(f"no column says what a room is to be like; give one of {_told(FIELDS)}")
    if unknown:
        complain(f"columns passed over: {', '.join(unknown)}")
    return found


def _unknown(column: str) -> str:
    near = get_close_matches(field_of(column), FIELDS, n=1)
    meant = f"call it {near[0]!r} if that is meant, or take it out" if near else "take it out"
    example = shlex.quote(f"{near[0] if near else 'name'}={column}")
    return (
        f"there is no column {column!r}; {meant}, or say which it is, as --map {example}. "
        f"Rooms have {_told(FIELDS)}, and what only the API sets is passed over: "
        f"{', '.join(PASSED_OVER[:-2])}"  # not the token, nor `extra`
    )


def _told(fields: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(fields[:-1]), *fields[-1:])))
