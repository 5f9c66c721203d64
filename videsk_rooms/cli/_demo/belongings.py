"""What the demo made in an account, and has to delete again."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from videsk_rooms.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DeadlineExceededError,
    NotFoundError,
    PermissionDeniedError,
    VideskError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from videsk_rooms.sync import Videsk

_TIMEOUT = 10.0
# A create that was cut short by Ctrl-C may still be on its way through the server.
_SECOND_LOOK_AFTER = 1.0
# After these, every further call would fail alike, and slowly.
_HOPELESS = (
    AuthenticationError,
    ConnectionFailedError,
    DeadlineExceededError,
    PermissionDeniedError,
)


class Belongings:
    """The rooms by `external_id`: noted before they are created, so that none can be lost.

    Attributes:
        deletions: How many rooms `delete_all` deleted.
    """

    deletions: int

    def __init__(self) -> None:
        self._ids: dict[str, str | None] = {}
        self.deletions = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The `external_id` of each room that is, or may be, in the account."""
        return tuple(self._ids)

    def expect(self, names: Iterable[str]) -> None:
        """Note rooms that are about to be created."""
        for name in names:
            self._ids.setdefault(name, None)

    def made(self, name: str, room_id: str) -> None:
        """Note the id of a room that was created."""
        self._ids[name] = room_id

    def doubt(self, name: str) -> None:
        """Note that there may be a second room of a name."""
        self._ids[name] = None

    def deleted(self, name: str, room_id: str) -> None:
        """Forget a room that was deleted, unless there may be another of its name."""
        if self._ids.get(name) == room_id:
            del self._ids[name]

    def delete_all(self, videsk: Videsk) -> None:
        """Delete what is left, as far as it goes; `names` then tells what could not be deleted.

        Args:
            videsk: The client.
        """
        videsk = videsk.with_options(timeout=_TIMEOUT)
        unsure = [name for name, room_id in self._ids.items() if room_id is None]
        try:
            for name, room_id in list(self._ids.items()):
                if room_id is not None:
                    with _next_one_may_go_better():
                        self._delete(videsk, room_id)
                        self.deleted(name, room_id)
            for name in unsure:
                with _next_one_may_go_better():
                    if self._look_up_and_delete(videsk, name):
                        del self._ids[name]
            unsure = [name for name in unsure if name in self._ids]
            if unsure:
                time.sleep(_SECOND_LOOK_AFTER)
            for name in unsure:
                with _next_one_may_go_better():
                    self._look_up_and_delete(videsk, name)
                    del self._ids[name]
        except _HOPELESS:
            return

    def _look_up_and_delete(self, videsk: Videsk, name: str) -> bool:
        # Twice: a server that let one external_id be given twice must not keep the second room.
        for found in (False, True):
            try:
                room = videsk.rooms.get_by_external_id(name)
            except NotFoundError:
                return found
            self._delete(videsk, room.id)
        return True

    def _delete(self, videsk: Videsk, room_id: str) -> None:
        try:
            videsk.rooms.delete(room_id)
        except NotFoundError:
            return
        self.deletions += 1


@contextmanager
def _next_one_may_go_better() -> Iterator[None]:
    try:
        yield
    except _HOPELESS:
        raise
    except VideskError:
        return
