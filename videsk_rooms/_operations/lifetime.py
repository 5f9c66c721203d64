"""Ends a room, and opens one again that is over.

How the server responds to either is not documented. So after a refusal the room is retrieved.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from videsk_rooms._fields.times import wire_time
from videsk_rooms._wire import operations
from videsk_rooms._wire.operations import with_response
from videsk_rooms._wire.status import conflict
from videsk_rooms._wire.validation import shown_as
from videsk_rooms.errors import APIError, VideskError, plain_text, sentence

from .create import fields_of
from .server_time import server_time

if TYPE_CHECKING:
    from videsk_rooms._http.call import Sender
    from videsk_rooms._http.deadline import Deadline
    from videsk_rooms._wire.message import Request
    from videsk_rooms.models import JSONValue, Room

# How the API refuses a request's content, as opposed to its sender or its frequency. 403 is among
# them, because the status of many refusals is not documented.
_REFUSALS = frozenset({400, 403, 409, 410, 422})
_RENEWED_FOR = timedelta(hours=3)
_TAKE_ANOTHER = "The room is over, and the API does not open it again: take another external_id."


async def end(send: Sender, room: Room | str) -> Room:
    """End a room. After a refusal, check whether the room is over already."""
    deadline = send.deadline()
    try:
        return await send(*operations.end(room), deadline)
    except APIError as error:
        if error.status not in _REFUSALS:
            raise
        # Whether the API lets a room be ended twice is not documented.
        with suppress(VideskError):
            response, found = await send(*with_response(operations.get(room)), deadline)
            # A room may come without `ended`, and its end may show only in an exp that has passed.
            if found.is_over(server_time(response)):
                return found
        raise


async def renew(
    send: Sender, request: Request, room: Room, now: datetime, deadline: Deadline
) -> Room:
    """Open a room again, and return it with a token.

    Args:
        send: Sends requests.
        request: The create that asked for this room.
        room: The room.
        now: The time of the server.
        deadline: The end of the call.

    Raises:
        APIError: The API refuses it, or the room stays over.
        NotFoundError: The room is gone.
    """
    try:
        changed = await send(*operations.renew(room, _changes(request, room, now)), deadline)
    except APIError as error:
        if error.status not in _REFUSALS:
            raise
        error.args = (f"{sentence(plain_text(error))} {_TAKE_ANOTHER}", *error.args[1:])
        if error.status != 403:  # which may be about the token's rights
            error.room_state = "over"
        with suppress(VideskError):
            found = await send(*operations.get(room), deadline)
            if not found.is_over(now):
                return found  # somebody else renewed it first
        raise
    if changed.access_token and not changed.is_over(now):
        return changed
    # The response to an update may lack a token (docs/api.md, "Operations").
    response, found = await send(*with_response(operations.get(room)), deadline)
    if found.is_over(now):
        asked = shown_as(request.external_id)
        what = f"the room that has external_id={asked} is over, also after it was given another exp"
        still_over = conflict(response, what, _TAKE_ANOTHER)
        still_over.room_state = "over"
        raise still_over
    return found


def _changes(request: Request, room: Room, now: datetime) -> dict[str, JSONValue]:
    """Return the fields that open a room again: from now on, unless the caller said otherwise."""
    asked = fields_of(request)
    changes: dict[str, JSONValue] = {"exp": asked.get("exp") or wire_time(now + _RENEWED_FOR)}
    if "nbf" in asked:
        changes["nbf"] = asked["nbf"]
    elif room.nbf is not None and room.nbf > now:
        changes["nbf"] = wire_time(now)
    if room.ended is not False:
        changes["ended"] = False
    return changes
