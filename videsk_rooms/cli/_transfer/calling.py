"""The rows of a file sent: the calls that each takes, several rows at a time.

Not by `create_many`, which makes one call of each item: a row is two where its room is there, and
with `--update` one, two or three. What it spares its callers, namely that the time in line for the
rate limit counts against their deadline, is spared here by fewer rows at a time.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import videsk_rooms
from videsk_rooms.cli._output import describe_error, is_hopeless, wire
from videsk_rooms.errors import (
    ClosedError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    VideskError,
)

from .results import Outcome, Result, failed, succeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from videsk_rooms import AsyncVidesk, Room

    from .rows import Row


class Caller:
    """Sends rows.

    Args:
        videsk: The account.
        update: Whether a room that is there is brought up to date, and not left as it is.
        note: Told of each row and what became of it.

    Attributes:
        stopped_by: The error after which all others would fail alike, if there was one.
    """

    def __init__(
        self, videsk: AsyncVidesk, *, update: bool, note: Callable[[Row, Outcome], object]
    ) -> None:
        self._rooms = videsk.rooms
        self._update = update
        self._note = note
        self.stopped_by: VideskError | None = None

    async def send(self, rows: Iterable[Row], *, concurrency: int) -> None:
        """Send all rows, or up to the first that fails as all others would."""
        left = iter(rows)
        await asyncio.gather(*(self._send_on(left) for _ in range(concurrency)))

    async def _send_on(self, left: Iterator[Row]) -> None:
        while self.stopped_by is None and (row := next(left, None)) is not None:
            self._note(row, await self._outcome(row))

    async def _outcome(self, row: Row) -> Outcome:
        try:
            return succeeded(row, *await self._send(row))
        except VideskError as error:
            if is_hopeless(error):
                self.stopped_by = error
            return failed(row, in_a_file(error), error)

    async def _send(self, row: Row) -> tuple[Result, Room]:
        fields = row.fields()
        room = await self._find(row.external_id) if self._update else None
        if room is None:
            try:
                created = await self._rooms.create(external_id=row.external_id, **fields)
            except ConflictError:
                room = await self._rooms.get_by_external_id(row.external_id)
            else:
                return Result.CREATED, created
        if not self._update:
            return Result.EXISTS, room
        changes = differences(room, fields)
        if not changes:
            return Result.UNCHANGED, room
        return Result.UPDATED, await self._rooms.update(room, **changes)

    async def _find(self, external_id: str) -> Room | None:
        try:
            return await self._rooms.get_by_external_id(external_id)
        except NotFoundError:
            return None


def differences(room: Room, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the fields in which a room is not as it should be."""
    return {
        field: value
        for field, value in fields.items()
        if _comparable(getattr(room, field)) != _comparable(value)
    }


def _comparable(value: object) -> object:
    # Times to the millisecond, as the API has them (docs/api.md, "On the wire").
    return wire(value) if isinstance(value, datetime) else value


async def refusals(rows: Iterable[Row]) -> list[Outcome]:
    """Return the rows that a client would refuse, without sending any."""
    videsk = videsk_rooms.AsyncVidesk("none", base_url="http://localhost")
    await videsk.close()
    found = [await _refusal(videsk, row) for row in rows]
    return [outcome for outcome in found if outcome is not None]


async def _refusal(closed: AsyncVidesk, row: Row) -> Outcome | None:
    try:
        await closed.rooms.create(external_id=row.external_id, **row.fields())
    except InvalidRequestError as error:
        return failed(row, in_a_file(error))
    except ClosedError:
        return None
    raise AssertionError("a closed client has sent something")


def in_a_file(error: VideskError) -> str:
    """Word an error for whoever wrote the file: what the package calls arguments are columns."""
    return str(error.args[0]) if isinstance(error, InvalidRequestError) else describe_error(error)
