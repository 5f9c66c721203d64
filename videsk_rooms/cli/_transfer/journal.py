"""The outcomes of an import: the journal that they are appended to, and the results file.

During an import, each outcome is appended to the journal as soon as it is known. A process that is
killed then loses only the requests in flight. At the end, the results are written in the order of
the rows, and the journal is removed. So a results file means that a run ended, and a journal that
the next run has to continue it.

Two imports of the same file at the same time do no harm: both append whole lines, and the last to
end writes results for all rows.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from videsk_rooms.cli._output import CommandFailedError, wire, writing, wrong_usage

from . import table as tables
from .files import STANDARD, cannot_write, read_text, require_regular, standard_output, whole_file
from .table import Format, format_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime


class Result(str, Enum):
    """The result of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    EXISTS = "exists"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a row: a line of the results file.

    Attributes:
        row: The number of the row.
        external_id: The external id of its room, if it has one.
        result: The result.
        room: The id of the room, if there is one.
        exp: The end of the room, in UTC, if the API sent it.
        ended: Whether the room had ended.
        error: What was wrong, and the remedy; `None` after a success.
        outcome_unknown: Whether it failed, but may have been processed.
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
        """Whether the room exists as the row describes it."""
        return self.result is not Result.FAILED

    def is_over(self, now: datetime) -> bool:
        """Return whether nobody can join the room any more."""
        # Both have the same format, in which alphabetical order is chronological.
        return bool(self.ended) or (self.exp is not None and self.exp <= wire(now))


EarlierRuns: TypeAlias = "Mapping[str | None, tuple[str, Outcome]]"
"""The rows that earlier runs completed, by external id: their outcomes, each with the row's
checksum if it belongs to the run to continue."""

COLUMNS = tuple(field.name for field in fields(Outcome))


def failed(row: int, external_id: str | None, text: str, *, unknown: bool = False) -> Outcome:
    """Return the outcome of a row that failed, or cannot be sent."""
    return Outcome(row, external_id, Result.FAILED, error=text, outcome_unknown=unknown)


def of_line(line: Mapping[str, Any]) -> Outcome:
    """Parse an outcome; in CSV, all values are texts.

    Raises:
        KeyError: A column is missing.
        ValueError: A value is invalid.
    """
    return Outcome(
        row=int(line["row"]),
        external_id=line.get("external_id"),
        result=Result(line["result"]),
        room=line.get("room"),
        exp=line.get("exp"),
        ended={"true": True, "false": False}.get(str(line.get("ended")).lower()),
    )


class ResultStream:
    """Outcomes on standard output, without those of earlier runs."""

    def __init__(self, form: Format) -> None:
        self.name = STANDARD
        self.earlier: EarlierRuns = {}
        with writing():
            self._stream = standard_output()
            self._writer = tables.Writer(self._stream, form, COLUMNS)
        self.is_on_terminal = self._stream.isatty()

    def note(self, outcome: Outcome, _checksum: str = "") -> None:
        """Write an outcome."""
        with writing():
            self._writer.write(asdict(outcome))
            self._stream.flush()

    def finish(self, _outcomes: Iterable[Outcome], *, excel: bool) -> None:
        """Do nothing: everything has been written."""


class Journal:
    """A journal of outcomes, which ends as the results file.

    Raises:
        CommandFailedError: The journal cannot be created, or the file is not a results file.
    """

    is_on_terminal = False

    def __init__(self, name: str, form: Format) -> None:
        self.name = name
        self._results = Path(name)
        require_regular(self._results)  # reading from a pipe could block forever
        self._form = format_of(name, None, default=form)
        self._path = self._results.with_name(f"{self._results.name}.journal")
        earlier = dict(done_in(self._read_results()))
        try:
            self._file = open(self._path, "a+b", buffering=0)  # noqa: SIM115 - close() closes it
            earlier |= done_in(self._read_journal())
        except OSError as error:
            remedy = "say with --results FILE where the results are to go"
            raise cannot_write(self._results, error, remedy) from None
        self.earlier: EarlierRuns = earlier

    def close(self) -> None:
        """Close the journal, and remove it if it is empty."""
        is_empty = os.fstat(self._file.fileno()).st_size == 0
        self._file.close()
        if is_empty:
            with suppress(OSError):
                self._path.unlink()

    def note(self, outcome: Outcome, checksum: str = "") -> None:
        """Append an outcome."""
        line = json.dumps({**asdict(outcome), "checksum": checksum}).encode() + b"\n"
        try:
            # One call writes everything, unless the disk is full; then the next call fails.
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            raise cannot_write(self._results, error) from None

    def finish(self, outcomes: Iterable[Outcome], *, excel: bool) -> None:
        """Write the results: the outcomes of all rows, in order.

        Args:
            outcomes: The outcomes.
            excel: Whether to write CSV for Excel with a decimal comma.
        """
        with whole_file(self._results) as stream:
            writer = tables.Writer(stream, self._form, COLUMNS, excel=excel)
            for outcome in outcomes:
                writer.write(asdict(outcome))
        self._file.truncate(0)

    def _read_results(self) -> tables.Table:
        empty = tables.Table((), ())
        text = read_text(self.name) if os.path.exists(self._results) else ""
        if not text.strip():
            return empty
        try:
            table = tables.read(text, self._form)
        except CommandFailedError:
            table = empty
        # No other file has both columns: a file of rooms may have only external_id and exp.
        if not {"row", "result"} <= {*table.columns} <= {*COLUMNS}:
            raise wrong_usage(f"--results {self.name!r} is not a results file; give another file")
        return table

    def _read_journal(self) -> tables.Table:
        self._file.seek(0)
        content = self._file.read()
        if content and not content.endswith(b"\n"):
            # SIGKILL left half a line. It is ended instead of truncated, because another import may
            # have appended to it meanwhile.
            self._file.write(b"\n")
        return tables.read(content.decode(errors="replace"), Format.JSONL)


def done_in(table: tables.Table) -> Iterator[tuple[str | None, tuple[str, Outcome]]]:
    """Yield the completed rows; a failure does not undo an earlier success."""
    for _, line in table.lines:
        if isinstance(line, str):
            continue
        with suppress(ValueError, KeyError, TypeError):
            outcome = of_line(line)
            if outcome.is_done:
                yield outcome.external_id, (str(line.get("checksum", "")), outcome)


@contextmanager
def recorded(source: str, results: str | None, form: Format) -> Iterator[Journal | ResultStream]:
    """Keep the outcomes of an import.

    Args:
        source: The imported file.
        results: The results file; `None`: beside the source, or standard output for standard
            input.
        form: The format of the source, and of results without a known suffix.

    Raises:
        CommandFailedError: The outcomes cannot be written there.
    """
    path = Path(source)
    beside = str(path.with_name(f"{path.stem}.results{path.suffix}"))
    name = results or (STANDARD if source == STANDARD else beside)
    if name == STANDARD:
        yield ResultStream(form)
        return
    if source != STANDARD and os.path.realpath(name) == os.path.realpath(source):
        raise wrong_usage(f"--results {name!r} is the file to import; give another")
    journal = Journal(name, form)
    try:
        yield journal
    finally:
        journal.close()
