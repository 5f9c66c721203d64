"""Arguments to `Request`, one function an operation. No I/O.

The answers are read in `_wire/decode.py`.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, get_args
from urllib.parse import quote, urlencode
from uuid import uuid4

from videsk_rooms._fields.times import wire_time
from videsk_rooms.errors import InvalidRequestError
from videsk_rooms.models import Room, StatsView

from . import validation as check
from .json import dumps
from .message import Request

if TYPE_CHECKING:
    from videsk_rooms.models import JSONValue

_ROOMS = "/vpaas/rooms"
_ROOM = "/vpaas/rooms/{roomId}"
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_VIEWS: tuple[StatsView, ...] = get_args(StatsView)


def create(
    *, name: object, external_id: object, exp: object, nbf: object, settings: object
) -> Request:
    """Ask for a new room; `None` is not sent, but for the `externalId`, which every room gets.

    The server would generate one too, but only one that is sent along can be looked up when the
    answer is lost.
    """
    named = str(uuid4()) if external_id is None else lookup_key(external_id)
    given = {"name": name, "external_id": named, "exp": exp, "nbf": nbf, "settings": settings}
    fields = _fields({word: value for word, value in given.items() if value is not None})
    return Request("rooms.create", "POST", _ROOMS, _ROOMS, body=dumps(fields), external_id=named)


def get(room: object) -> Request:
    """Ask for a room."""
    return _about("rooms.get", "GET", room)


def get_by_external_id(external_id: str) -> Request:
    """Build the retrieval of a room by an external id, encoded so that it stays one segment."""
    path = f"{_ROOMS}/{quote(external_id, safe='')}"
    return Request("rooms.get_by_external_id", "GET", path, _ROOM, hides_path=True)


def update(room: object, **words: object) -> Request:
    """Build the change of a room; an ellipsis is not sent."""
    path = f"{_ROOMS}/{check.room_id(room)}"
    given = {word: value for word, value in words.items() if value is not ...}
    if not given:
        shown = check.shown_as(room) if isinstance(room, str) else "room"
        text = f"update({shown}) was given nothing to change"
        raise InvalidRequestError(
            f"{text}; give at least one of {', '.join(words)}", argument=next(iter(words))
        )
    body = dumps(_fields(given))
    return Request("rooms.update", "PATCH", path, _ROOM, body=body, room=_known(room))


def end(room: object) -> Request:
    """Build the end of a room, which is an update (docs/api.md, "Operations")."""
    return _about("rooms.end", "PATCH", room, body=dumps({"ended": True}))


def renew(room: Room, fields: dict[str, JSONValue]) -> Request:
    """Build the update that opens a room again."""
    return _about("rooms.update", "PATCH", room, body=dumps(fields))


def delete(room: object) -> Request:
    """Build the deletion of a room."""
    return _about("rooms.delete", "DELETE", room)


def join(room: object) -> Request:
    """Ask for access to a room."""
    return _about("rooms.join", "POST", room, part="/join")


def stats(room: object, *, view: object) -> Request:
    """Ask how a room went."""
    path = f"{_ROOMS}/{check.room_id(room)}/stats"
    known = check.one_of("view", view, _VIEWS)
    query = _query([("view", known)])
    return Request("rooms.stats", "GET", path, f"{_ROOM}/stats", query, room=_known(room))


def _about(
    operation: str, method: str, room: object, *, part: str = "", body: bytes | None = None
) -> Request:
    """Build a request about a room; `part` follows the room's id in the path."""
    path = f"{_ROOMS}/{check.room_id(room)}{part}"
    return Request(operation, method, path, f"{_ROOM}{part}", body=body, room=_known(room))


def _known(room: object) -> Room | None:
    return room if isinstance(room, Room) else None


def listing(
    *, limit: object, skip: object, sort: object, ended: object, external_id: object
) -> Request:
    """Ask for one page of rooms."""
    pairs: list[tuple[str, str]] = []
    if limit is not None:
        pairs.append(("$limit", str(page_size("limit", limit))))
    if skip is not None:
        pairs.append(("$skip", str(check.whole("skip", skip, least=0))))
    if sort is not None:
        pairs += [(f"$sort[{field}]", str(way)) for field, way in check.sort(sort)]
    if ended is not None:
        pairs.append(("ended", "true" if check.flag("ended", ended) else "false"))
    if external_id is not None:
        pairs.append(("externalId", lookup_key(external_id)))
    return Request("rooms.list", "GET", _ROOMS, _ROOMS, _query(pairs))


def page_size(argument: str, value: object) -> int:
    """Check how many rooms a page may hold: 1 to 100."""
    return check.whole(argument, value, least=1, most=check.PAGE_LIMIT)


def lookup_key(external_id: object) -> str:
    """Check an `externalId`; an empty one might match every room."""
    return check.text("external_id", external_id, least=1, most=check.EXTERNAL_ID_LENGTH)


def any_request(method: object, path: object, *, query: object, json: object) -> Request:
    """Ask for anything that the API has."""
    verb, checked_path = check.method(method), check.path(path)
    body = None if json is None else dumps(check.json_value("json", json))
    return Request(
        "request",
        verb,
        checked_path,
        query=_query(check.query_pairs(query)),
        body=body,
        repeatable=verb in _IDEMPOTENT,
    )


def _fields(given: dict[str, object]) -> dict[str, JSONValue]:
    """Check the fields of a room that a caller gave, and spell them as the API does."""
    now = datetime.now(timezone.utc)
    fields: dict[str, JSONValue] = {}
    times: dict[str, datetime] = {}
    for word, value in given.items():
        if word == "name":
            fields["name"] = check.text("name", value, most=check.NAME_LENGTH)
        elif word == "external_id":
            fields["externalId"] = lookup_key(value)
        elif word == "settings":
            fields["settings"] = check.settings(value)
        elif word == "ended":
            fields["ended"] = check.flag("ended", value)
        else:
            times[word] = check.instant(word, value, now=now)
            fields[word] = wire_time(times[word])
    check.window(times.get("exp"), times.get("nbf"), now=now)
    return fields


def _query(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, quote_via=quote, safe="$")
