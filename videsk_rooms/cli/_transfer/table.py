"""Tables as text: CSV and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from videsk_rooms.cli._output import printable, wrong_usage

from .formats import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

WaitQueue: TypeAlias = "Mapping[str, object] | str"
"""The values of a line by column, or what is wrong with it."""

# A comma, and what spreadsheets write where the comma is the decimal point.
_DELIMITERS = (",", ";", "\t")
# What a spreadsheet's empty row is made of.
_SAYS_NOTHING = " ".join((*_DELIMITERS, '"'))
# The list of who was let in may be long; csv's own bound is 131,072.
_LONGEST_CELL = 2**31 - 1


@dataclass(frozen=True)
class Table:
    """The content of a file.

    Attributes:
        columns: The columns, as the file spells them.
        lines: The lines that are not empty, each with its number: in CSV as spreadsheets count
            them, the header being 1.
    """

    columns: Sequence[str]
    lines: Sequence[tuple[int, WaitQueue]]


def read(text: str, form: Format, *, is_known: Callable[[str], bool]) -> Table:
    """Read a table.

    Args:
        text: What is in the file.
        form: How it is written.
        is_known: Tells a column; what separates the cells of CSV is what makes most of them known.

    Raises:
        CommandFailedError: It has no header that can be read.
    """
    return _read_csv(text, is_known) if form is Format.CSV else _read_json_lines(text)


def _read_csv(text: str, is_known: Callable[[str], bool]) -> Table:
    csv.field_size_limit(_LONGEST_CELL)
    first = next((line for line in text.splitlines() if line.strip(_SAYS_NOTHING)), "")
    delimiter = max(_DELIMITERS, key=lambda sign: sum(map(is_known, _cells(first, sign))))
    # Strict, or else a quote that is never closed would take all that follows for one cell.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    numbered = (
        (number, line) for number, line in enumerate(_read_on(reader), 1) if _contains(line)
    )
    _, header = next(numbered, (0, ""))
    if isinstance(header, str):
        raise wrong_usage(f"the first line is no header: {header or 'the file is empty'}")
    columns = [column.strip() for column in header]
    while columns and not columns[-1]:
        columns.pop()
    if "" in columns:
        raise wrong_usage(f"column {columns.index('') + 1} has no name; give it one")
    return Table(columns, [(number, _by_column(columns, line)) for number, line in numbered])


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # told when it is read in earnest
        return []


def _read_on(reader: Iterator[list[str]]) -> Iterator[list[str] | str]:
    """Yield the lines; one that is no CSV is no end of those that follow."""
    while (line := _next(reader)) is not None:
        yield line


def _next(reader: Iterator[list[str]]) -> list[str] | str | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        return f"this is no CSV: {error}; put quotes around a cell, and double those inside"


def _contains(line: list[str] | str) -> bool:
    return any(cell.strip() for cell in line)


def _by_column(columns: Sequence[str], line: list[str] | str) -> WaitQueue:
    if isinstance(line, str):
        return line
    if _contains(line[len(columns) :]):
        return (
            f"there are {len(line)} cells for {len(columns)} columns; put quotes around a cell "
            "that holds what separates them"
        )
    return _given(zip(columns, line, strict=False))


def _read_json_lines(text: str) -> Table:
    # Not by splitlines(): a JSON string may hold what that takes for the end of a line.
    lines = [
        (number, _object_of(line))
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    columns = {column: None for _, line in lines if not isinstance(line, str) for column in line}
    return Table(list(columns), lines)


def _object_of(line: str) -> WaitQueue:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        return f"this is no JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        return "this is nested too deep"
    except ValueError:  # what Python reads no further than 4,300 digits
        return "a number in it has too many digits"
    if not isinstance(value, dict):
        return 'this is no JSON object, such as {"name": "Support"}'
    return _given(value.items())


def _given(cells: Iterable[tuple[str, object]]) -> WaitQueue:
    """Leave out what is empty, or but blanks."""
    return {
        column: cell
        for column, cell in cells
        if not (cell is None or (isinstance(cell, str) and not cell.strip()))
    }


class Writer:
    """Writes a table line by line, in what every system reads: UTF-8, commas, line feeds.

    A terminal gets cells with control characters spelled out, because they may be anybody's words;
    whatever else it is written to gets them as they are.

    Args:
        file: Where to, opened without a translation of line ends.
        form: How.
        columns: The columns; each line has a value for every one of them.
    """

    def __init__(self, file: TextIO, form: Format, columns: Iterable[str]) -> None:
        self._file = file
        self._is_csv = form is Format.CSV
        self._is_shown = file.isatty()
        self._plain = csv.writer(file, lineterminator="\n")
        self._quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        if self._is_csv:
            self._plain.writerow(columns)

    def write(self, line: Mapping[str, object]) -> None:
        """Write a line."""
        if not self._is_csv:
            self._file.write(json.dumps(line) + "\n")
            return
        cells = [_cell(value) for value in line.values()]
        if self._is_shown:
            cells = [printable(cell) for cell in cells]
        # Left to itself, csv quotes no carriage return where the line ends without one.
        writer = self._quoted if any("\r" in cell for cell in cells) else self._plain
        writer.writerow(cells)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
