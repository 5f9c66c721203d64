"""Sans I/O: `Response` to model or error.

What the API usually sends takes the fast way (`_wire/fast.py`). Whatever is refused there is given
to cattrs, which decides, and which says where in the JSON the fault lies. Of a list it is given the
first element that was refused, and no more: it makes an exception for each fault, with 140 bytes of
memory for every byte of a list of wrong elements.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar, cast

import attrs
from cattrs import (
    BaseValidationError,
    ClassValidationError,
    Converter,
)
from cattrs.gen import make_dict_structure_fn, override

from videsk_rooms.models import (
    Authorization,
    JSONValue,
    Room,
    RoomAccess,
    RoomPage,
    RoomStats,
    StatsView,
)

from . import fast as _fast
from .fast import API_NAMES, REFUSALS, ROOM_FIELDS, Joined
from .json import is_too_deep, loads, parse
from .message import json_of, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .message import Response

M = TypeVar("M")


# -- the answers of the operations ----------------------------------------------------------------


def room(response: Response) -> Room:
    """Read one room."""
    return _model(response, _fast.read_room, Room)


def page(response: Response) -> RoomPage:
    """Read one page of rooms."""
    return _model(response, _fast.read_page, RoomPage)


def answered_page(response: Response) -> tuple[Response, RoomPage]:
    """Read one page of rooms, and keep the answer for the errors that later ones may give."""
    return response, page(response)


def access(response: Response) -> RoomAccess:
    """Read the answer to a join."""
    return access_of(_model(response, _fast.read_joined, Joined).access_token)


def stats(response: Response, view: StatsView) -> RoomStats:
    """Read statistics, whose fields are not documented."""
    value = response.json()
    if not isinstance(value, dict):
        raise unexpected(response, f"should be an object, not {_kind(value)}")
    return RoomStats(view, value)


def nothing(_: Response) -> None:
    """Read nothing: the body of a delete is not documented."""


def whole(response: Response) -> Response:
    """Leave an answer as it is."""
    return response


def _model(response: Response, fast: Callable[[object], M], model: type[M]) -> M:
    value = json_of(response, parse)
    try:
        return fast(value)
    except REFUSALS:
        # Not chained: what the parsers say may quote the body, tokens included.
        pass
    try:
        if is_too_deep(value, response.body):
            path, reason = "", "is not JSON"
        else:
            return _CONVERTER.structure(value, model)
    except _FAULTS as error:
        path, reason = _first_fault(error)
    finally:
        # Without a name, under which those who report errors with all variables would tell it.
        del value
    # A comma is for the place that is named after it.
    raise unexpected(response, reason if path else reason.removesuffix(","), path=path or None)


# -- cattrs, which decides ------------------------------------------------------------------------


class _FaultError(Exception):
    """Where in a list an element is wrong, and what is wrong with it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason


class _WrongTypeError(Exception):
    """A value is not what was due; its text ends a sentence that begins with "the answer"."""

    def __init__(self, due: str, value: object) -> None:
        super().__init__(f"should be {due}, not {_kind(value)},")


def _exactly(kind: type, due: str, *, or_none: bool) -> Callable[[object, object], object]:
    # cattrs' own hooks coerce: null would become "None", and "false" True.
    def check(value: object, _: object) -> object:
        if value.__class__ is kind or (or_none and value is None):
            return value
        raise _WrongTypeError(due, value)

    return check


def _filled(value: object, _: object) -> object:
    if isinstance(value, str) and value:
        return value
    raise _WrongTypeError("a string that is not empty", value)


def _moment(value: object, _: object) -> datetime | None:
    try:
        return _fast.read_time(value)
    except (TypeError, ValueError, OverflowError):
        raise _WrongTypeError("an ISO date-time", value) from None


_FAULTS = (BaseValidationError, _FaultError, _WrongTypeError)


