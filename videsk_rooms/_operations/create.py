"""Creates exactly one room for each create, whatever the network does.

Every create carries an `externalId`, the same in all its attempts, and the server keeps only one
room for each (docs/api.md, "Operations": 409). After a lost response, the next attempt either
creates the room or gets a 409. Then the room is retrieved and compared. Either it is this call's,
or it existed before (`ConflictError`), or that is unknown (`OutcomeUnknownError`). A 409 at the
first attempt is an immediate `ConflictError` if the caller chose the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import anyio

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._http.failures import how_to_resolve, unresolved_create_error
from videsk_rooms._wire import verify
from videsk_rooms._wire.headers import http_date
from videsk_rooms._wire.json import loads
from videsk_rooms.errors import ConflictError, NotFoundError, OutcomeUnknownError, VideskError

from .lookup import retrieve

if TYPE_CHECKING:
    from videsk_rooms._http.call import Sender
    from videsk_rooms._http.deadline import Deadline
    from videsk_rooms._wire.message import Request, Response
    from videsk_rooms.models import JSONValue, Room

    from .lookup import PathSupport

# A read may lag behind a write, if another database node answers it.
_LOOKUP_PAUSES = (0.0, 0.25, 1.0)
# The date of the response and the time of the room may come from two machines. A room that is older
# than the create by no more than the first is ours if it matches the request; one that is older by
# more than the second is certainly not.
_LIKELY_SLACK, _POSSIBLE_SLACK = timedelta(seconds=2), timedelta(minutes=5)


async def create(
    send: Sender,
    request: Request,
    paths: PathSupport,
    deadline: Deadline,
    *,
    external_id_generated: bool,
) -> Room:
    """Create a room, once.

    Args:
        send: Sends requests.
        request: The create.
        paths: What is known of retrieving by external id.
        deadline: The end of the call.
        external_id_generated: Whether its `externalId` was generated, so that nobody else has it.

    Raises:
        ConflictError: Another room has this `externalId`.
        OutcomeUnknownError: The room may have been created, and that could not be found out.
    """
    external_id = request.external_id or ""
    began = monotonic()
    try:
        return await send(request, verify.created(external_id), deadline)
    except ConflictError as conflict:
        if not (conflict.outcome_unknown or external_id_generated):
            raise
        elapsed = monotonic() - began
        try:
            _, room = await find_after_conflict(send, external_id, paths, deadline)
        except VideskError as error:
            # NotFoundError, too: the room is gone, or the listing lags behind. Whose was it?
            raise unresolved_create_error(request, error, conflict.attempts) from error
        whose = "ours" if external_id_generated else _whose(room, request, conflict, elapsed)
        if whose == "ours":
            return room
        if whose == "unknown":
            raise _undecided(request, conflict) from conflict
        conflict.outcome_unknown = False
        raise


async def find_after_conflict(
    send: Sender, external_id: str, paths: PathSupport, deadline: Deadline
) -> tuple[Response, Room]:
    """Retrieve a room that is there, as a conflict says, although a read may lag behind."""
    *earlier, last = _LOOKUP_PAUSES
    for pause in earlier:
        if pause < deadline.remaining():
            await anyio.sleep(pause)
            with suppress(NotFoundError):
                return await retrieve(send, external_id, paths, deadline)
    if last < deadline.remaining():
        await anyio.sleep(last)
    return await retrieve(send, external_id, paths, deadline, surely_there=True)


def _whose(
    room: Room, request: Request, conflict: ConflictError, elapsed: float
) -> Literal["ours", "another_call", "unknown"]:
    """Judge whether a room is the one that this create asked for.

    A room that was there before the create began is another call's; both times are the server's. A
    room that differs from the request may be ours: the server may have trimmed, rounded, bounded or
    dropped what it was sent. Two callers may ask for the same at the same time under the same
    external id. One makes the room; if the other loses a response, both get it, because nothing
    tells their requests apart.
    """
    server_now = http_date(conflict.headers.get("date", ""))
    if room.created_at is not None and server_now is not None:
        older_by = server_now - timedelta(seconds=elapsed) - room.created_at
        if older_by > _POSSIBLE_SLACK:
            return "another_call"
        if older_by > _LIKELY_SLACK:
            return "unknown"
    return "ours" if _matches_request(room, request) else "unknown"


def _undecided(request: Request, conflict: ConflictError) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"{request.method} {request.path}: a response was lost, and a room with this external_id "
        "exists now: it is unknown whether this call or another one made it. "
        f"{how_to_resolve(request)}",
        attempts=conflict.attempts,
        external_id=request.external_id,
    )


def _matches_request(room: Room, request: Request) -> bool:
    """Return whether a room has all that a create asked for, as far as the room shows it."""
    found = room.to_dict()
    return all(
        found.get(field) is None or _contains(found[field], asked)
        for field, asked in fields_of(request).items()
        if field != "externalId"  # by which it was found, and which the server may have normalised
    )


def _contains(found: object, asked: JSONValue) -> bool:
    """Return whether what was found says what was asked for; the server may have added to it."""
    if isinstance(asked, dict) and isinstance(found, Mapping):
        return all(name in found and _contains(found[name], value) for name, value in asked.items())
    return found == asked


def fields_of(request: Request) -> dict[str, JSONValue]:
    """Return the fields that a create asks for, as the API names them."""
    asked = loads(request.body or b"{}")
    assert isinstance(asked, dict)  # noqa: S101 - for the type checker
    return asked
