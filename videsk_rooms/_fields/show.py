"""Shows rooms to people: one line of text, and a table for notebooks. Escaped, without tokens."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from videsk_rooms._quoting import ID_LENGTH, shown

from .times import UTC

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME_LENGTH = 60
_COLUMNS = ("id", "name", "external_id", "nbf", "exp", "ended")


def line_of(room: Any) -> str:
    """Return a room as one short line: its id, name, external id, and end."""
    line = f"Room {shown(str(room.id), ID_LENGTH)}"
    if room.name is not None:
        line += f" {_quoted(room.name, _NAME_LENGTH)}"
    if room.external_id is not None:
        line += f", external id {_quoted(room.external_id, ID_LENGTH)}"
    if room.ended:
        return f"{line}, ended"
    return line if room.exp is None else f"{line}, until {_text(room.exp)}"


def table_of(rooms: Iterable[Any], caption: str = "") -> str:
    """Return rooms as a table of HTML."""
    head = "".join(f"<th>{label}</th>" for label in _COLUMNS)
    rows = "".join(f"<tr>{_cells(room)}</tr>" for room in rooms)
    titled = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{titled}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(room: Any) -> str:
    return "".join(f"<td>{escape(_text(getattr(room, name)))}</td>" for name in _COLUMNS)


def _quoted(text: object, limit: int) -> str:
    return f"'{shown(str(text), limit)}'"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else shown(str(value), ID_LENGTH)
