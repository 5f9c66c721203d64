"""The rows of a file: the fields of each room, and its external id. No I/O.

The external id makes an import repeatable: however often a row is sent, there is one room. A row
without one gets one made of the file's name, of the row's content, and of the number of equal rows
before it; not of its place, which changes when somebody inserts a row. So the same row of a file of
the same name is the same room, wherever it stands.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

from videsk_rooms.cli._params import object_in
from videsk_rooms.cli._times import moment

from . import columns as known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .table import Cells, Table

TIMES = ("exp", "nbf")
_LONGEST_START = 40
_UNFIT = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Row:
    """A row that can be sent.

    Attributes:
        number: Its number in the file.
        external_id: The external id of its room.
        given: Its other fields: name and times as they were typed, settings as an object.
    """

    number: int
    external_id: str
    given: Mapping[str, Any]

    def fields(self) -> dict[str, Any]:
        """Return the arguments of `create`; a time from now (`2h`) counts from this call on."""
        return {
            field: moment(value) if field in TIMES else value for field, value in self.given.items()
        }

    def checksum(self, *, update: bool) -> str:
        """Return a value that changes with the content of the row."""
        return _digest(update, self.external_id, self.given)[:16]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be sent.

    Attributes:
        number: Its number in the file.
        external_id: The external id of its room, if it has one.
        problem: What is wrong, and the remedy.
    """

    number: int
    external_id: str | None
    problem: str


AnyRow: TypeAlias = "Row | BadRow"


def rows_of(
    table: Table,
    file: str,
    *,
    fields: Mapping[str, str] | None = None,
    date_format: str | None = None,
) -> list[AnyRow]:
    """Parse the rows of a table.

    Args:
        table: The table.
        file: The name of its file; empty for standard input.
        fields: The field of each column; `None`: as the columns are called.
        date_format: How times may be written, too, as `datetime.strptime` has it.

    Raises:
        CommandFailedError: There is no such column.
    """
    if fields is None:
        fields = known.fields_of(table.columns)
    reader = _Reader(file, date_format)
    return [reader.row(number, line, fields) for number, line in table.lines]


_EXAMPLE = datetime(2026, 12, 24, 16)  # noqa: DTZ001 - only shown


class _Reader:
    def __init__(self, file: str, date_format: str | None) -> None:
        self._file = file
        self._date_format = date_format
        self._rows: dict[str, int] = {}  # the first row of each external id
        self._equal_rows: Counter[str] = Counter()

    def row(self, number: int, line: Cells, fields: Mapping[str, str]) -> AnyRow:
        if isinstance(line, str):
            return BadRow(number, None, line)
        values = {fields[column]: value for column, value in line.items() if column in fields}
        external_id = values.pop("external_id", None)
        shown = external_id if isinstance(external_id, str) else None
        try:
            given = {
                field: _read(field, value, self._date_format) for field, value in values.items()
            }
            own_id = (
                self._derived(given) if external_id is None else _text("external_id", external_id)
            )
        except typer.BadParameter as error:
            return BadRow(number, shown, error.message)
        first = self._rows.setdefault(own_id, number)
        if first != number:
            return BadRow(number, shown, f"row {first} has this external_id already; change one")
        return Row(number, own_id, given)

    def _derived(self, given: Mapping[str, Any]) -> str:
        content = _digest(self._file, given)
        ordinal = self._equal_rows[content]
        self._equal_rows[content] += 1
        start = _UNFIT.sub("-", self._file.rpartition(".")[0] or self._file)[:_LONGEST_START]
        return f"{start or 'import'}-{_digest(content, ordinal)[:20]}"


def _read(field: str, value: object, date_format: str | None) -> Any:
    """Parse a value as far as no client is needed; the client checks the rest."""
    if field == "settings":
        return value if isinstance(value, dict) else _settings(_text(field, value))
    text = _text(field, value)
    return _time(field, text.strip(), date_format) if field in TIMES else text


def _settings(text: str) -> dict[str, Any]:
    try:
        return object_in(text)
    except ValueError as error:
        remedy = """give an object such as {"maxParticipants": 10}"""
        raise typer.BadParameter(f"settings {error}; {remedy}") from None


def _time(field: str, text: str, date_format: str | None) -> str:
    if date_format is None:
        return _checked(field, text, "; or say with --date-format how dates are written")
    try:
        text = datetime.strptime(text, date_format).isoformat(" ")  # noqa: DTZ007 - by moment()
    except ValueError:
        return _checked(
            field, text, f"; or a date that exists, written as {_EXAMPLE:{date_format}}"
        )
    return _checked(field, text)


def _checked(field: str, text: str, remedy: str = "") -> str:
    try:
        moment(text)
    except typer.BadParameter as error:
        raise typer.BadParameter(f"{field} {error.message}{remedy}") from None
    return text


def _text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise typer.BadParameter(f"{field} {json.dumps(value)} is not text; put it into quotes")


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
