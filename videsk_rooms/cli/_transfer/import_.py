"""`videsk-rooms rooms import`: what it does."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import videsk_rooms
from videsk_rooms.cli._output import ExitCode, complain, describe_error, wrong_usage
from videsk_rooms.cli._signals import handled, leave, run_until_stopped
from videsk_rooms.errors import ClosedError, InvalidRequestError

from . import columns, journal
from . import table as tables
from .files import STANDARD, read_text
from .journal import failed
from .rows import BadRow, rows_of
from .sending import Importer, in_a_file
from .summary import exit_code_of, show, show_refusals, summarize
from .table import format_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .journal import Outcome
    from .options import ImportOptions
    from .rows import AnyRow
    from .table import Format

_GO_ON = "The same command goes on with the rest."


def check(options: ImportOptions, file: str) -> ExitCode:
    """Report which rows would be refused, and send nothing."""
    began = time.monotonic()
    _, rows = _read(options, file, format_of(file, options.form))
    bad = asyncio.run(_refusals(rows))
    for outcome in bad:
        complain(f"row {outcome.row}: {outcome.error}")
    seconds = time.monotonic() - began
    figures = summarize(len(rows), bad, done_before=0, seconds=seconds, results="")
    show_refusals(options, figures)
    return exit_code_of(figures)


def run(options: ImportOptions, file: str) -> ExitCode:
    """Import a file.

    Raises:
        CommandFailedError: The file cannot be imported, or the outcomes cannot be kept.
        VideskError: The account cannot be reached.
    """
    form = format_of(file, options.form)
    if options.as_json and (options.results or file) == STANDARD:
        raise wrong_usage("standard output has the results; give --results FILE to have --json")
    table, rows = _read(options, file, form)
    # SIGTERM runs the `finally` blocks, too: the bar hides the terminal's cursor.
    with (
        journal.recorded(file, options.results, form) as record,
        handled(leave, signal.SIGTERM),
    ):
        work = Importer(options, rows, record)
        began = time.monotonic()
        try:
            run_until_stopped(work.run())
        except (KeyboardInterrupt, SystemExit):
            complain(f"stopped after {len(work.outcomes):,} of {len(rows):,} rows. {_GO_ON}")
            raise
        outcomes = [work.outcomes[row.number] for row in rows if row.number in work.outcomes]
        seconds, is_whole = time.monotonic() - began, work.stopped_by is None
        if is_whole:
            record.finish(outcomes, excel=table.excel)  # as the file that was imported
        figures = summarize(
            len(rows),
            outcomes,
            done_before=work.done_before,
            seconds=seconds,
            results=record.name,
        )
        show(options, figures, outcomes, is_whole=is_whole)
        if work.stopped_by is not None:
            text = describe_error(work.stopped_by)
            complain(f"stopped, as the rest would fail alike: {text} {_GO_ON}")
        return exit_code_of(figures)


def _read(options: ImportOptions, file: str, form: Format) -> tuple[tables.Table, list[AnyRow]]:
    mapped = columns.mapped_by(options.mapped or ())
    table = tables.read(
        read_text(file, options.encoding),
        form,
        is_known=lambda column: column.strip() in mapped or columns.is_known(column),
    )
    rows = rows_of(
        table,
        "" if file == STANDARD else Path(file).name,
        fields=columns.fields_of(table.columns, mapped),
        date_format=options.date_format,
    )
    return table, rows


async def _refusals(rows: Sequence[AnyRow]) -> list[Outcome]:
    """Return the outcomes of the rows that a client refuses; a closed one sends nothing."""
    closed = videsk_rooms.AsyncVidesk("none", base_url="http://localhost")
    await closed.close()
    bad = []
    for row in rows:
        if isinstance(row, BadRow):
            bad.append(failed(row, row.problem))
            continue
        with suppress(ClosedError):
            try:
                await closed.rooms.create(external_id=row.external_id, **row.fields())
            except InvalidRequestError as error:
                bad.append(failed(row, in_a_file(error, row)))
    return bad