def _tuple_of(
    fast: Callable[[object], object],
    decide: Callable[[object, object], object],
    *,
    or_none: bool,
) -> Callable[[object, object], object]:
    def check(value: object, _: object) -> object:
        if value is None and or_none:
            return None
        if value.__class__ is not list:
            raise _WrongTypeError("a list", value)
        return tuple([read(index, each) for index, each in enumerate(cast("list[object]", value))])

    def read(index: int, each: object) -> object:
        try:
            return fast(each)
        except REFUSALS:
            pass
        try:
            return decide(each, None)
        except _FAULTS as error:
            path, reason = _first_fault(error)
        raise _FaultError(_joined(f"[{index}]", path), reason)

    return check


def _object(
    model: type[M], **hooks: Callable[[object, object], object] | object
) -> Callable[[object, object], M]:
    overrides = {
        name: override(rename=API_NAMES.get(name), struct_hook=cast("Callable[..., object]", hook))
        for name, hook in hooks.items()
    }
    structure: Callable[[Mapping[str, object], object], M] = make_dict_structure_fn(
        model,
        _CONVERTER,
        **overrides,  # type: ignore[arg-type]  # taken for the flags before them
    )

    def check(value: object, _: object) -> M:
        if value.__class__ is not dict:
            raise _WrongTypeError("an object", value)
        return structure(cast("Mapping[str, object]", value), model)

    return check


_CONVERTER = Converter(detailed_validation=True)
_text = _exactly(str, "a string", or_none=True)
_structure_authorization = _object(Authorization, ip=_text, jti=_text, created_at=_moment)
_structure_known = _object(
    Room,
    id=_exactly(str, "a string", or_none=False),
    name=_text,
    external_id=_text,
    exp=_moment,
    nbf=_moment,
    settings=_exactly(dict, "an object", or_none=True),
    ended=_exactly(bool, "true or false", or_none=True),
    created_at=_moment,
    updated_at=_moment,
    authorizations=_tuple_of(_fast.read_authorization, _structure_authorization, or_none=True),
    access_token=_text,
    extra=lambda _value, _type: {},
)


def _structure_room(value: object, kind: object) -> Room:
    known = _structure_known(value, kind)
    return attrs.evolve(
        known, extra=_fast.unknown(cast("Mapping[str, JSONValue]", value), ROOM_FIELDS)
    )


_number = _exactly(int, "a whole number", or_none=False)
_CONVERTER.register_structure_hook(Room, _structure_room)
_CONVERTER.register_structure_hook(
    RoomPage,
    _object(
        RoomPage,
        total=_number,
        limit=_number,
        skip=_number,
        data=_tuple_of(_fast.read_room, _structure_room, or_none=False),
    ),
)
_CONVERTER.register_structure_hook(Joined, _object(Joined, access_token=_filled))


def _first_fault(error: BaseException) -> tuple[str, str]:
    """Find the first fault that cattrs reports: where it lies, in the API's names, and what."""
    if isinstance(error, ClassValidationError):
        inner, field = error.group_exceptions()[0][0]
        path, reason = _first_fault(inner)
        return _joined(API_NAMES.get(field.name, field.name), path), reason
    if isinstance(error, _FaultError):
        return error.path, error.reason
    if isinstance(error, KeyError):
        return "", "lacks a field"
    return "", str(error)


def _joined(first: str, rest: str) -> str:
    return f"{first}.{rest}" if rest and not rest.startswith("[") else first + rest


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "a string" if value else "an empty string"
    kinds = {type(None): "null", bool: "a truth value", dict: "an object", list: "a list"}
    return kinds.get(type(value), "a decimal number" if isinstance(value, float) else "a number")


# -- access tokens --------------------------------------------------------------------------------


# A browser sends the token on in a header or a URL, and few servers take 16 KiB of those.
_LONGEST_TOKEN = 65_536


def access_of(token: str) -> RoomAccess:
    """Read an access token without verifying it; what it does not say is `None`.

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
    parts = token.split(".")
    try:
        claims = loads(urlsafe_b64decode(parts[1].encode("ascii") + b"=" * (-len(parts[1]) % 4)))
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
