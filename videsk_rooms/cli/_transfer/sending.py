"""Sends the rows of an import, several at the same time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from videsk_rooms.cli._output import CommandFailedError, describe_error, is_hopeless, wire
from videsk_rooms.errors import ConflictError, InvalidRequestError, NotFoundError, VideskError

from . import progress
from .journal import Outcome, Result, failed
from .rows import TIMES, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from videsk_rooms import AsyncVidesk, Room

    from .journal import EarlierRuns, Journal, ResultStream
    from .options import ImportOptions
    from .progress import Progress
    from .rows import AnyRow

_SHARE_IN_QUEUE = 1 / 3  # of the time that a call may take


class Importer:
    """Sends the rows of a file, several at the same time.

    It does not use `create_many`, which makes one call for each item. A row takes two calls if its
    room exists, and one to three with `update`.

    Args:
        options: The options of the import, including the account.
        rows: The rows.
        record: Keeps outcomes, and has those of earlier runs.

    Attributes:
        outcomes: The outcomes so far, by row number.
        done_before: How many rows earlier runs completed.
        stopped_by: The error that all other rows would share, if there was one.
    """

    def __init__(
        self, options: ImportOptions, rows: Sequence[AnyRow], record: Journal | ResultStream
    ) -> None:
        self._options = options
        self._record = record
        self._total = len(rows)
        self._remaining: list[Row] = []
        self.outcomes: dict[int, Outcome] = {}
        self.stopped_by: VideskError | None = None
        for row in rows:
            if isinstance(row, Outcome):
                self._note(row)
            elif (earlier := outcome_of(row, record.earlier, update=options.update)) is not None:
                self.outcomes[row.number] = earlier
            else:
                self._remaining.append(row)
        self.done_before = sum(outcome.is_done for outcome in self.outcomes.values())

    async def run(self) -> None:
        """Send the remaining rows, until one fails with an error that all others would share."""
        async with self._options.async_client(shared=self._options.shared) as client:
            videsk = client.with_options(priority="background")
            await self._first_call(videsk)
            if not self._remaining:
                return
            status = videsk.rate_limit_status
            limit = (status.limit or 0) / (status.per or 1)  # a client of this command has one
            with progress.shown(
                "importing",
                self._total,
                done=len(self.outcomes),
                limit=f"limit {limit:,.0f}/s",
                colours=not self._options.no_color,
                bar=not self._record.is_on_terminal,
            ) as bar:
                bar.failed = len(self.outcomes) - self.done_before
                rows = iter(self._remaining)
                # Time in the rate limit's queue counts towards each call's timeout, and more
                # concurrent rows are not faster.
                through = int(limit * self._options.timeout * _SHARE_IN_QUEUE)
                workers = range(max(1, min(self._options.concurrency, through)))
                await asyncio.gather(*(self._send_all(videsk, rows, bar) for _ in workers))

    async def _first_call(self, videsk: AsyncVidesk) -> None:
        """Make a call that shows whether the token is accepted, and what the rate limit is.

        It looks for a room of an earlier run: the first, and the last if the account could delete
        the first. If neither exists, that run used another account, such as a sandbox, and this one
        has none of its rooms.
        """
        done = [each for each in self.outcomes.values() if each.is_done]
        for known in (done[0], *done[1:][-1:]) if done else (None,):
            external_id = None if known is None else known.external_id
            page = await videsk.rooms.list(limit=1, external_id=external_id)
            # By its id, because another account may use the external id.
            if known is None or known.room in [room.id for room in page]:
                return
        raise CommandFailedError(
            f"row {done[0].row} was imported before, and this account does not have its room "
            f"{done[0].room} ({done[0].external_id!r}); if that was another account, give another "
            f"--results FILE than {self._record.name}; if its rooms were deleted, remove their "
            "rows from the file, or give another --results FILE to create them again"
        )

    async def _send_all(self, videsk: AsyncVidesk, rows: Iterator[Row], bar: Progress) -> None:
        while self.stopped_by is None and (row := next(rows, None)) is not None:
            try:
                result, room = await self._send(videsk, row)
            except VideskError as error:
                if is_hopeless(error):
                    self.stopped_by = error
                text = in_a_file(error, row)
                unknown = error.outcome_unknown
                outcome = failed(row.number, row.external_id, text, unknown=unknown)
            else:
                exp = None if room.exp is None else wire(room.exp)
                outcome = Outcome(row.number, row.external_id, result, room.id, exp, room.ended)
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


def outcome_of(row: Row, earlier: EarlierRuns, *, update: bool) -> Outcome | None:
    """Return the outcome of a row that need not be sent again.

    With `update`, all rooms are checked: somebody may have changed them since the last complete
    run, and `2h` from now is another time. So only the run to continue counts, and only rows that
    have not changed since.
    """
    checksum, outcome = earlier.get(row.external_id, ("", None))
    if outcome is None or (update and checksum != row.checksum(update=True)):
        return None
    return replace(outcome, row=row.number)


def differences(room: Room, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in which a room differs."""
    return {
        field: value
        for field, value in fields.items()
        if _comparable(getattr(room, field)) != _comparable(value)
    }


def _comparable(value: object) -> object:
    # Times to the millisecond, like the API's (docs/api.md, "On the wire").
    return wire(value) if isinstance(value, datetime) else value


def in_a_file(error: VideskError, row: Row) -> str:
    """Return an error's text for the file's author: arguments become columns."""
    if not isinstance(error, InvalidRequestError):
        return describe_error(error)
    text = str(error.args[0])
    typed = row.given.get(error.argument) if error.argument in TIMES else None
    value, _, remedy = text.partition(": ")
    return text if typed is None else f"{value} ({typed}): {remedy}"
