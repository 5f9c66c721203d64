"""`videsk-rooms rooms import`: what it does."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import (
    CommandFailedError,
    ExitCode,
    complain,
    describe_error,
    write_json,
    wrong_usage,
)
from videsk_rooms.cli._signals import handled, leave, run_until_stopped

from . import columns, journal, progress
from . import table as tables
from .calling import Caller, refusals
from .formats import Format, format_of
from .results import refused
from .rows import BadRow, Row, rows_of
from .streams import STANDARD, read_text
from .summary import Summary, counted, show, tell_failures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videsk_rooms import AsyncVidesk, Response
    from videsk_rooms.cli._account import CommandContext
    from videsk_rooms.errors import VideskError
    from videsk_rooms.models import JSONValue

    from .journal import Record
    from .progress import Progress
    from .results import Outcome
    from .rows import AnyRow

_USUAL_LIMIT = 20  # docs/api.md, "Access"
_SHARE_IN_LINE = 1 / 3  # of the time that a call may take

_GO_ON = "The same command goes on with the rest."


@dataclass(frozen=True)
class Options:
    """The options of an import.

    Attributes:
        file: Where the rows are.
        form: How they are written; `None`: the suffix tells.
        update: Whether rooms that are there are brought up to date.
        results: Where the outcomes go; `None`: beside the file.
        concurrency: How many rows at a time.
        shared: Where the rate limit is shared with others.
    """

    file: str
    form: Format | None
    update: bool
    results: str | None
    concurrency: int
    shared: str | None


def check(asked: CommandContext, file: str, form: Format | None) -> ExitCode:
    """Look for what is wrong with a file, and send nothing."""
    rows = _read(file, format_of(file, form))
    bad = [refused(row) for row in rows if isinstance(row, BadRow)]
    bad += asyncio.run(refusals(row for row in rows if isinstance(row, Row)))
    bad.sort(key=lambda outcome: outcome.row)
    tell_failures(bad)
    if asked.as_json:
        write_json({"rows": len(rows), "failed": len(bad)})
    else:
        would = f"{len(bad):,} of them would fail" if bad else "none would be refused here"
        asked.output().line(f"{counted(len(rows), 'row')}, {would}; nothing was sent")
    return ExitCode.FAILED if bad else ExitCode.DONE


def run(asked: CommandContext, options: Options) -> ExitCode:
    """Import a file.

    Raises:
        CommandFailedError: The file cannot be imported as it is, or the outcomes not be kept.
        VideskError: The account cannot be asked.
    """
    form = format_of(options.file, options.form)
    if asked.as_json and (options.results or options.file) == STANDARD:
        raise wrong_usage("standard output has the results; give --results FILE to have --json")
    rows = _read(options.file, form)
    # SIGTERM by way of the `finally` blocks too: the bar hides the terminal's cursor.
    with (
        journal.recorded(options.file, options.results, form) as (kept, results),
        handled(leave, signal.SIGTERM),
    ):
        work = _Work(asked, options, rows, kept, results)
        began = time.monotonic()
        try:
            run_until_stopped(work.do())
        except (KeyboardInterrupt, SystemExit):
            complain(f"stopped after {len(work.outcomes):,} of {len(rows):,} rows. {_GO_ON}")
            raise
        outcomes = [work.outcomes[row.number] for row in rows if row.number in work.outcomes]
        seconds, is_whole = time.monotonic() - began, work.stopped_by is None
        if is_whole:
            kept.finish(outcomes)
        summary = Summary(len(rows), outcomes, work.done_before, seconds, results, is_whole)
        show(asked, summary)
        if work.stopped_by is not None:
            complain(
                f"stopped, as the rest would fail alike: {describe_error(work.stopped_by)} {_GO_ON}"
            )
        return summary.exit_code


def _read(file: str, form: Format) -> list[AnyRow]:
    table = tables.read(read_text(file), form, is_known=columns.is_known)
    return rows_of(table, "" if file == STANDARD else Path(file).name)


async def _listed(videsk: AsyncVidesk, external_id: str | None) -> Response:
    query = {"$limit": 1, "externalId": external_id}
    return await videsk.request("GET", "/vpaas/rooms", query=query)


def _has_room(page: JSONValue, room: str | None) -> bool:
    """Return whether a page has a room, by its id: external ids may be another account's."""
    rooms = page.get("data") if isinstance(page, dict) else None
    if not isinstance(rooms, list):
        return False
    ids = [each.get("id") for each in rooms if isinstance(each, dict)]
    return room in ids if room else bool(ids)


