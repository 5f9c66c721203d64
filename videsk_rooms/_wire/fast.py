"""Reads models from JSON quickly: what the API usually sends, checked by exact type.

Anything unusual raises an exception without text, and `_wire/decode.py` gives it to cattrs, which
decides. Each field is read in place, because a function call for each would cost a quarter more.
"""

from __future__ import annotations

import re
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import attrs

from videsk_rooms.models import Authorization, JSONValue, Room, RoomPage

from .frozen import blank
from .json import DEEPEST, is_deeper

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "API_NAMES",
    "REFUSALS",
    "ROOM_FIELDS",
    "Joined",
    "read_authorization",
    "read_joined",
    "read_page",
    "read_room",
    "read_time",
    "unknown",
]

API_NAMES = {
    "external_id": "externalId",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "access_token": "accessToken",
}

REFUSALS = (ValueError, TypeError, KeyError, OverflowError)
"""What is raised here for an answer that is not as usual."""


@attrs.frozen
class Joined:
    """The answer to a join."""

    access_token: str


def _spelled(model: type) -> frozenset[str]:
    names: list[str] = [field.name for field in attrs.fields(model)]
    return frozenset(API_NAMES.get(name, name) for name in names) - {"extra"}


_JOINED_FIELDS, _AUTHORIZATION_FIELDS = _spelled(Joined), _spelled(Authorization)
ROOM_FIELDS, _PAGE_FIELDS = _spelled(Room), _spelled(RoomPage)

_UTC = timezone.utc
_blank_room, _blank_authorization = blank(Room), blank(Authorization)


# -- models ---------------------------------------------------------------------------------------


def read_joined(sent: Any) -> Joined:
    """Read the answer to a join."""
    token = sent["accessToken"]
    if type(token) is not str or not token:
        raise TypeError
    _refuse_deep(unknown(sent, _JOINED_FIELDS))
    return Joined(token)


def read_page(sent: Any) -> RoomPage:
    """Read one page of rooms."""
    total, limit, skip, data = sent["total"], sent["limit"], sent["skip"], sent["data"]
    if (
        type(total) is not int
        or type(limit) is not int
        or type(skip) is not int
        or type(data) is not list
    ):
        raise TypeError
    if len(sent) != len(_PAGE_FIELDS):
        _refuse_deep(unknown(sent, _PAGE_FIELDS))
    return RoomPage(total, limit, skip, tuple([read_room(room) for room in data]))


# What is absent or null is counted: where that and what was sent are as many as there are fields,
# nothing unknown was sent. To look for it would take longer.


def read_room(sent: Any) -> Room:  # noqa: C901, PLR0912, PLR0915 - field by field
    """Read one room."""
    if type(sent) is not dict:
        raise TypeError
    room = _blank_room()
    absent = 0
    if type(room_id := sent["id"]) is not str:
        raise TypeError
    room.id = room_id
    if (name := sent.get("name")) is None:
        absent += 1
    elif type(name) is not str:
        raise TypeError
    room.name = name
    if (external_id := sent.get("externalId")) is None:
        absent += 1
    elif type(external_id) is not str:
        raise TypeError
    room.external_id = external_id
    if (exp := sent.get("exp")) is None:
        absent += 1
    elif (exp := _parse_time(exp)).tzinfo is not _UTC:
        exp = _in_utc(exp)
    room.exp = exp
    if (nbf := sent.get("nbf")) is None:
        absent += 1
    elif (nbf := _parse_time(nbf)).tzinfo is not _UTC:
        nbf = _in_utc(nbf)
    room.nbf = nbf
    if (settings := sent.get("settings")) is None:
        absent += 1
    elif type(settings) is not dict:
        raise TypeError
    else:
        _refuse_deep(settings)
    room.settings = settings
    if (ended := sent.get("ended")) is None:
        absent += 1
    elif type(ended) is not bool:
        raise TypeError
    room.ended = ended
    if (created_at := sent.get("createdAt")) is None:
        absent += 1
    elif (created_at := _parse_time(created_at)).tzinfo is not _UTC:
        created_at = _in_utc(created_at)
    room.created_at = created_at
    if (updated_at := sent.get("updatedAt")) is None:
        absent += 1
    elif (updated_at := _parse_time(updated_at)).tzinfo is not _UTC:
        updated_at = _in_utc(updated_at)
    room.updated_at = updated_at
    if (authorizations := sent.get("authorizations")) is None:
        absent += 1
    elif type(authorizations) is not list:
        raise TypeError
    else:
        authorizations = tuple([read_authorization(guest) for guest in authorizations])
    room.authorizations = authorizations
    if (access_token := sent.get("accessToken")) is None:
        absent += 1
    elif type(access_token) is not str:
        raise TypeError
    room.access_token = access_token
    if len(sent) + absent == len(ROOM_FIELDS):
        room.extra = {}
    else:
        room.extra = unknown(sent, ROOM_FIELDS)
        _refuse_deep(room.extra)
    room.__class__ = Room
    frozen: Room = room
    return frozen


