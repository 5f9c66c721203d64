"""Creates exactly one room for each create, whatever the network does; ends and renews rooms.

Every create carries an `externalId`, the same in all its attempts, and the server keeps but one
room for each (docs/api.md, "Operations": 409). After a lost answer, the next attempt either
creates the room or gets a 409. Then the room is retrieved, and compared: it is this call's, or it
was there before (`ConflictError`), or that is unknown (`OutcomeUnknownError`). A 409 at the first
attempt is a `ConflictError` at once, if the caller chose the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import anyio

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._fields.times import wire_time
from videsk_rooms._http.failures import how_to_resolve, unresolved_create_error
from videsk_rooms._wire import operations, verify
from videsk_rooms._wire.headers import http_date
from videsk_rooms._wire.json import loads
from videsk_rooms._wire.operations import with_response
from videsk_rooms._wire.status import conflict as conflict_of
from videsk_rooms._wire.validation import shown_as
from videsk_rooms.errors import (
    APIError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    VideskError,
    plain_text,
    sentence,
)

from .lookup import retrieve
from .server_time import server_time

if TYPE_CHECKING:
    from videsk_rooms._http.call import Sender
    from videsk_rooms._http.deadline import Deadline
    from videsk_rooms._wire.message import Request, Response
    from videsk_rooms.models import JSONValue, Room

    from .account import AccountState
    from .leaders import Leader
    from .lookup import PathSupport

# A read may lag behind a write, if another database node answers it.
_LOOKUP_PAUSES = (0.0, 0.25, 1.0)
_ROUNDS = 4
# The date of the answer and the time of the room may come from two machines. A room that is older
# than the create by no more than the first is ours if it matches the request; one that is older by
# more than the second is certainly not.
_LIKELY_SLACK, _POSSIBLE_SLACK = timedelta(seconds=2), timedelta(minutes=5)
# How the API refuses what a request asks for, as against who asks for it, or how often. 403 is
# among them, because the status of many refusals is not documented.
_REFUSALS = frozenset({400, 403, 409, 410, 422})
_RENEWED_FOR = timedelta(hours=3)
_TAKE_ANOTHER = "The room is over, and the API does not open it again: take another external_id."


async def create(
    send: Sender,
    request: Request,
    paths: PathSupport,
    *,
    external_id_generated: bool,
    deadline: Deadline | None = None,
) -> Room:
    """Create a room, once.

    Args:
        send: Sends requests.
        request: The create.
        paths: What is known of retrieving by external id.
        external_id_generated: Whether nobody else can have its `externalId`.
        deadline: The end of the call; absent, this is all of it.

    Raises:
        ConflictError: Another room has this `externalId`.
        OutcomeUnknownError: The room may have been made, and that could not be found out.
    """
    deadline = deadline or send.deadline()
    external_id = request.external_id or ""
    began = monotonic()
    try:
        return await send(request, verify.created(external_id), deadline)
    except ConflictError as error:
        if not (error.outcome_unknown or external_id_generated):
            raise
        conflict, took = error, monotonic() - began
    try:
        _, room = await _find_after_conflict(send, external_id, paths, deadline)
    except VideskError as error:
        # NotFoundError too: the room is gone, or the listing lags behind. Whose it was is unknown.
        raise unresolved_create_error(request, error, conflict.attempts) from error
    whose = "ours" if external_id_generated else _whose(room, request, conflict, took)
    if whose == "ours":
        return room
    try:
        if whose == "unknown":
            raise _undecided(request, conflict) from conflict
        conflict.outcome_unknown = False
        raise conflict
    finally:
        del conflict  # or the traceback and this frame keep each other alive


async def get_or_create(
    send: Sender, request: Request, account: AccountState, *, renew: bool
) -> Room:
    """Return the room that has the request's `externalId`, made if there is none.

    Of concurrent calls for the same room one does it; the others get the room by its id. What they
    ask for beside the id counts for the creation only, so that it may differ.
    """
    deadline = send.deadline()
    leaders, key = account.leaders, (request.external_id, renew, send.is_in_background)
    while (leader := leaders.find(key)) is not None:
        room = await _follow(send, request, leader, deadline, renew=renew)
        if room is not None:
            return room
        if not leader.gave_up:
            return await _look_up_or_create(send, request, account.paths, deadline, renew=renew)
    with leaders.lead(key) as leading:
        room = await _look_up_or_create(send, request, account.paths, deadline, renew=renew)
        leading.room_id = room.id
        return room


async def _follow(
    send: Sender, request: Request, leader: Leader, deadline: Deadline, *, renew: bool
) -> Room | None:
    """Wait for a leader, and retrieve the room that it found, with a token of our own.

    Returns:
        The room; `None` if there is none to follow it to.

    Raises:
        DeadlineExceededError: The time was up before the leader had ended.
    """
    began = monotonic()
    if not await leader.ended(deadline.remaining_for_queueing()):
        when = "while another call looked up or created the same room"
        raise send.out_of_time(request, deadline, when)
    deadline.add_queue_time(monotonic() - began)
    if leader.room_id is None:
        return None
    with suppress(NotFoundError):  # deleted since, or this is a database node that lags behind
        call = with_response(operations.get(leader.room_id))
        response, room = await send(*call, deadline)
        asked = request.external_id or ""
        if room.external_id is None or verify.same(room.external_id, asked):
            return await _as_asked(send, request, response, room, deadline, renew=renew)
    return None


async def _look_up_or_create(
    send: Sender, request: Request, paths: PathSupport, deadline: Deadline, *, renew: bool
) -> Room:
    """Look a room up, and create it if there is none.

    Looked up first, because most callers of this come back for a room: a read has no outcome to
    worry about. Whoever loses the race to create it, looks again.
    """
    external_id = request.external_id or ""
    conflict: ConflictError | None = None
    for _ in range(_ROUNDS):
        look_up = retrieve if conflict is None else _find_after_conflict
        try:
            response, room = await look_up(send, external_id, paths, deadline)
            return await _as_asked(send, request, response, room, deadline, renew=renew)
        except NotFoundError:
            pass
        try:
            return await create(
                send, request, paths, external_id_generated=False, deadline=deadline
            )
        except ConflictError as error:
            conflict = error
    assert conflict is not None  # noqa: S101 - for the type checker
    try:
        raise conflict  # made and deleted by others, again and again
    finally:
        del conflict  # or the traceback and this frame keep each other alive


async def end(send: Sender, room: Room | str) -> Room:
    """End a room. A refusal is looked into: the room may be over already."""
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


# -- whose room is it? ----------------------------------------------------------------------------


async def _find_after_conflict(
    send: Sender, external_id: str, paths: PathSupport, deadline: Deadline
) -> tuple[Response, Room]:
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
    external id. One makes the room; if the other loses an answer, both get it, because nothing
    tells their requests apart.
    """
    server_now = http_date(conflict.headers.get("date", ""))
    if room.created_at is not None and server_now is not None:
        older_by = server_now - timedelta(seconds=elapsed) - room.created_at
        if older_by > _POSSIBLE_SLACK:
            return "another_call"
        if older_by > _LIKELY_SLACK:
            return "unknown"
    return "ours" if matches_request(room, request) else "unknown"


