"""`videsk-rooms rooms import`: what it does."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import videsk_rooms
from videsk_rooms.cli._output import (
    CommandFailedError,
    ExitCode,
    complain,
    describe_error,
    is_hopeless,
    wire,
    wrong_usage,
)
from videsk_rooms.cli._signals import handled, leave, run_until_stopped
from videsk_rooms.errors import (
    ClosedError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    VideskError,
)

from . import columns, journal, progress
from . import table as tables
from .files import STANDARD, read_text
from .journal import Result, failed, succeeded
from .rows import BadRow, Row, rows_of
from .summary import exit_code_of, show, show_figures, summarize
from .table import Format, format_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from videsk_rooms import AsyncVidesk, Response, Room
    from videsk_rooms.cli._account import CommandContext
    from videsk_rooms.models import JSONValue

    from .journal import Journal, Outcome, ResultStream
    from .progress import Progress
    from .rows import AnyRow

_USUAL_LIMIT = 20  # docs/api.md, "Access"
_SHARE_IN_QUEUE = 1 / 3  # of the time that a call may take
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
    show_figures(context, figures, "; nothing was sent")
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
        work = _Import(context, options, rows, record)
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
                bad.append(failed(row, _in_a_file(error)))
    return bad


def _in_a_file(error: VideskError) -> str:
    """Return the text of an error for the author of the file: arguments are columns there."""
    return str(error.args[0]) if isinstance(error, InvalidRequestError) else describe_error(error)


class _Import:
    """Sends the rows of a file, several at a time.

    Not by `create_many`, which makes one call for each item: a row takes two where its room exists,
    and with `update` one, two or three.

    Attributes:
        outcomes: The outcomes so far, by the number of the row.
        done_before: How many rows earlier runs had done.
        stopped_by: The error after which all other rows would fail alike, if there was one.
    """

    def __init__(
        self,
        context: CommandContext,
        options: Options,
        rows: Sequence[AnyRow],
        record: Journal | ResultStream,
    ) -> None:
        self._context = context
        self._options = options
        self._record = record
        self._total = len(rows)
        self._remaining: list[Row] = []
        self.outcomes: dict[int, Outcome] = {}
        self.stopped_by: VideskError | None = None
        for row in rows:
            if isinstance(row, BadRow):
                self._note(failed(row, row.problem))
            elif (earlier := record.earlier.outcome_of(row, update=options.update)) is None:
                self._remaining.append(row)
            else:
                self.outcomes[row.number] = earlier
        self.done_before = sum(outcome.is_done for outcome in self.outcomes.values())

    async def run(self) -> None:
        """Send the rows that remain, or up to one that fails as all others would."""
        async with self._context.async_client(shared=self._options.shared) as client:
            videsk = client.with_options(priority="background")
            answer = await self._first_call(videsk)
            if not self._remaining:
                return
            limit = progress.limit_in(answer.headers)
            with progress.shown(
                "importing",
                self._total,
                done=len(self.outcomes),
                limit="limit unknown" if limit is None else f"limit {limit:,}/s",
                colours=not self._context.no_color,
                bar=not self._record.is_on_terminal,
            ) as bar:
                bar.failed = sum(not outcome.is_done for outcome in self.outcomes.values())
                rows = iter(self._remaining)
                workers = range(self._workers(limit))
                await asyncio.gather(*(self._send_all(videsk, rows, bar) for _ in workers))

    def _workers(self, limit: int | None) -> int:
        """Return how many rows to send at a time.

        Time in the queue of the rate limit counts for the timeout of each call, and more rows at a
        time are not faster.
        """
        through = int((limit or _USUAL_LIMIT) * self._context.timeout * _SHARE_IN_QUEUE)
        return max(1, min(self._options.concurrency, through))

    async def _first_call(self, videsk: AsyncVidesk) -> Response:
        """Make a call that shows whether the token is accepted, and what the rate limit is.

        It looks for a room of an earlier run: the first, and the last if that is gone, which can be
        where the account may delete rooms. With neither there, that run was on another account,
        such as a sandbox, and this one has none of its rooms.
        """
        done = [each for each in self.outcomes.values() if each.is_done]
        for known in (done[0], *done[1:][-1:]) if done else (None,):
            query = {"$limit": 1, "externalId": known and known.external_id}
            answer = await videsk.request("GET", "/vpaas/rooms", query=query)
            if known is None or _has_room(answer.json(), known.room):
                return answer
        raise CommandFailedError(
            f"row {done[0].row} was imported before, and this account does not have its room "
            f"{done[0].room} ({done[0].external_id!r}); if that was another account, give another "
            f"--results FILE than {self._record.name}; if its rooms were deleted, take their rows "
            "out of the file, or give another --results FILE to have them made again"
        )

    async def _send_all(self, videsk: AsyncVidesk, rows: Iterator[Row], bar: Progress) -> None:
        while self.stopped_by is None and (row := next(rows, None)) is not None:
            try:
                outcome = succeeded(row, *await self._send(videsk, row))
            except VideskError as error:
                if is_hopeless(error):
                    self.stopped_by = error
                outcome = failed(row, _in_a_file(error), error)
            self._note(outcome, row.checksum(update=self._options.update))
            bar.advance(failed=not outcome.is_done)

    async def _send(self, videsk: AsyncVidesk, row: Row) -> tuple[Result, Room]:
        fields = row.fields()
        room: Room | None = None
        if self._options.update:
            try:
                room = await videsk.rooms.get_by_external_id(row.external_id)
            except NotFoundError:
                room = None
        if room is None:
            try:
                created = await videsk.rooms.create(external_id=row.external_id, **fields)
            except ConflictError:
                room = await videsk.rooms.get_by_external_id(row.external_id)
            else:
                return Result.CREATED, created
        if not self._options.update:
            return Result.EXISTS, room
        changes = differences(room, fields)
        if not changes:
            return Result.UNCHANGED, room
        return Result.UPDATED, await videsk.rooms.update(room, **changes)

    def _note(self, outcome: Outcome, checksum: str = "") -> None:
        self.outcomes[outcome.row] = outcome
        self._record.note(outcome, checksum)


def differences(room: Room, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields whose values a room does not have."""
    return {
        field: value
        for field, value in fields.items()
        if _comparable(getattr(room, field)) != _comparable(value)
    }


def _comparable(value: object) -> object:
    # Times to the millisecond, as the API has them (docs/api.md, "On the wire").
    return wire(value) if isinstance(value, datetime) else value


def _has_room(page: JSONValue, room: str | None) -> bool:
    """Return whether a page has a room, by its id: another account may have the external id."""
    rooms = page.get("data") if isinstance(page, dict) else None
    if not isinstance(rooms, list):
        return False
    ids = [each.get("id") for each in rooms if isinstance(each, dict)]
    return room in ids if room else bool(ids)
