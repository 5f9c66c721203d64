"""Tables as text: CSV and JSON Lines. No I/O."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from videsk_rooms.cli._output import printable, wrong_usage
from videsk_rooms.cli._params import object_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

Cells: TypeAlias = "Mapping[str, object] | str"
"""The values of a line by column, or what is wrong with the line."""

# What Excel separates by where the comma is the decimal point.
_EXCEL_DELIMITER = ";"
# A comma may be in the name of a column; in the header of a file with commas the others are not.
_BEFORE_COMMAS = ("\t", _EXCEL_DELIMITER)
_QUOTED = re.compile(r'"[^"]*"')
# https://owasp.org/www-community/attacks/CSV_Injection; also after apostrophes, so that each cell
# is read as it was written.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_LONGEST_CELL = 2**31 - 1  # a list of authorizations may be longer than csv's 131,072


class Format(str, Enum):
    """The format of a file of rooms."""

    CSV = "csv"
    JSONL = "jsonl"


_SUFFIXES = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL}
_WORKBOOKS = {".xls", ".xlsx", ".ods", ".numbers"}


def format_of(file: str, given: Format | None, *, default: Format | None = None) -> Format:
    """Return the format of a file: the given one, else that of its suffix, else the default.

    Raises:
        CommandFailedError: There is none of them.
    """
    suffix = Path(file).suffix.lower()
    found = given or _SUFFIXES.get(suffix) or default
    if found is None:
        other = "save a spreadsheet as CSV, or " if suffix in _WORKBOOKS else ""
        raise wrong_usage(
            f"the name of FILE {file!r} has no known suffix; {other}give --format csv or jsonl"
        )
    return found


@dataclass(frozen=True)
class Table:
    """The content of a file.

    Attributes:
        columns: The columns, as the file spells them.
        lines: The lines that are not empty, each with its number: in CSV as spreadsheets count
            them, the header being 1.
        excel: Whether cells are separated as by Excel where the comma is the decimal point.
    """

    columns: Sequence[str]
    lines: Sequence[tuple[int, Cells]]
    excel: bool = False


def read(text: str, form: Format) -> Table:
    """Parse a table.

    Raises:
        CommandFailedError: The header is invalid.
    """
    return _read_csv(text) if form is Format.CSV else _read_json_lines(text)


def _read_csv(text: str) -> Table:
    csv.field_size_limit(_LONGEST_CELL)
    delimiter = _delimiter_of(text)
    # Strict: otherwise a quote that is never closed would make one cell of all that follows.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    numbered = enumerate(iter(lambda: _next(reader), None), 1)
    lines = ((number, line) for number, line in numbered if _has_content(line))
    _, header = next(lines, (0, ""))
    if isinstance(header, str):
        raise wrong_usage(
            f"the first line is not a header: {header or 'the file is empty'}; begin with the "
            "names of the columns"
        )
    columns = [column.strip() for column in header]
    while not columns[-1]:
        columns.pop()
    if "" in columns:
        raise wrong_usage(f"column {columns.index('') + 1} has no name; give it one")
    cells = [(number, _by_column(columns, line)) for number, line in lines]
    return Table(columns, cells, excel=delimiter == _EXCEL_DELIMITER)


def _delimiter_of(text: str) -> str:
    lines = _QUOTED.sub("quoted", text).splitlines()
    header = next((line for line in lines if line.strip(' ,;\t"')), "")
    return next((sign for sign in _BEFORE_COMMAS if sign in header), ",")


def _next(reader: Iterator[list[str]]) -> list[str] | str | None:
    """Return the next line, or what is wrong with it; those after it can still be parsed."""
    try:
        return next(reader, None)
    except csv.Error as error:
        return f"not CSV: {error}; close the quotes around a cell, and double those inside"


def _has_content(line: Sequence[str]) -> bool:
    return any(cell.strip() for cell in line)


def _by_column(columns: Sequence[str], line: Sequence[str]) -> Cells:
    if isinstance(line, str):
        return line
    if _has_content(line[len(columns) :]):
        return (
            f"there are {len(line)} cells for {len(columns)} columns; put quotes around a cell "
            "that contains the delimiter"
        )
    return _non_empty(zip(columns, map(_unguarded, line), strict=False))


def _read_json_lines(text: str) -> Table:
    # Not splitlines(), which also splits at characters that a JSON string may contain.
    lines = [
        (number, _object_of(line))
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    columns = {column: None for _, line in lines if not isinstance(line, str) for column in line}
    return Table(list(columns), lines)


def _object_of(line: str) -> Cells:
    try:
        return _non_empty(object_in(line).items())
    except ValueError as error:
        return f'the line {error}; write an object such as {{"name": "Support"}}'


def _non_empty(cells: Iterable[tuple[str, object]]) -> Cells:
    """Leave out values that are empty or blank."""
    return {
        column: cell
        for column, cell in cells
        if not (cell is None or (isinstance(cell, str) and not cell.strip()))
    }


class Writer:
    """Writes a table line by line: UTF-8, commas, line feeds.

    Anybody may have written the cells. So on a terminal control characters are spelled out, and in
    CSV a cell that a spreadsheet would take for a formula begins with an apostrophe.

    Args:
        file: The file, opened without a translation of line ends.
        form: Its format.
        columns: The columns; each line has a value for every one of them.
        excel: Whether CSV is as Excel opens it where the comma is the decimal point: with a byte
            order mark and semicolons.
    """

    def __init__(
        self, file: TextIO, form: Format, columns: Iterable[str], *, excel: bool = False
    ) -> None:
        self._file = file
        self._is_csv = form is Format.CSV
        self._is_shown = file.isatty()
        sign = _EXCEL_DELIMITER if excel else ","
        self._plain = csv.writer(file, lineterminator="\n", delimiter=sign)
        self._quoted = csv.writer(file, lineterminator="\n", delimiter=sign, quoting=csv.QUOTE_ALL)
        if self._is_csv:
            file.write("\ufeff" if excel else "")
            self._plain.writerow(columns)

    def write(self, line: Mapping[str, object]) -> None:
        """Write a line."""
        if not self._is_csv:
            self._file.write(json.dumps(line) + "\n")
            return
        cells = [_cell(value) for value in line.values()]
        if self._is_shown:
            cells = [printable(cell) for cell in cells]
        # By itself csv quotes no carriage return where the line ends without one.
        writer = self._quoted if any("\r" in cell for cell in cells) else self._plain
        writer.writerow(cells)


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if _FORMULA.match(text) else text


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
