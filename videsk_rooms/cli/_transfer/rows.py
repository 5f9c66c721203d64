"""The rows of a file: the fields of each room, and its external id. No I/O.

The external id makes an import idempotent: a row makes one room, however often it is sent. A row
without one gets an id derived from the file's name, the row's content, and the number of equal rows
before it. The row's position is not included, because inserting a row would change it. So the same
row in a file of the same name is always the same room.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import typer

from videsk_rooms.cli._output import complain, wrong_usage
from videsk_rooms.cli._params import object_in
from videsk_rooms.cli._times import moment
from videsk_rooms.models import Room
from videsk_rooms.rooms import RoomSpec

from .journal import Outcome, failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .table import Table

# The fields that a room can be given; the others that `rooms export`, `rooms list --json` and
# `rooms get --show-token` write.
FIELDS = tuple(RoomSpec.__annotations__)
PASSED_OVER = tuple(field.name for field in attrs.fields(Room) if field.name not in FIELDS)
TIMES = ("exp", "nbf")
_INSIDE_A_NAME = re.compile(r"(?<=[a-z])(?=[A-Z])|[\s-]+")
_LONGEST_START = 40
_UNFIT = re.compile(r"[^\w.-]+")
_EXAMPLE = datetime(2026, 12, 24, 16)  # noqa: DTZ001 - only shown


@dataclass(frozen=True)
class Row:
    """A row that can be sent.

    Attributes:
        number: Its number in the file.
        external_id: The external id of its room.
        given: Its other fields: name and times as typed, settings as an object.
    """

    number: int
    external_id: str
    given: Mapping[str, Any]

    def fields(self) -> dict[str, Any]:
        """Return the arguments of `create`; relative times (`2h`) count from this call."""
        return {
            field: moment(value) if field in TIMES else value for field, value in self.given.items()
        }

    def checksum(self, *, update: bool) -> str:
        """Return a value that changes with the row's content."""
        return _digest(update, self.external_id, self.given)[:16]


AnyRow: TypeAlias = "Row | Outcome"
"""A row, or the outcome of one that cannot be sent."""


def rows_of(
    table: Table,
    file: str,
    *,
    mapped: Mapping[str, str] | None = None,
    date_format: str | None = None,
) -> list[AnyRow]:
    """Parse the rows of a table.

    Args:
        table: The table.
        file: The name of its file; empty for standard input.
        mapped: The fields of columns with other names.
        date_format: A further format of times, for `datetime.strptime`.

    Raises:
        CommandFailedError: A column is unknown.
    """
    fields = fields_of(table.columns, mapped or {})
    parser = _RowParser(file, date_format)
    return [
        failed(number, None, line) if isinstance(line, str) else parser.row(number, line, fields)
        for number, line in table.lines
    ]


# -- columns ---------------------------------------------------------------------------------------


def fields_of(columns: Sequence[str], mapped: Mapping[str, str]) -> dict[str, str]:
    """Return the field of each column, except those that only the API sets.

    Args:
        columns: The columns.
        mapped: The fields of columns with other names. If there are any, unknown columns are
            ignored.

    Raises:
        CommandFailedError: A column is unknown, two have the same field, or none is left.
    """
    for column in mapped:
        if column not in columns:
            raise wrong_usage(f"--map: there is no column {column!r}; there are {_told(columns)}")
    found: dict[str, str] = {}
    unknown: list[str] = []
    for column in columns:
        field = mapped.get(column) or _INSIDE_A_NAME.sub("_", column.strip()).lower()
        if field not in FIELDS:
            unknown += [column] if field not in PASSED_OVER else []
            continue
        twice = next((other for other, its in found.items() if its == field), None)
        if twice is not None:
            raise wrong_usage(f"columns {twice!r} and {column!r} are the same; remove one of them")
        found[column] = field
    if unknown and not mapped:
        raise wrong_usage(_not_a_column(unknown[0]))
    if columns and not found:
        raise wrong_usage(f"no column has a field of a room; give one of {_told(FIELDS)}")
    if unknown:
        complain(f"columns ignored: {', '.join(unknown)}")
    return found


def _not_a_column(column: str) -> str:
    near = get_close_matches(column.strip().lower(), FIELDS, n=1)
    meant = f"call it {near[0]!r} if that is meant, or remove it" if near else "remove it"
    example = shlex.quote(f"{near[0] if near else 'name'}={column}")
    return (
        f"there is no column {column!r}; {meant}, or map it to a field, as --map {example}. "
        f"Rooms have {_told(FIELDS)}. Columns that only the API sets are ignored: "
        f"{', '.join(PASSED_OVER[:-2])}"  # not the token, nor `extra`
    )


def _told(fields: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(fields[:-1]), *fields[-1:])))


# -- values ----------------------------------------------------------------------------------------


class _RowParser:
    def __init__(self, file: str, date_format: str | None) -> None:
        self._file = file
        self._date_format = date_format
        self._rows: dict[str, int] = {}  # the first row of each external id
        self._equal_rows: Counter[str] = Counter()

    def row(self, number: int, line: Mapping[str, object], fields: Mapping[str, str]) -> AnyRow:
        values = {fields[column]: value for column, value in line.items() if column in fields}
        external_id = values.pop("external_id", None)
        shown = external_id if isinstance(external_id, str) else None
        try:
            given = {field: self._parsed(field, value) for field, value in values.items()}
            own_id = (
                self._derived(given) if external_id is None else _text("external_id", external_id)
            )
        except typer.BadParameter as error:
            return failed(number, shown, error.message)
        first = self._rows.setdefault(own_id, number)
        if first != number:
            return failed(number, shown, f"row {first} has this external_id already; change one")
        return Row(number, own_id, given)

    def _derived(self, given: Mapping[str, Any]) -> str:
        content = _digest(self._file, given)
        ordinal = self._equal_rows[content]
        self._equal_rows[content] += 1
        start = _UNFIT.sub("-", self._file.rpartition(".")[0] or self._file)[:_LONGEST_START]
        return f"{start or 'import'}-{_digest(content, ordinal)[:20]}"

    def _parsed(self, field: str, value: object) -> Any:
        """Parse a value as far as possible without a client, which checks the rest."""
        if field == "settings":
            return value if isinstance(value, dict) else _settings(_text(field, value))
        text = _text(field, value)
        return self._time(field, text.strip()) if field in TIMES else text

    def _time(self, field: str, text: str) -> str:
        remedy = "; or give the format of dates with --date-format"
        if self._date_format is not None:
            remedy = f"; or a date that exists, written as {_EXAMPLE:{self._date_format}}"
            with suppress(ValueError):
                text = datetime.strptime(text, self._date_format).isoformat(" ")  # noqa: DTZ007
        try:
            moment(text)
        except typer.BadParameter as error:
            raise typer.BadParameter(f"{field} {error.message}{remedy}") from None
        return text


def _settings(text: str) -> dict[str, Any]:
    try:
        return object_in(text)
    except ValueError as error:
        remedy = """give an object such as {"maxParticipants": 10}"""
        raise typer.BadParameter(f"settings {error}; {remedy}") from None


def _text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise typer.BadParameter(f"{field} {json.dumps(value)} is not text; put it in quotes")


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
