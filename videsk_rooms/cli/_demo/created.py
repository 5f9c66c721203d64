"""The rooms that the demo creates in an account, which it always ends."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import is_hopeless, is_missing
from videsk_rooms.errors import VideskError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.sync import Videsk

_MOST_FAILURES = 3


class CreatedRooms:
    """The rooms to end, by external id; each is recorded before it is created.

    Attributes:
        maybe_open: The external ids of rooms that may be open.
        ended_count: How many rooms `end_all` ended.
    """

    def __init__(self) -> None:
        self.maybe_open: list[str] = []
        self.ended_count = 0

    @contextmanager
    def creating(self, *external_ids: str) -> Iterator[None]:
        """Record the rooms of the block; if it fails, it may have created them."""
        self.maybe_open += external_ids
        try:
            yield
        except VideskError as error:
            if len(external_ids) == 1 and not error.outcome_unknown:
                self.maybe_open.remove(external_ids[0])
            raise

    def end_all(self, videsk: Videsk) -> None:
        """End all rooms; `maybe_open` then has those that could not be ended.

        Rooms that were not found are looked up once more, because an interrupted create may still
        have been in flight.
        """
        videsk = videsk.with_options(timeout=10.0)
        missing = self._end_each(videsk, list(self.maybe_open))
        if missing:
            time.sleep(1.0)
            for external_id in self._end_each(videsk, missing):
                self.maybe_open.remove(external_id)

    def _end_each(self, videsk: Videsk, external_ids: list[str]) -> list[str]:
        """End rooms, and return the external ids without a room."""
        missing, failures = [], 0
        for external_id in external_ids:
            try:
                room = videsk.rooms.get_by_external_id(external_id)
                if not room.is_over():
                    videsk.rooms.end(room)
                    self.ended_count += 1
                self.maybe_open.remove(external_id)
            except VideskError as error:  # noqa: PERF203 - one failure must not stop the others
                if is_missing(error):
                    missing.append(external_id)
                    continue
                failures += 1
                if is_hopeless(error) or failures == _MOST_FAILURES:
                    return []
        return missing
