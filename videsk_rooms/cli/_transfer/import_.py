"""`videsk-rooms rooms import`: what it does."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
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
from .table import Format, format_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videsk_rooms.cli._account import CommandContext

    from .journal import Outcome
    from .rows import AnyRow

_GO_ON = "The same command goes on with the rest."


@dataclass(frozen=True)
class Options:
    """The options of an import.

    Attributes:
        file: The file of rows.
        form: Its format; `None`: that of its suffix.
        update: Whether rooms that exist are brought up to date.
        results: The file of results; `None`: beside the file.
        concurrency: How many rows are sent at a time.
        shared: Where the rate limit is shared with others.
        encoding: The encoding of the file; `None`: found.
        date_format: How times may be written, too.
        mapped: The fields of columns that are called otherwise.
    """

    file: str
    form: Format | None
    update: bool
    results: str | None
    concurrency: int
    shared: str | None
    encoding: str | None
    date_format: str | None
    mapped: Mapping[str, str]


def check(context: CommandContext, options: Options) -> ExitCode:
    """Report which rows would be refused, and send nothing."""
    began = time.monotonic()
    rows = _rows(options, _read(options, format_of(options.file, options.form)))
    bad = asyncio.run(_refusals(rows))
    for outcome in bad:
        complain(f"row {outcome.row}: {outcome.error}")
    seconds = time.monotonic() - began
    figures = summarize(len(rows), bad, done_before=0, seconds=seconds, results="")
    show_refusals(context, figures)
    return exit_code_of(figures)


def run(context: CommandContext, options: Options) -> ExitCode:
    """Import a file.

    Raises:
        CommandFailedError: The file cannot be imported, or the outcomes cannot be kept.
        VideskError: The account cannot be reached.
    """
    form = format_of(options.file, options.form)
    if context.as_json and (options.results or options.file) == STANDARD:
        raise wrong_usage("standard output has the results; give --results FILE to have --json")
    table = _read(options, form)
    rows = _rows(options, table)
    # SIGTERM runs the `finally` blocks, too: the bar hides the terminal's cursor.
    with (
        journal.recorded(options.file, options.results, form) as record,
        handled(leave, signal.SIGTERM),
    ):
        work = Importer(
            *(context, rows, record),
            update=options.update,
            concurrency=options.concurrency,
            shared=options.shared,
        )
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
        show(context, figures, outcomes, is_whole=is_whole)
        if work.stopped_by is not None:
            text = describe_error(work.stopped_by)
            complain(f"stopped, as the rest would fail alike: {text} {_GO_ON}")
        return exit_code_of(figures)


def _read(options: Options, form: Format) -> tables.Table:
    return tables.read(
        read_text(options.file, options.encoding),
        form,
        is_known=lambda column: column.strip() in options.mapped or columns.is_known(column),
    )


def _rows(options: Options, table: tables.Table) -> list[AnyRow]:
    return rows_of(
        table,
        "" if options.file == STANDARD else Path(options.file).name,
        fields=columns.fields_of(table.columns, options.mapped),
        date_format=options.date_format,
    )


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
                bad.append(failed(row, in_a_file(error)))
    return bad
