"""The operations of the API: a record for each, and functions that build and read. No I/O.

An operation is a record and a function. The record has the method, the path, the remedies of the
errors, and whether the request may be sent again after a lost response. The function returns a
`Call`: the request, and a function that reads the response and verifies that it belongs to the
request. The facts are in docs/api.md, "Operations".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar, get_args
from urllib.parse import quote
from uuid import uuid4

import attrs

from videsk_rooms.errors import InvalidRequestError
from videsk_rooms.models import Room, RoomAccess, RoomPage, RoomStats, StatsView

from . import decode, encode, remedies, verify
from . import validation as check
from .json import dumps
from .message import Request, Response, unexpected
from .operation import OTHER, Operation, Refusal
from .query import encoded_query, query_pairs

if TYPE_CHECKING:
    from videsk_rooms.models import JSONValue

T = TypeVar("T")

Call: TypeAlias = tuple[Request, Callable[[Response], T]]
"""A request, and a function that reads its response: the arguments of a `Sender`."""

_ROOMS = "/vpaas/rooms"
_ROOM = "/vpaas/rooms/{roomId}"


def with_response(call: Call[T]) -> Call[tuple[Response, T]]:
    """Return a call whose result also has the response."""
    request, read = call
    return request, lambda response: (response, read(response))


def operation_of(request: Request) -> Operation | None:
    """Return a request's operation, by its name or else by method and path."""
    named = (each for each in _ALL if each.name == request.operation)
    return next(named, None) or next((each for each in _ALL if each.matches(request)), None)


# -- create ---------------------------------------------------------------------------------------

CREATE = Operation(
    "rooms.create",
    "POST",
    _ROOMS,
    {
        400: remedies.about_input,
        409: "Fetch the room that has this external_id with rooms.get_by_external_id(), or choose "
        "another external_id.",
    },
    repeatable=True,  # the externalId is the same in all attempts: there is one room for it
)


def create(
    *, name: object, external_id: object, exp: object, nbf: object, settings: object
) -> Request:
    """Build the creation of a room; `None` is not sent, but every room gets an `externalId`.

    The server would generate one, too. But if the response is lost, only one that was sent can be
    looked up. `_operations/create.py` reads the response.
    """
    sent_id = str(uuid4()) if external_id is None else encode.lookup_key(external_id)
    given = {"name": name, "external_id": sent_id, "exp": exp, "nbf": nbf, "settings": settings}
    fields = encode.room_fields({word: each for word, each in given.items() if each is not None})
    return CREATE.request(body=dumps(fields), external_id=sent_id)


# -- list -----------------------------------------------------------------------------------------

LIST = Operation(
    "rooms.list",
    "GET",
    _ROOMS,
    {400: "Correct limit, skip, sort or the filters; errors says which, if the API named one."},
    repeatable=True,
)


def listing(
    *, limit: object, skip: object, sort: object, ended: object, external_id: object
) -> Call[RoomPage]:
    """Read one page of rooms."""
    pairs: list[tuple[str, str]] = []
    if limit is not None:
        pairs.append(("$limit", str(encode.page_size("limit", limit))))
    if skip is not None:
        pairs.append(("$skip", str(check.whole("skip", skip, least=0))))
    if sort is not None:
        pairs += [(f"$sort[{field}]", str(way)) for field, way in check.sort("sort", sort)]
    if ended is not None:
        pairs.append(("ended", "true" if check.flag("ended", ended) else "false"))
    if external_id is not None:
        pairs.append(("externalId", encode.lookup_key(external_id)))
    return LIST.request(query=encoded_query(pairs)), verify.page(external_id)


# -- retrieve -------------------------------------------------------------------------------------


def _nothing_to_get(refusal: Refusal) -> str:
    if refusal.has_room_id or refusal.told_state:
        return remedies.missing(over=_OVER)(refusal)
    return (
        "No room has this id, nor this external id. rooms.get_by_external_id() also finds external "
        "ids that a path cannot hold."
    )


_OVER = "The room is over, or not open yet. Create another one."
GET = Operation(
    "rooms.get",
    "GET",
    _ROOM,
    {
        400: f"Check the room id: it has 24 hexadecimal digits. {remedies.BY_EXTERNAL_ID}",
        403: remedies.forbidden(over=_OVER),
        404: _nothing_to_get,
    },
    repeatable=True,
    enters=True,
)
GET_BY_EXTERNAL_ID = attrs.evolve(GET, name="rooms.get_by_external_id")


def get(room: Room | str) -> Call[Room]:
    """Retrieve a room, with a fresh access token."""
    return GET.request(room), verify.retrieved(room)


def get_by_external_id(external_id: str) -> Request:
    """Build the retrieval of a room by an external id, encoded so that it stays one segment.

    Servers handle it differently, so `_operations/lookup.py` reads the response.
    """
    path = f"{_ROOMS}/{quote(external_id, safe='')}"
    return Request(GET_BY_EXTERNAL_ID.name, "GET", path, _ROOM, hides_path=True, repeatable=True)


# -- update ---------------------------------------------------------------------------------------


def _conflicting_change(refusal: Refusal) -> str:
    if b'"externalId"' in (refusal.request.body or b""):
        return (
            "Another room has this external_id: choose another one, or find that room with "
            "rooms.get_by_external_id()."
        )
    return remedies.STATE


