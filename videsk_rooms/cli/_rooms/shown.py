"""Rooms as text for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import attrs
import typer
from rich.cells import cell_len, set_cell_size

from videsk_rooms.cli._output import as_json, printable, write_json
from videsk_rooms.cli._times import local, local_in_full
from videsk_rooms.models import Authorization, Room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from videsk_rooms.cli._account import CommandContext
    from videsk_rooms.cli._output import Output
    from videsk_rooms.models import RoomAccess

_GAP = "  "
_USUAL = ("id", "name", "external_id", "status", "exp")
_MEASURED = 100  # rooms that determine the column widths: a page, which arrives at once
_SHORT_ID, _LEAST_NAME = 9, 8
_NOT_SHOWN = "not shown; --show-token shows it"


def columns_of(text: str) -> list[str]:
    """Parse column names.

    Raises:
        BadParameter: There is no such column.
    """
    known = [*(each for each in _names() if each != "authorizations"), "status"]
    columns = [each.strip() for each in text.split(",")]
    for column in columns:
        if column not in known:
            raise typer.BadParameter(
                f"there is no column {column!r}; give some of {', '.join(known)}, separated by "
                "commas"
            )
    return columns


def show_rooms(page: Output, rooms: Iterable[Room], columns: Sequence[str] = ()) -> int:
    """Show rooms as a table, each as soon as it arrives; return how many there were.

    Args:
        page: The output. On a terminal, ids and names are truncated to fit.
        rooms: The rooms.
        columns: The columns, untruncated; without any, the usual ones.
    """
    remaining = iter(rooms)
    measured = list(islice(remaining, _MEASURED))
    if not measured:
        return 0
    widths = {
        column: max(len(column), *(cell_len(_cell(room, column)) for room in measured))
        for column in columns or _USUAL
    }
    is_cut = page.width is not None and not columns
    if page.width is not None and is_cut:
        _share(page.width, widths)
    header = (_fit(column, column.upper(), width, is_cut=False) for column, width in widths.items())
    page.line((_GAP.join(header), "bold"))
    count = 0
    for room in chain(measured, remaining):
        count += 1
        cells = (_fit(each, _cell(room, each), widths[each], is_cut=is_cut) for each in widths)
        page.line((_GAP.join(cells), "dim" if room.is_over() else ""))
    return count


def _cell(room: Room, column: str) -> str:
    if column == "status":
        return _status(room)
    value = getattr(room, column)
    if value is None:
        return ""
    return local(value) if isinstance(value, datetime) else printable(_text(value))


def _status(room: Room) -> str:
    if room.is_over():
        return "over"
    if room.nbf is None or room.is_open():
        return "open"
    opens, now = local(room.nbf), local(datetime.now(timezone.utc))
    # Only the part that differs from now: the time, the day or the year.
    start = 11 if opens[:10] == now[:10] else 5 if opens[:4] == now[:4] else 0
    return f"opens {opens[start:]}"


def _share(width: int, widths: dict[str, int]) -> None:
    """Fit the usual columns to a terminal; external ids stay whole, because people type them."""

    def excess() -> int:
        return sum(widths.values()) + len(_GAP) * (len(widths) - 1) - width

    if excess() > 0:
        widths["id"] = _SHORT_ID
    if excess() > max(widths["name"] - _LEAST_NAME, 0):
        del widths["exp"]
    widths["name"] = max(widths["name"] - max(excess(), 0), min(widths["name"], _LEAST_NAME))
    widths["external_id"] -= max(excess(), 0)  # a longer one shifts the columns after it


def _fit(column: str, text: str, width: int, *, is_cut: bool) -> str:
    """Pad a text to a display width, as some characters are two wide; truncate an id or name."""
    if is_cut and cell_len(text) > width:
        if column == "id":  # its start is the creation time, which many rooms share
            return f"…{text[1 - width :]}"
        if column == "name":
            return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, max(cell_len(text), width))


def show_room(asked: CommandContext, room: Room, *, show_token: bool) -> None:
    """Show all fields of one room."""
    # Like one of a page, because the token of a retrieved room without one cannot be read.
    room = Room.from_dict(room.to_dict(tokens=True))
    if asked.as_json:
        write_json(as_json(room, show_token=show_token))
        return
    token = room.access_token if show_token or room.access_token is None else _NOT_SHOWN
    _show_fields(
        asked.output(),
        {
            **{name: getattr(room, name) for name in _names()},
            **{f"{name} (unknown)": value for name, value in room.extra.items()},
            "access_token": token,
        },
    )


def _names() -> list[str]:
    """Return the names of a room's fields in order, except the token and `extra`."""
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(Room)
    rows = [(each.metadata.get("place", place), each) for place, each in enumerate(fields)]
    rows.sort(key=lambda row: row[0])
    return [each.name for _, each in rows if each.repr and each.name != "extra"]


def show_access(asked: CommandContext, room: str, access: RoomAccess, *, show_token: bool) -> None:
    """Show a token's claims."""
    if asked.as_json:
        write_json({"room": room, **as_json(access, show_token=show_token)})
        return
    shown = {"exp", "nbf", "jti"}
    _show_fields(
        asked.output(),
        {
            "room": room,
            "nbf": access.nbf,
            "exp": access.exp,
            "jti": access.jti,
            "other claims": {k: v for k, v in access.claims.items() if k not in shown},
            "access_token": access.access_token if show_token else _NOT_SHOWN,
        },
    )


def show_outline(page: Output, value: Any, indent: int = 0) -> None:
    """Show an object or a list with unknown fields."""
    start = " " * indent
    is_object = isinstance(value, Mapping)
    for name, item in value.items() if is_object else enumerate(value, 1):
        if item and not isinstance(item, str) and isinstance(item, Mapping | Sequence):
            page.line(start, (f"{name}:" if is_object else f"{name}.", "bold"))
            show_outline(page, item, indent + 2)
        else:
            page.line(start, (f"{name}: " if is_object else "- ", "bold"), _text(item))


def _show_fields(page: Output, fields: Mapping[str, object]) -> None:
    """Show a line for each field with a value; a tuple shows its length."""
    known = {name: value for name, value in fields.items() if value not in (None, (), [], {})}
    width = max(map(len, known))
    for name, value in known.items():
        lines = value if isinstance(value, tuple) else (value,)
        for number, line in enumerate(lines):
            page.line((f"{name if number == 0 else '':<{width}}{_GAP}", "bold"), _text(line))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return local_in_full(value, datetime.now(timezone.utc))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, Authorization):
        return f"{value.ip or 'somebody'}, {_text(value.created_at)}"
    return json.dumps(value, ensure_ascii=False)
