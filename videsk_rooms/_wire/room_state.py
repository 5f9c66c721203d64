"""Reads from a refusal whether its room was over, or not open yet. No I/O.

Which status refuses a join then is not documented (docs/api.md, "Operations"). So the API's words
decide, then the caller's own `Room`, then a status of 410.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import operations

if TYPE_CHECKING:
    from videsk_rooms.errors import RoomState

    from .operation import Operation, Refusal

# Those of the statuses below 500 that refuse what is asked for, and not who asks, or how often.
_REFUSALS = frozenset({400, 403, 404, 409, 410, 422})
# These send no times of a room, so that an answer which speaks of one speaks of the room's own.
# So does a 403, which refuses no input.
_ENTERING = (operations.JOIN, operations.GET, operations.GET_BY_EXTERNAL_ID)


def room_state(operation: Operation | None, refusal: Refusal) -> RoomState | None:
    """Return the state that a room was refused for; `None` for another reason, or an unknown one.

    Args:
        operation: The operation that was refused, if it is one of the API's.
        refusal: The refusal.
    """
    status = refusal.response.status
    if refusal.room_id is None or status not in _REFUSALS:
        return None
    if status == 403 and refusal.is_about_token:
        return None
    found: RoomState | None = "over" if status == 410 else None
    if operation in _ENTERING:
        return refusal.told_state or _by_own_room(refusal) or found
    return refusal.told_state or found if status == 403 else found


def _by_own_room(refusal: Refusal) -> RoomState | None:
    room = refusal.request.room
    if room is None or refusal.response.status == 404:
        return None
    if room.is_over(refusal.server_time):
        return "over"
    return "not open yet" if refusal.is_early else None
