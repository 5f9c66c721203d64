"""Arguments in the API's spelling. No I/O."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from videsk_rooms._fields.table import wire_name
from videsk_rooms._fields.times import wire_time

from . import validation as check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from videsk_rooms.models import JSONValue


def room_fields(given: Mapping[str, object]) -> dict[str, JSONValue]:
    """Check the fields of a room that a caller gave, and convert them to the API's names."""
    now = datetime.now(timezone.utc)
    fields: dict[str, JSONValue] = {}
    times: dict[str, datetime] = {}
    for name, value in given.items():
        if name in {"exp", "nbf"}:
            times[name] = check.instant(name, value, now=now)
            fields[name] = wire_time(times[name])
        else:
            fields[wire_name(name)] = _CHECKS[name](value)
    check.window(times.get("exp"), times.get("nbf"), now=now)
    return fields


def page_size(argument: str, value: object) -> int:
    """Check how many rooms a page may hold: 1 to 100."""
    return check.whole(argument, value, least=1, most=check.PAGE_LIMIT)


def lookup_key(external_id: object) -> str:
    """Check an `externalId`, because an empty one might match every room."""
    return check.text("external_id", external_id, least=1, most=check.EXTERNAL_ID_LENGTH)


_CHECKS: dict[str, Callable[[object], JSONValue]] = {
    "name": lambda value: check.text("name", value, most=check.NAME_LENGTH),
    "external_id": lookup_key,
    "settings": lambda value: check.settings("settings", value),
    "ended": lambda value: check.flag("ended", value),
}
