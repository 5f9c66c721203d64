"""The file of results, and the journal that it is made of.

While an import runs, each outcome is a line of the journal from the moment at which it is known, so
that whatever kills the process takes no more with it than what was under way. At the end the file
of results is written, whole and in the order of the rows, and the journal goes. So a file of
results tells of a run that came to its end, and a journal of one that is to be gone on with.

Two imports of one file at a time do no harm: both write whole lines, and whoever ends last writes
a file of results for all rows.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import CommandFailedError, writing, wrong_usage

from . import table as tables
from .formats import Format, format_of
from .results import COLUMNS, Outcome, PreviousRun, as_line, of_line
from .streams import STANDARD, cannot_write, read_text, refuse_no_file, standard_output, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO
    from typing import Protocol

    class Record(Protocol):
        """Where outcomes are kept."""

        @property
        def is_shown(self) -> bool:
            """Whether they are written to a terminal."""
            ...

        def earlier(self) -> PreviousRun:
            """Read what earlier runs have done."""
            ...

        def note(self, outcome: Outcome, checksum: str = "", /) -> None:
            """Keep an outcome."""
            ...

        def finish(self, outcomes: Iterable[Outcome], /) -> None:
            """Conclude with the outcomes of all rows, in their order."""
            ...


# What no other file has: a file of rooms may have an external_id and an exp alone.
_IN_ALL = frozenset({"row", "result"})


@contextmanager
def recorded(source: str, results: str | None, form: Format) -> Iterator[tuple[Record, str]]:
    """Keep the outcomes of an import, where it was said or beside its file.

    Args:
        source: The file that is imported.
        results: Where they are to go; `None`: beside it, or for standard input to standard output.
        form: How the source is written, and so what goes to where no suffix tells.

    Raises:
        CommandFailedError: They cannot be kept there.
    """
    file = results or (STANDARD if source == STANDARD else _beside(source))
    if file == STANDARD:
        yield _Stream(form), file
        return
    if source != STANDARD and os.path.realpath(file) == os.path.realpath(source):
        raise wrong_usage(f"--results {file!r} is the file to be imported; give another")
    with _Files(Path(file), form) as kept:
        yield kept, file


def _beside(source: str) -> str:
    path = Path(source)
    return str(path.with_name(f"{path.stem}.results{path.suffix}"))


class _Stream:
    """Standard output: outcomes as they come, and nothing of earlier runs."""

    def __init__(self, form: Format) -> None:
        with writing():
            self._stream = standard_output()
            self._writer = tables.Writer(self._stream, form, COLUMNS)
        self.is_shown = self._stream.isatty()

    def earlier(self) -> PreviousRun:
        return PreviousRun({}, {})

    def note(self, outcome: Outcome, _checksum: str = "") -> None:
        with writing():
            self._writer.write(as_line(outcome))
            self._stream.flush()

    def finish(self, _outcomes: Iterable[Outcome]) -> None:
        pass


class _Files:
    is_shown = False

    def __init__(self, results: Path, form: Format) -> None:
        refuse_no_file(results)  # to read from a pipe would be to wait for ever
        self._results = results
        self._form = format_of(str(results), None, otherwise=form)
        self._path = results.with_name(f"{results.name}.journal")
        self._finished = self._read_finished()
        self._journal: FileIO
        self._begun: dict[str, tuple[str, Outcome]] = {}

    def __enter__(self) -> Record:
        try:
            self._journal = open(self._path, "a+b", buffering=0)
            self._begun = self._read_begun()
        except OSError as error:
            right = "say with --results FILE where what becomes of each row is to go"
            raise cannot_write(self._results, error, right) from None
        return self

    def __exit__(self, *_: object) -> None:
        is_empty = os.fstat(self._journal.fileno()).st_size == 0
        self._journal.close()
        if is_empty:
            with suppress(OSError):
                self._path.unlink()

    def earlier(self) -> PreviousRun:
        return PreviousRun(self._finished, self._begun)

    def note(self, outcome: Outcome, checksum: str = "") -> None:
        line = json.dumps({**as_line(outcome), "checksum": checksum}).encode() + b"\n"
        try:
            # One call writes all of it, unless the disk is full in the middle: then the next fails.
            while line:
                line = line[self._journal.write(line) :]
        except OSError as error:
            raise cannot_write(self._results, error) from None

    def finish(self, outcomes: Iterable[Outcome]) -> None:
        with whole_file(self._results) as stream:
            writer = tables.Writer(stream, self._form, COLUMNS)
            for outcome in outcomes:
                writer.write(as_line(outcome))
        self._journal.truncate(0)

    def _read_finished(self) -> dict[str, Outcome]:
        text = read_text(str(self._results)) if os.path.exists(self._results) else ""
        if not text.strip():
            return {}
        try:
            table = tables.read(text, self._form, is_known=COLUMNS.__contains__)
        except CommandFailedError:
            table = tables.Table((), ())
        if not _IN_ALL <= {*table.columns} <= {*COLUMNS}:
            raise wrong_usage(
                f"--results {str(self._results)!r} is something else than results; give a file of "
                "another name"
            )
        return {name: outcome for name, (_, outcome) in _by_name(table).items()}

    def _read_begun(self) -> dict[str, tuple[str, Outcome]]:
        self._journal.seek(0)
        content = self._journal.read()
        if content and not content.endswith(b"\n"):
            # Half a line is of somebody who was killed. It is ended and not cut off: by now another
            # import may have written behind it.
            self._journal.write(b"\n")
        text = content.decode(errors="replace")
        return _by_name(tables.read(text, Format.JSONL, is_known=COLUMNS.__contains__))


def _by_name(table: tables.Table) -> dict[str, tuple[str, Outcome]]:
    """Read outcomes by the names of their rooms, each with its checksum if it has one."""
    found: dict[str, tuple[str, Outcome]] = {}
    for _, line in table.lines:
        if isinstance(line, str):
            continue
        with suppress(ValueError, KeyError, TypeError):
            outcome = of_line(line)
            name = outcome.external_id
            # Of two rows of one name the second has failed, which says nothing of the room.
            if name is not None and (outcome.is_done or name not in found):
                found[name] = (str(line.get("checksum", "")), outcome)
    return found