UPDATE = Operation(
    "rooms.update",
    "PATCH",
    _ROOM,
    {400: remedies.about_input, 409: _conflicting_change},
    repeatable=True,  # it sets fields to given values
)


def update(room: Room | str, **given: object) -> Call[Room]:
    """Change a room; an ellipsis is not sent."""
    request = UPDATE.request(room)
    changes = {name: value for name, value in given.items() if value is not ...}
    if not changes:
        shown = check.shown_as(room) if isinstance(room, str) else "room"
        text = f"update({shown}) was given nothing to change"
        remedy = f"give at least one of {', '.join(given)}"
        raise InvalidRequestError(f"{text}; {remedy}", argument=next(iter(given)))
    request.body = dumps(encode.room_fields(changes))
    return request, verify.updated(room, given.get("external_id"))


def renew(room: Room, fields: dict[str, JSONValue]) -> Call[Room]:
    """Open a room again."""
    return UPDATE.request(room, body=dumps(fields)), verify.retrieved(room)


# -- end ------------------------------------------------------------------------------------------

_ENDED_ALREADY = remedies.about_room(
    "The room may be over already: rooms.get() shows its ended and exp."
)
END = Operation(
    "rooms.end",
    "PATCH",
    _ROOM,
    {400: _ENDED_ALREADY, 409: _ENDED_ALREADY},
    repeatable=True,  # if the second attempt is refused, `end` retrieves the room
)


def end(room: Room | str) -> Call[Room]:
    """End a room with an update. A response that says that the room goes on is an error."""
    retrieved = verify.retrieved(room)

    def read(response: Response) -> Room:
        ended = retrieved(response)
        if ended.ended is False:
            raise unexpected(response, "says that the room has not ended", path="ended")
        return ended

    return END.request(room, body=dumps({"ended": True})), read


# -- delete ---------------------------------------------------------------------------------------

_END_INSTEAD = (
    "The API deletes no rooms. Rooms are ended instead: call rooms.end(), and nobody can join any "
    "more."
)
DELETE = Operation(
    "rooms.delete",
    "DELETE",
    _ROOM,
    {
        400: _END_INSTEAD,
        403: remedies.forbidden(
            _END_INSTEAD,
            over=_END_INSTEAD,
            rights=f"{_END_INSTEAD} If that is refused too: {remedies.RIGHTS}",
        ),
        405: _END_INSTEAD,
        409: _END_INSTEAD,
        410: "The room is no longer there, so nothing is left to do.",
    },
    repeatable=True,
)


def delete(room: Room | str) -> Call[None]:
    """Delete a room."""
    return DELETE.request(room), decode.nothing


# -- join -----------------------------------------------------------------------------------------

JOIN = Operation(
    "rooms.join",
    "POST",
    f"{_ROOM}/join",
    {
        400: remedies.cannot_join,
        403: remedies.forbidden(
            remedies.may_not_join,
            over=remedies.cannot_join,
            rights=remedies.lacks_right_to_join,
        ),
        404: remedies.missing(over=remedies.cannot_join),
        409: remedies.cannot_join,
        410: lambda refusal: (
            remedies.closed_window(refusal) or "The room is over. Create another one."
        ),
        OTHER: remedies.cannot_join,
    },
    repeatable=True,  # another token is issued, and nobody uses the lost one
    enters=True,
)


def join(room: Room | str) -> Call[RoomAccess]:
    """Get an access token, and check that it does not belong to another call's room."""

    def read(response: Response) -> RoomAccess:
        # The token of a join may come with more fields. With an id and an externalId it is a room.
        if decode.has_fields(response, "id", "externalId"):
            verify.retrieved(room)(response)
        return decode.access(response)

    return JOIN.request(room), read


# -- stats ----------------------------------------------------------------------------------------

STATS = Operation(
    "rooms.stats",
    "GET",
    f"{_ROOM}/stats",
    {
        400: remedies.about_room("Ask for another view: the API may not have this one."),
        404: remedies.about_room(
            "These statistics may not be there yet: a summary is there once the session is "
            "compiled. Try again later, or ask for view='snapshot', which is computed live. "
            "rooms.get() shows whether the room is there."
        ),
        409: remedies.STATE,
        410: "The room, or its statistics, are no longer there.",
    },
    repeatable=True,
)


def stats(room: Room | str, *, view: StatsView) -> Call[RoomStats]:
    """Read statistics; a response with a token belongs to another call."""
    request = STATS.request(room)
    request.query = encoded_query([("view", check.one_of("view", view, get_args(StatsView)))])

    def read(response: Response) -> RoomStats:
        read_stats = decode.stats(response, view)
        if "accessToken" in read_stats.data:
            del read_stats
            raise verify.foreign(response)
        return read_stats

    return request, read


# -- anything else --------------------------------------------------------------------------------


# By HTTP, sending one of these twice has the same effect as once.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


def any_request(method: object, path: object, *, query: object, json: object) -> Call[Response]:
    """Send a request to any path of the API, and return the response unchanged."""
    checked_method, checked_path = check.method("method", method), check.path("path", path)
    request = Request(
        "request",
        checked_method,
        checked_path,
        query=encoded_query(query_pairs("query", query)),
        body=None if json is None else dumps(check.json_value("json", json)),
        repeatable=checked_method in _IDEMPOTENT,
    )
    return request, decode.whole


_ALL = [each for each in list(globals().values()) if isinstance(each, Operation)]
