"""The work of `videsk-rooms rooms import`."""

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

from . import journal, table
from .files import STANDARD, read_text
from .journal import Outcome, failed
from .rows import rows_of
from .sending import Importer, in_a_file
from .summary import exit_code_of, show, show_refusals, summarize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .options import ImportOptions
    from .rows import AnyRow

_GO_ON = "The same command continues with the rest."


def check(options: ImportOptions, file: str) -> ExitCode:
    """Report which rows would be refused, without sending anything."""
    began = time.monotonic()
    rows, _ = _read(options, file, table.format_of(file, options.form))
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
        CommandFailedError: The file cannot be imported, or the outcomes cannot be written.
        VideskError: The account cannot be reached.
    """
    form = table.format_of(file, options.form)
    if options.as_json and (options.results or file) == STANDARD:
        raise wrong_usage("standard output has the results; give --results FILE to have --json")
    rows, excel = _read(options, file, form)
    with (
        journal.recorded(file, options.results, form) as record,
        handled(leave, signal.SIGTERM),  # outside the loop, too, so that `finally` blocks run
    ):
        work = Importer(options, rows, record)
        began = time.monotonic()
        try:
            run_until_stopped(work.run())
        except (KeyboardInterrupt, SystemExit):
            complain(f"stopped after {len(work.outcomes):,} of {len(rows):,} rows. {_GO_ON}")
            raise
        seconds, is_whole = time.monotonic() - began, work.stopped_by is None
        outcomes = [outcome for _, outcome in sorted(work.outcomes.items())]
        if is_whole:
            record.finish(outcomes, excel=excel)
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
            complain(f"stopped, because the rest would fail, too: {text} {_GO_ON}")
        return exit_code_of(figures)


def _read(options: ImportOptions, file: str, form: table.Format) -> tuple[list[AnyRow], bool]:
    """Return the rows of a file, and whether it is a table of Excel with semicolons."""
    read = table.read(read_text(file, options.encoding), form)
    rows = rows_of(
        read,
        "" if file == STANDARD else Path(file).name,
        mapped=dict(options.mapped or ()),
        date_format=options.date_format,
    )
    return rows, read.excel


async def _refusals(rows: Sequence[AnyRow]) -> list[Outcome]:
    """Return the outcomes of the rows that a client refuses; a closed client sends nothing."""
    closed = videsk_rooms.AsyncVidesk("none", base_url="http://localhost")
    await closed.close()
    bad = []
    for row in rows:
        if isinstance(row, Outcome):
            bad.append(row)
            continue
        with suppress(ClosedError):
            try:
                await closed.rooms.create(external_id=row.external_id, **row.fields())
            except InvalidRequestError as error:
                bad.append(failed(row.number, row.external_id, in_a_file(error, row)))
    return bad
