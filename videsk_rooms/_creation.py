"""Exactly one room for each create, whatever the network does.

Every create carries an `externalId`, the same over all its attempts, and the server keeps but one
room for each (docs/api.md, "Operations": 409). So when an attempt's answer was lost, the next one
either makes the room or is told 409, and then the room is looked up: it is ours, or it was there
before.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import anyio

from . import _codec, _decode
from ._checks import wire_time
from ._decision import http_date
from ._failures import unsettled
from ._json import loads
from ._lookup import find
from .errors import ConflictError, NotFoundError, VideskError

if TYPE_CHECKING:
    from datetime import datetime

    from ._deadline import Deadline
    from ._messages import Request
    from ._retry import Send
    from .models import JSONValue, Room

# A listing may lag behind what a write was told, if it is answered by another database node.
_LOOKUP_PAUSES = (0.0, 0.25, 1.0)
_ROUNDS = 4
# The date of the answer and the time of the room may come from two machines.
_SLACK = timedelta(seconds=2)


async def create(
    send: Send, request: Request, *, name_is_ours: bool, deadline: Deadline | None = None
) -> Room:
    """Create a room, once.

    Args:
        send: Sends requests.
        request: The create.
        name_is_ours: Whether its `externalId` was generated, so that nobody else can have it.
        deadline: The end of the call; absent, this is all of it.

    Raises:
        ConflictError: Another room has this `externalId`.
        OutcomeUnknownError: The room may have been made, and that could not be found out.
    """
    deadline = deadline or send.deadline()
    began = monotonic()
    try:
        return await send(request, _decode.room, deadline)
    except ConflictError as error:
        if not (error.outcome_unknown or name_is_ours):
            raise
        conflict, took = error, monotonic() - began
    try:
        room = await _find_after_conflict(send, request.external_id or "", deadline)
        if name_is_ours or _is_what_was_asked(room, request, conflict, took):
            return await send(_codec.get(room), _decode.room, deadline)
    except VideskError as error:
        # Not found is no exception: the room is gone, or the listing lags behind, and whose it is
        # cannot be told.
        raise unsettled(request, error, conflict.attempts) from error
    conflict.outcome_unknown = False
    try:
        raise conflict
    finally:
        del conflict  # or the traceback and this frame keep each other alive


async def get_or_create(send: Send, request: Request) -> Room:
    """Return the room that has the request's `externalId`, made if there is none.

    Looked up first, because most callers of this come back for a room: a read has no outcome to
    worry about. Whoever loses the race to create it, looks again.
    """
    deadline = send.deadline()
    name = request.external_id or ""
    conflict: ConflictError | None = None
    for _ in range(_ROUNDS):
        look_up = find if conflict is None else _find_after_conflict
        try:
            room = await look_up(send, name, deadline)
            return await send(_codec.get(room), _decode.room, deadline)
        except NotFoundError:
            pass
        try:
            return await create(send, request, name_is_ours=False, deadline=deadline)
        except ConflictError as error:
            conflict = error
    assert conflict is not None  # noqa: S101 - told to the type checker
    try:
        raise conflict  # made and deleted by others, again and again
    finally:
        del conflict  # or the traceback and this frame keep each other alive


async def _find_after_conflict(send: Send, external_id: str, deadline: Deadline) -> Room:
    *earlier, last = _LOOKUP_PAUSES
    for pause in earlier:
        if pause < deadline.left():
            await anyio.sleep(pause)
            with suppress(NotFoundError):
                return await find(send, external_id, deadline)
    if last < deadline.left():
        await anyio.sleep(last)
    return await find(send, external_id, deadline)


def _is_what_was_asked(
    room: Room, request: Request, conflict: ConflictError, elapsed: float
) -> bool:
    """Tell whether a room can be the one that this create asked for.

    A room that was there before the create began is not; both times are the server's. Nor is one
    that differs in what was asked for. Of two callers that ask for the same at the same time, under
    the same name, one makes the room; if the other loses an answer, they cannot be told apart: they
    share it.
    """
    server_now = http_date(conflict.headers.get("date", ""))
    if room.created_at is not None and server_now is not None:
        began = server_now - timedelta(seconds=elapsed) - _SLACK
        if room.created_at < began:
            return False
    asked = loads(request.body or b"{}")
    assert isinstance(asked, dict)  # noqa: S101 - told to the type checker
    found = {
        "name": room.name,
        "exp": _wire_time(room.exp),
        "nbf": _wire_time(room.nbf),
        "settings": room.settings,
    }
    return all(
        found[field] is None or _says(found[field], asked[field])
        for field in found
        if field in asked
    )


def _says(found: object, asked: JSONValue) -> bool:
    """Tell whether what was found says what was asked for; the server may have added to it."""
    if isinstance(asked, dict) and isinstance(found, Mapping):
        return all(name in found and _says(found[name], value) for name, value in asked.items())
    return found == asked


def _wire_time(moment: datetime | None) -> str | None:
    return None if moment is None else wire_time(moment)