def _undecided(request: Request, conflict: ConflictError) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"{request.method} {request.path}: an answer was lost, and a room with this external_id is "
        "there now: it is unknown whether this call or another one made it. "
        f"{how_to_resolve(request)}",
        attempts=conflict.attempts,
        external_id=request.external_id,
    )


def matches_request(room: Room, request: Request) -> bool:
    """Return whether a room has all that a create asked for, as far as the room shows it."""
    asked = _fields(request)
    found = {
        "name": room.name,
        "exp": _wire_time(room.exp),
        "nbf": _wire_time(room.nbf),
        "settings": room.settings,
    }
    return all(
        found[field] is None or _contains(found[field], asked[field])
        for field in found
        if field in asked
    )


def _contains(found: object, asked: JSONValue) -> bool:
    """Return whether what was found says what was asked for; the server may have added to it."""
    if isinstance(asked, dict) and isinstance(found, Mapping):
        return all(name in found and _contains(found[name], value) for name, value in asked.items())
    return found == asked


# -- a room that is over --------------------------------------------------------------------------


async def _as_asked(
    send: Sender,
    request: Request,
    response: Response,
    room: Room,
    deadline: Deadline,
    *,
    renew: bool,
) -> Room:
    """Return a room that was there, renewed if it is over and that was asked for."""
    now = server_time(response)
    if renew and room.is_over(now):
        return await _renew(send, request, room, now, deadline)
    return room


async def _renew(
    send: Sender, request: Request, room: Room, now: datetime, deadline: Deadline
) -> Room:
    """Open a room again, and return it with a token.

    Raises:
        APIError: The API refuses it, or leaves the room over.
        NotFoundError: The room is gone.
    """
    try:
        changed = await send(*operations.renew(room, _renewed(request, room, now)), deadline)
    except APIError as error:
        if error.status not in _REFUSALS:
            raise
        error.args = (f"{sentence(plain_text(error))} {_TAKE_ANOTHER}", *error.args[1:])
        if error.status != 403:  # which may be about the token's rights
            error.room_state = "over"
        with suppress(VideskError):
            found = await send(*operations.get(room), deadline)
            if not found.is_over(now):
                return found  # somebody else was quicker
        raise
    if changed.access_token and not changed.is_over(now):
        return changed
    # An update may be answered without a token (docs/api.md, "Operations").
    response, found = await send(*with_response(operations.get(room)), deadline)
    if found.is_over(now):
        raise _still_over(response, request)
    return found


def _renewed(request: Request, room: Room, now: datetime) -> dict[str, JSONValue]:
    """Return the fields that open a room again: from now on, unless the caller said otherwise."""
    asked = _fields(request)
    fields: dict[str, JSONValue] = {"exp": asked.get("exp") or wire_time(now + _RENEWED_FOR)}
    if "nbf" in asked:
        fields["nbf"] = asked["nbf"]
    elif room.nbf is not None and room.nbf > now:
        fields["nbf"] = wire_time(now)
    if room.ended is not False:
        fields["ended"] = False
    return fields


def _still_over(response: Response, request: Request) -> ConflictError:
    message = (
        f"the room that has external_id={shown_as(request.external_id)} is over, also after it was "
        "given another exp"
    )
    error = conflict_of(response, message, _TAKE_ANOTHER)
    error.room_state = "over"
    return error


# -- fields and times -----------------------------------------------------------------------------


def _fields(request: Request) -> dict[str, JSONValue]:
    asked = loads(request.body or b"{}")
    assert isinstance(asked, dict)  # noqa: S101 - for the type checker
    return asked


def _wire_time(moment: datetime | None) -> str | None:
    return None if moment is None else wire_time(moment)
