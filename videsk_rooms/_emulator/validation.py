"""Validates request bodies (docs/api.md, Operations, Create and Update)."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from videsk_rooms._emulator.clock import from_wire
from videsk_rooms._emulator.errors import RefusedError

if TYPE_CHECKING:
    from videsk_rooms._emulator.messages import Incoming

MAX_NAME = 500
MAX_EXTERNAL_ID = 100
DEFAULT_LIFE = timedelta(hours=3)
LONGEST_LIFE = timedelta(hours=72)
# The nesting limit of a MongoDB document.
MAX_LEVELS = 100
CREATE_FIELDS = frozenset({"name", "externalId", "exp", "nbf", "settings"})
UPDATE_FIELDS = CREATE_FIELDS | {"ended"}


@dataclass
class Fields:
    """The fields of a body; `None` for an absent one."""

    name: str | None = None
    external_id: str | None = None
    exp: datetime | None = None
    nbf: datetime | None = None
    settings: dict[str, object] | None = None
    ended: bool | None = None


def read_object(incoming: Incoming) -> dict[str, object]:
    """Parse the body as a JSON object; an empty body is one, because all fields are optional."""
    if not incoming.body:
        return {}
    media_type = incoming.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RefusedError(400, "The body must be declared as application/json")
    try:
        # json.loads would also accept UTF-16; Node's body parsers accept only UTF-8.
        text = incoming.body.decode("utf-8-sig")
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"The body is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise RefusedError(400, "The body must be an object")
    return content


def read_fields(content: dict[str, object], now: datetime, known: frozenset[str]) -> Fields:
    """Check each field on its own, and report all problems together."""
    errors: dict[str, str] = {}
    fields = Fields()
    for name, value in content.items():
        # Feathers' generated schemas refuse unknown fields. Otherwise a misspelt one would go
        # unnoticed, such as `bnf` in one of the documentation's examples.
        unknown = None if name in known else "must not be sent: there is no such field"
        problem = unknown or find_problem(value) or _take(fields, name, value, now)
        if problem:
            errors[name.encode(errors="backslashreplace").decode()] = problem
    refuse(errors)
    return fields


def find_problem(value: object, levels: int = MAX_LEVELS) -> str | None:
    """Return why the API could not return a JSON value that every client can parse, or `None`."""
    problem: str | None = None
    if isinstance(value, str):
        problem = None if _is_unicode(value) else "must not contain half of a surrogate pair"
    elif isinstance(value, (int, float)):
        problem = None if _is_finite(value) else "must not contain a number beyond a double's range"
    elif isinstance(value, (dict, list, tuple)):
        if levels == 0:
            return f"must not have more than {MAX_LEVELS} levels"
        parts = [*value, *value.values()] if isinstance(value, dict) else value
        found = (find_problem(part, levels - 1) for part in parts)
        problem = next((each for each in found if each), None)
    return problem


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an int too large for a double
        return False


def check_window(nbf: datetime, exp: datetime) -> None:
    """Refuse a room that would never be open."""
    if nbf >= exp:
        refuse({"nbf": "must be before exp"})


def check_stays_over(fields: Fields, exp: datetime) -> None:
    """Refuse an update that would reopen a room that is over."""
    if fields.ended is False:
        refuse({"ended": "must not be false: the room is over for good"})
    if fields.exp is not None and fields.exp > exp and not fields.ended:
        refuse({"exp": "must not be later: the room is over for good"})


def refuse(errors: dict[str, str]) -> None:
    """Raise the 400 for `errors`, if there are any."""
    if errors:
        raise RefusedError(400, "validation failed", errors)


def _take(fields: Fields, name: str, value: object, now: datetime) -> str | None:
    """Set a field, or return what is wrong with its value."""
    if name == "name":
        fields.name, problem = _text(value, MAX_NAME)
    elif name == "externalId":
        fields.external_id, problem = _text(value, MAX_EXTERNAL_ID)
    elif name == "settings":
        fields.settings, problem = _object(value)
    elif name == "nbf":
        fields.nbf, problem = _instant(value)
    elif name == "exp":
        fields.exp, problem = _instant(value)
        problem = problem or _exp_problem(fields.exp, now)
    else:
        fields.ended, problem = _truth(value)
    return problem


def _text(value: object, longest: int) -> tuple[str | None, str | None]:
    if not isinstance(value, str):
        return None, "must be a string"
    if len(value) > longest:
        return None, f"must not have more than {longest} characters"
    return value, None


def _truth(value: object) -> tuple[bool | None, str | None]:
    if not isinstance(value, bool):
        return None, "must be true or false"
    return value, None


def _object(value: object) -> tuple[dict[str, object] | None, str | None]:
    if not isinstance(value, dict):
        return None, "must be an object"
    return value, None


def _instant(value: object) -> tuple[datetime | None, str | None]:
    if not isinstance(value, str):
        return None, "must be a string"
    try:
        return from_wire(value), None
    except ValueError:
        return None, "must be an ISO date-time"


def _exp_problem(exp: datetime | None, now: datetime) -> str | None:
    if exp is not None and exp <= now:
        return "must be in the future"
    if exp is not None and exp > now + LONGEST_LIFE:
        return "must be at most 72 hours from now"
    return None


def _refuse_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")