def read_authorization(sent: Any) -> Authorization:
    """Read one authorization."""
    if type(sent) is not dict:
        raise TypeError
    authorization = _blank_authorization()
    absent = 0
    if (ip := sent.get("ip")) is None:
        absent += 1
    elif type(ip) is not str:
        raise TypeError
    authorization.ip = ip
    if (jti := sent.get("jti")) is None:
        absent += 1
    elif type(jti) is not str:
        raise TypeError
    authorization.jti = jti
    if (created_at := sent.get("createdAt")) is None:
        absent += 1
    elif (created_at := _parse_time(created_at)).tzinfo is not _UTC:
        created_at = _in_utc(created_at)
    authorization.created_at = created_at
    if len(sent) + absent != len(_AUTHORIZATION_FIELDS):
        _refuse_deep(unknown(sent, _AUTHORIZATION_FIELDS))
    authorization.__class__ = Authorization
    frozen: Authorization = authorization
    return frozen


# -- what has no field, and what is nested --------------------------------------------------------


# Above a value that is kept or left unread there are five levels at most: a page, a list, a room, a
# list, an authorization. Where there are fewer, too much is refused; then `_json.loads` decides.
_DEEPEST_WITHIN = DEEPEST - 5


def unknown(sent: Mapping[str, JSONValue], known: frozenset[str]) -> dict[str, JSONValue]:
    """Find what was sent that has no field."""
    if known.issuperset(sent):
        return {}
    return {name: value for name, value in sent.items() if name not in known}


def _refuse_deep(unread: dict[str, JSONValue]) -> None:
    for value in unread.values():
        if (type(value) is dict or type(value) is list) and is_deeper(value, _DEEPEST_WITHIN):
            raise ValueError


# -- date-times -----------------------------------------------------------------------------------


# What `fromisoformat` reads differs from one Python to the next: some take all digits, a date
# alone, or any letter between the two. So the form is checked here, and is that of RFC 3339, with
# seconds and zone left out at will, as ISO 8601 allows.
_ISO_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d)(?::([0-5]\d)(?:[.,](\d+))?)?"
    r"(?:([Zz])|([+-](?:[01]\d|2[0-3])):?([0-5]\d)?)?",
    re.ASCII,
)
# The documented form, "2042-08-14T18:00:00.000Z": where its signs stand. Between them Python takes
# nothing but digits from 3.11 on, and 24 hours from 3.14 on.
_SIGNS, _SIGNS_AT, _Z_AT = "--T::.", slice(4, 20, 3), slice(23, None)
_from_iso = datetime.fromisoformat
_HAS_Z, _HAS_24 = sys.version_info >= (3, 11), sys.version_info >= (3, 14)


def _parse_time(text: str) -> datetime:
    if (
        text[_SIGNS_AT] == _SIGNS
        and text[_Z_AT] == "Z"
        and _HAS_Z
        and not (_HAS_24 and text[11:13] == "24")
    ):
        return _from_iso(text)
    match = _ISO_TIME.fullmatch(text)
    if match is None:
        raise ValueError
    date, minute, second, fraction, utc, hours, minutes = match.groups()
    offset = "+00:00" if utc else f"{hours}:{minutes or '00'}" if hours else ""
    return _from_iso(f"{date}T{minute}:{second or '00'}.{(fraction or '')[:6]:0<6}{offset}")


def read_time(value: object) -> datetime | None:
    """Read a date-time."""
    if value is None:
        return None
    if type(value) is not str:
        raise TypeError
    return _in_utc(_parse_time(value))


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=_UTC)  # every documented time is UTC
    return moment.astimezone(_UTC)
