"""A room's window, as far as it is known: when it opens, and when it is over. No I/O.

A token carries the room's window (docs/api.md, "Objects"), so it becomes worthless when the window
moves.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from .server_time import ServerClock

if TYPE_CHECKING:
    from datetime import datetime

    from videsk_rooms._wire.message import Response
    from videsk_rooms.models import Room, RoomAccess

# The person who gets a token needs time to join with it.
_NEAR = timedelta(seconds=30)
# A token gives its window in whole seconds, a room in milliseconds.
_SAME = timedelta(seconds=1)


class RoomWindow:
    """The window of a room, as responses give it, by the server's clock.

    Attributes:
        version: Counts how often it has moved.
    """

    def __init__(self) -> None:
        self.version: int = 0
        self._room: Room | None = None
        self._is_doubted = False
        self._clock = ServerClock()
        self._tokens_carry_it = False

    @property
    def is_known(self) -> bool:
        """Whether it is known and certain."""
        return self._room is not None and not self._is_doubted

    def is_open(self) -> bool:
        """Return whether the room is certainly open now."""
        room = self._room
        return room is not None and not self._is_doubted and room.is_open(self._clock.now())

    def is_nearly_over(self) -> bool:
        """Return whether even a new token would expire too soon."""
        room, now = self._room, self._clock.now()
        # A second before its tokens. Otherwise they would be replaced as they become stale.
        return room is not None and (room.is_over(now) or _is_near(room.exp, now + _SAME))

    def is_stale(self, access: RoomAccess) -> bool:
        """Return whether a token expires too soon to be handed out."""
        exp = access.exp
        if exp is None and self._room is not None:
            exp = self._room.exp
        return _is_near(exp, self._clock.now())

    def doubt(self) -> None:
        """Record that it may have moved."""
        self._is_doubted = True

    def move(self) -> None:
        """Record that it has moved, to an unknown position."""
        self.version += 1
        self._room = None

    def take(self, response: Response, room: Room, access: RoomAccess | None) -> bool:
        """Take a retrieved room and its token; return whether the room is over."""
        self._clock.set_by(response)
        self._room, self._is_doubted = attrs.evolve(room, access_token=None), False
        self._tokens_carry_it = access is not None and _carries_window_of(access, room)
        return room.is_over(self._clock.now())

    def differs_from(self, room: Room) -> bool:
        """Return whether a response gives another window; an absent field says nothing."""
        known = self._room
        return known is not None and any(
            getattr(room, field) is not None and getattr(room, field) != getattr(known, field)
            for field in ("exp", "nbf", "ended")
        )

    def is_contradicted_by(self, response: Response, access: RoomAccess) -> bool:
        """Return whether a new token carries another window.

        Only if the retrieved room's token carried that room's window, because the claims of
        tokens are not documented.
        """
        self._clock.set_by(response)
        room = self._room
        return room is not None and self._tokens_carry_it and not _carries_window_of(access, room)


def _is_near(exp: datetime | None, now: datetime) -> bool:
    return exp is not None and exp - now <= _NEAR


def _carries_window_of(access: RoomAccess, room: Room) -> bool:
    return all(
        claimed is not None and expected is not None and abs(claimed - expected) < _SAME
        for claimed, expected in ((access.exp, room.exp), (access.nbf, room.nbf))
    )
