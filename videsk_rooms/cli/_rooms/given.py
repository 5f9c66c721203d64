"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import typer

from videsk_rooms.cli._params import content_of, moment, object_in

ShowToken = Annotated[
    bool,
    typer.Option(
        "--show-token",
        help="Show the access token too. Whoever reads it can enter: mind logs and scrollback.",
    ),
]
Name = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="What people call it, at most 500 characters."),
]
ExternalId = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Your own id for it, unique, 1 to 100 characters."),
]
Settings = Annotated[
    str | None,
    typer.Option(metavar="JSON", help="A JSON object, or @FILE that holds it; @- is stdin."),
]
Ends = Annotated[
    datetime | None,
    typer.Option(
        "--exp",
        metavar="WHEN",
        parser=moment,
        help="When participants are disconnected, within 72 hours: from now (2h, 90m, 3d), or a "
        "date and time ('2026-12-24 16:00' in your own zone, 2026-12-24T16:00Z).",
    ),
]
Opens = Annotated[
    datetime | None,
    typer.Option("--nbf", metavar="WHEN", parser=moment, help="When it opens, before --exp."),
]
Sort = Annotated[
    str | None,
    typer.Option(metavar="FIELDS", help="Such as -created_at (newest first), or name,-exp."),
]
Ended = Annotated[
    bool | None,
    typer.Option("--ended/--no-ended", help="Only rooms that are over, or only the others."),
]

_SORT_FIELD = re.compile(r"-?[A-Za-z_][A-Za-z0-9_]*")


def settings_of(text: str | None) -> dict[str, Any] | None:
    """Parse the settings of a room.

    Raises:
        BadParameter: They are not a JSON object, or their file cannot be read.
    """
    if text is None:
        return None
    source = text if text.startswith("@") else "the value"
    try:
        return object_in(content_of(text, "--settings"))
    except ValueError as error:
        remedy = """give an object such as '{"maxParticipants": 10}', or @FILE that holds one"""
        raise typer.BadParameter(f"{source} {error}; {remedy}", param_hint="'--settings'") from None


def sort_of(text: str | None) -> list[str] | None:
    """Parse an order, such as `-created_at,name`.

    Raises:
        BadParameter: A field has an invalid name.
    """
    if text is None:
        return None
    fields = text.split(",")
    for field in fields:
        if not _SORT_FIELD.fullmatch(field):
            raise typer.BadParameter(
                f"{field!r} is not a field to sort by; give one such as created_at, -created_at "
                "for the newest first, or several with commas between them",
                param_hint="'--sort'",
            )
    return fields