class _Work:
    """The rows, and what has become of them so far."""

    def __init__(
        self,
        asked: CommandContext,
        options: Options,
        rows: Sequence[AnyRow],
        kept: Record,
        results: str,
    ) -> None:
        self._asked = asked
        self._options = options
        self._kept = kept
        self._results = results
        self._total = len(rows)
        self._left: list[Row] = []
        self.outcomes: dict[int, Outcome] = {}
        self.stopped_by: VideskError | None = None
        self._set_aside(rows)
        self.done_before = sum(outcome.is_done for outcome in self.outcomes.values())

    def _set_aside(self, rows: Sequence[AnyRow]) -> None:
        """Part the rows that are left from those that are done, and from those that cannot be."""
        earlier = self._kept.earlier()
        for row in rows:
            if isinstance(row, BadRow):
                self._note(refused(row))
                continue
            outcome = earlier.outcome_of(row, update=self._options.update)
            if outcome is None:
                self._left.append(row)
            else:
                self.outcomes[row.number] = outcome

    async def do(self) -> None:
        """Send the rows that are left."""
        async with self._asked.async_client(shared=self._options.shared) as videsk:
            answer = await self._look(videsk)
            if not self._left:
                return
            limit = progress.limit_in(answer.headers)
            with progress.shown(
                "importing",
                self._total,
                done=len(self.outcomes),
                limit="limit not told" if limit is None else f"limit {limit:,}/s",
                colours=not self._asked.no_color,
                bar=not self._kept.is_shown,
            ) as bar:
                bar.failed = sum(not outcome.is_done for outcome in self.outcomes.values())
                caller = Caller(
                    videsk, update=self._options.update, note=partial(self._note_sent, bar)
                )
                await caller.send(self._left, concurrency=self._at_a_time(limit))
        self.stopped_by = caller.stopped_by

    def _at_a_time(self, limit: int | None) -> int:
        """Choose how many rows at a time: no more than get through the line long before a deadline.

        The time in line counts for each call, and more of them at a time do not make it faster.
        """
        through = int((limit or _USUAL_LIMIT) * self._asked.timeout * _SHARE_IN_LINE)
        return max(1, min(self._options.concurrency, through))

    async def _look(self, videsk: AsyncVidesk) -> Response:
        """Make the first call: it shows whether the token is let in, and tells the limit.

        It asks for a room that an earlier run has made; the first, and the last where that is gone,
        as it may be where the account may delete rooms. If neither is there, that run was on
        another account, such as a sandbox, and what it has done is nothing that this one may pass
        over.
        """
        done = [each for each in self.outcomes.values() if each.is_done]
        if not done:
            return await _listed(videsk, None)
        for known in (done[0], *done[1:][-1:]):
            answer = await _listed(videsk, known.external_id)
            if _has_room(answer.json(), known.room):
                return answer
        raise CommandFailedError(
            f"row {done[0].row} was imported before, and this account does not have its room "
            f"{done[0].room} ({done[0].external_id!r}); if that was another account, give another "
            f"--results FILE than {self._results}; if its rooms were deleted, take their rows out "
            "of the file, or give another --results FILE to have them made again"
        )

    def _note_sent(self, bar: Progress, row: Row, outcome: Outcome) -> None:
        self._note(outcome, row.checksum(update=self._options.update))
        bar.advance(failed=not outcome.is_done)

    def _note(self, outcome: Outcome, checksum: str = "") -> None:
        self.outcomes[outcome.row] = outcome
        self._kept.note(outcome, checksum)
