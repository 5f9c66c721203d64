"""Rooms that the demo made in an account and ends again: no room can be deleted."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import is_hopeless
from videsk_rooms.errors import APIError, ConnectionFailedError, NotFoundError, VideskError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.sync import Videsk

_TIMEOUT = 10.0
# A create that was cut short by Ctrl-C may still be on its way through the server.
_SECOND_LOOK_AFTER = 1.0
# After so many failures, and after a single one that is hopeless, no other room is tried.
_MOST_FAILURES = 3


class CreatedRooms:
    """The rooms by `external_id`: noted before they are created, so that none can be lost.

    Attributes:
        endings: How many rooms `end_all` ended.
    """

    endings: int

    def __init__(self) -> None:
        self._ids: dict[str, str | None] = {}
        self._failures = 0
        self.endings = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The `external_id` of each room that is, or may be, open in the account."""
        return tuple(self._ids)

    @contextmanager
    def creating(self, *names: str) -> Iterator[None]:
        """Note rooms that the block creates; also those that it may have created when it fails."""
        for name in names:
            self._ids.setdefault(name, None)
        try:
            yield
        except VideskError as error:
            if len(names) == 1 and _surely_not_created(error):
                del self._ids[names[0]]
            raise

    def made(self, name: str, room_id: str) -> None:
        """Note the id of a room that was created."""
        self._ids[name] = room_id

    def doubt(self, name: str) -> None:
        """Note that there may be a second room of a name."""
        self._ids[name] = None

    def ended(self, name: str, room_id: str) -> None:
        """Forget a room that was ended, unless there may be another of its name."""
        if self._ids.get(name) == room_id:
            del self._ids[name]

    def end_all(self, videsk: Videsk) -> None:
        """End what is left, as far as it goes; `names` then tells what could not be ended.

        Args:
            videsk: The client.
        """
        videsk = videsk.with_options(timeout=_TIMEOUT)
        try:
            self._end_the_known(videsk)
            self._look_up_the_rest(videsk, to_be_sure=False)
            if self._unsure():
                time.sleep(_SECOND_LOOK_AFTER)
            self._look_up_the_rest(videsk, to_be_sure=True)
        except VideskError:
            return

    def _unsure(self) -> list[str]:
        return [name for name, room_id in self._ids.items() if room_id is None]

    def _end_the_known(self, videsk: Videsk) -> None:
        for name, room_id in list(self._ids.items()):
            if room_id is not None:
                with self._going_on():
                    self._end(videsk, room_id)
                    del self._ids[name]

    def _look_up_the_rest(self, videsk: Videsk, *, to_be_sure: bool) -> None:
        for name in self._unsure():
            with self._going_on():
                if self._look_up_and_end(videsk, name) or to_be_sure:
                    del self._ids[name]

    def _look_up_and_end(self, videsk: Videsk, name: str) -> bool:
        # All of that name: a server that let one external_id be given twice must not keep a second
        # room open. And none of another name, should it have passed over the filter.
        found = [room for room in videsk.rooms.list(external_id=name) if room.external_id == name]
        for room in found:
            if not room.is_over():
                self._end(videsk, room.id)
        return bool(found)

    def _end(self, videsk: Videsk, room_id: str) -> None:
        try:
            videsk.rooms.end(room_id)
        except NotFoundError:
            return
        self.endings += 1

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """Go on with the other rooms when one fails."""
        try:
            yield
        except VideskError as error:
            self._failures += 1
            if is_hopeless(error) or self._failures >= _MOST_FAILURES:
                raise


def _surely_not_created(error: VideskError) -> bool:
    if isinstance(error, APIError):
        statuses = [attempt.status for attempt in error.attempts]
        return all(status is not None and status < 500 for status in statuses)
    return isinstance(error, ConnectionFailedError)
