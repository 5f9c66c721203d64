"""CSV and JSON Lines as text. No I/O."""

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
"""The values of a line by column, or what is wrong with it."""

# Excel's delimiter in locales with a decimal comma.
_EXCEL_DELIMITER = ";"
# A column's name may contain a comma, but a header with commas contains none of the others.
_BEFORE_COMMAS = ("\t", _EXCEL_DELIMITER)
_QUOTED = re.compile(r'"[^"]*"')
# https://owasp.org/www-community/attacks/CSV_Injection. Leading apostrophes are matched, too, so
# that reading a cell restores what was written.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_LONGEST_CELL = 2**31 - 1  # a list of authorizations may be longer than csv's 131,072


class Format(str, Enum):
    """The format of a file of rooms."""

    CSV = "csv"
    JSONL = "jsonl"


_SUFFIXES = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL}
_WORKBOOKS = {".xls", ".xlsx", ".ods", ".numbers"}


def format_of(file: str, given: Format | None, *, default: Format | None = None) -> Format:
    """Return the format of a file: the given one, else by its suffix, else the default.

    Raises:
        CommandFailedError: None of them is known.
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
        columns: The columns, as spelled in the file.
        lines: The non-empty lines with their numbers, which in CSV are those of spreadsheets: the
            header is 1.
        excel: Whether cells are separated as by Excel with a decimal comma.
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
    # Strict, because otherwise an unclosed quote would make one cell of everything that follows.
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
    """Return the next line, or what is wrong with it; later lines can still be parsed."""
    try:
        return [_unguarded(cell) for cell in next(reader)]
    except StopIteration:
        return None
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
    return _non_empty(zip(columns, line, strict=False))


def _read_json_lines(text: str) -> Table:
    # Not splitlines(), which also splits at characters that are valid in JSON strings.
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

    Cells can come from anybody. On a terminal, control characters are escaped. In CSV, a cell that
    a spreadsheet would take for a formula begins with an apostrophe.

    Args:
        file: The file, opened without newline translation.
        form: Its format.
        columns: The columns; each line has a value for all of them.
        excel: Whether to write CSV for Excel with a decimal comma: a byte order mark and
            semicolons.
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
        # csv alone does not quote a carriage return if lines end without one.
        writer = self._quoted if any("\r" in cell for cell in cells) else self._plain
        writer.writerow(cells)


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if _FORMULA.match(text) else text


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
