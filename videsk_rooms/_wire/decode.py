"""Responses to models. No I/O.

cattrs structures the models, with hooks made from the tables of their fields (`_fields`).
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

import attrs

from videsk_rooms._fields.read import FaultError, wrong
from videsk_rooms._fields.structure import structure
from videsk_rooms.models import JSONValue, Room, RoomAccess, RoomPage, RoomStats, StatsView

from .json import loads
from .message import unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .message import Response

M = TypeVar("M")


# -- the responses of the operations --------------------------------------------------------------


@attrs.frozen
class Joined:
    """The response to a join."""

    access_token: str


def room(response: Response) -> Room:
    """Read one room."""
    return _model(response, Room)


def page(response: Response) -> RoomPage:
    """Read one page of rooms."""
    return _model(response, RoomPage)


def access(response: Response) -> RoomAccess:
    """Read the response to a join."""
    token = _model(response, Joined).access_token
    if not token:
        fault = wrong("accessToken", "a string that is not empty", token)
        raise unexpected(response, fault.reason, path=fault.path)
    return access_of(token)


def has_fields(response: Response, *names: str) -> bool:
    """Return whether a response is an object with these fields."""
    value = response.json()
    return isinstance(value, dict) and all(name in value for name in names)


def stats(response: Response, view: StatsView) -> RoomStats:
    """Read statistics, whose fields are not documented."""
    if response.body in {b"", b"null"}:  # Feathers' response if a service finds nothing
        raise unexpected(response, "holds no statistics: they may not be there yet")
    value = response.json()
    if not isinstance(value, dict):
        raise unexpected(response, wrong("", "an object", value).reason)
    return RoomStats(view, value)


def nothing(_: Response) -> None:
    """Read nothing: the response body of a deletion is not documented."""


def whole(response: Response) -> Response:
    """Return the response itself."""
    return response


def _model(response: Response, model: type[M]) -> M:
    value = response.json()
    try:
        return structure(value, model)
    except FaultError as error:
        path, reason = error.path, error.reason
    finally:
        # Error reports that list all variables would show it.
        del value
    raise unexpected(response, reason, path=path)  # not chained: the fault holds what was sent


# -- access tokens --------------------------------------------------------------------------------


# A browser sends the token on in a header or a URL, and few servers take 16 KiB of those.
_LONGEST_TOKEN = 65_536


def access_of(token: str) -> RoomAccess:
    """Read an access token without verifying it; absent claims are `None`.

    Its claims are not documented (docs/api.md, "Objects"), so nothing here may depend on them.
    """
    claims = _claims(token)
    jti = claims.get("jti")
    return RoomAccess(
        token,
        exp=_epoch(claims.get("exp")),
        nbf=_epoch(claims.get("nbf")),
        jti=jti if isinstance(jti, str) else None,
        claims=claims,
    )


def _claims(token: str) -> Mapping[str, JSONValue]:
    if len(token) > _LONGEST_TOKEN or token.count(".") != 2:
        return {}
    payload = token.split(".")[1]
    try:
        claims = loads(urlsafe_b64decode(payload.encode("ascii") + b"=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _epoch(seconds: JSONValue) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
