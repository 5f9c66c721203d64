"""Rooms as text for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import attrs
from rich.cells import cell_len, set_cell_size

from videsk_rooms.cli._output import as_json, printable, write_json
from videsk_rooms.cli._params import local, local_in_full
from videsk_rooms.models import Authorization, Room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from videsk_rooms.cli._account import CommandContext
    from videsk_rooms.cli._output import Output
    from videsk_rooms.models import RoomAccess

_GAP = "  "
_ID, _TIME = 24, 16
# From this width on there is room for the opening too.
_WIDE = 110
_LEAST = 8
_NOT_SHOWN = "not shown; --show-token shows it"


def show_rooms(page: Output, rooms: Iterable[Room]) -> int:
    """Show rooms as a table, a line as soon as a room is there; return how many there were.

    Names are cut to fit a terminal; where the output goes elsewhere, nothing is cut off.
    """
    count, widths = 0, _widths(page.width)
    for room in rooms:
        if not count:
            page.line(
                (
                    _row(("ID", "NAME", "EXTERNAL ID", "OPENS (LOCAL)", "ENDS (LOCAL)"), widths),
                    "bold",
                )
            )
        count += 1
        opens = local(room.nbf) if room.nbf else ""
        cells = (room.id, room.name or "", room.external_id or "", opens, _end_of(room))
        page.line((_row(cells, widths), "dim" if room.is_over() else ""))
    return count


def _end_of(room: Room) -> str:
    """Say when a room ends; of one that was ended before its time, only that it was."""
    now = datetime.now(timezone.utc)
    if room.ended and (room.exp is None or room.exp > now):
        return "ended"
    return local(room.exp) if room.exp else ""


def show_room(asked: CommandContext, room: Room, *, show_token: bool) -> None:
    """Show all fields of one room."""
    if asked.as_json:
        write_json(as_json(room, show_token=show_token))
        return
    token = room.access_token if show_token or room.access_token is None else _NOT_SHOWN
    _show_fields(
        asked.output(),
        {
            **{label: getattr(room, name) for name, label in _labels().items()},
            **{f"{name} (unknown)": value for name, value in room.extra.items()},
            "access token": token,
        },
    )


def _labels() -> dict[str, str]:
    """Return the label of each field of a room, in their order, but for the token and `extra`."""
    rows: list[tuple[float, str, str]] = []
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(Room)
    for number, field in enumerate(fields):
        if field.repr and field.name != "extra":
            place, label = field.metadata.get("place"), field.metadata.get("label")
            label = label or field.name.replace("_", " ")
            rows.append((number if place is None else place, field.name, label))
    return {name: label for _, name, label in sorted(rows)}


def show_access(asked: CommandContext, room: str, access: RoomAccess, *, show_token: bool) -> None:
    """Show what a token says of itself."""
    if asked.as_json:
        write_json({"room": room, **as_json(access, show_token=show_token)})
        return
    shown = {"exp", "nbf", "jti"}
    _show_fields(
        asked.output(),
        {
            "room": room,
            "lets in from": access.nbf,
            "lets in until": access.exp,
            "jti": access.jti,
            "other claims": {k: v for k, v in access.claims.items() if k not in shown},
            "access token": access.access_token if show_token else _NOT_SHOWN,
        },
    )


def show_outline(page: Output, value: object, indent: int = 0) -> None:
    """Show an object whose fields nobody knows beforehand."""
    start = " " * indent
    if isinstance(value, Mapping):
        for name, item in value.items():
            if _is_plain(item):
                page.line(start, (f"{name}: ", "bold"), _text(item))
            else:
                page.line(start, (f"{name}:", "bold"))
                show_outline(page, item, indent + 2)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, item in enumerate(value, start=1):
            if _is_plain(item):
                page.line(start, "- ", _text(item))
            else:
                page.line(start, f"{number}.")
                show_outline(page, item, indent + 2)
    else:
        page.line(start, _text(value))


def _is_plain(value: object) -> bool:
    """Return whether a value fits on one line."""
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return not value
    return True


def _show_fields(page: Output, fields: Mapping[str, object]) -> None:
    """Show a line for each field that says something; for a tuple as many as it has."""
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


def _widths(width: int | None) -> tuple[int | None, ...]:
    """Share the columns of a terminal; `None` leaves a cell as long as it is, 0 leaves it out."""
    opens = _TIME if width is None or width >= _WIDE else 0
    if width is None:
        return None, None, None, _TIME, _TIME
    taken = _ID + _TIME + len(_GAP) * 3 + (opens + len(_GAP) if opens else 0)
    remaining = max(width - taken, 2 * _LEAST)
    return None, remaining - remaining // 2, remaining // 2, opens, _TIME


def _row(cells: Sequence[str], widths: Sequence[int | None]) -> str:
    fitted = (_fit(cell, width) for cell, width in zip(cells, widths, strict=True) if width != 0)
    return _GAP.join(fitted)


def _fit(text: str, width: int | None) -> str:
    """Cut or fill a text to a width in columns; some signs take two."""
    text = printable(text)
    if width is None:
        return set_cell_size(text, max(cell_len(text), _ID))
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, width)
