"""Which room a command is about: its id, or the caller's own id for it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from videsk_rooms.cli._output import wrong_usage

if TYPE_CHECKING:
    from videsk_rooms.models import Room
    from videsk_rooms.sync import Videsk

RoomId = Annotated[
    str | None,
    typer.Argument(
        metavar="[ROOM]", help="The room's id; without it, give --external-id.", show_default=False
    ),
]
RoomIds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ROOM...]",
        help="The ids of the rooms; without them, give --external-id.",
        show_default=False,
    ),
]
OwnId = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Your own id for the room, in place of the API's."),
]
ExternalIds = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID",
        help="Your own id for a room, in place of the API's; for several rooms several times.",
    ),
]


def require_one(room: object, external_id: object) -> None:
    """Check that a room is given in exactly one way.

    Raises:
        CommandFailedError: It is given in none, or in both.
    """
    if (room is None) == (external_id is None):
        raise wrong_usage("give either a ROOM or --external-id, to say which room")


def find(videsk: Videsk, room: str | None, external_id: str | None) -> str | Room:
    """Return an id as it is; look an external id up.

    Only Retrieve is documented to take an external id in the path (docs/api.md, "Operations").
    """
    return str(room) if external_id is None else videsk.rooms.get_by_external_id(external_id)


def look_command(room: str | None, external_id: str | None) -> str:
    """Return the command that shows a room."""
    if external_id is None:
        return f"rooms get {room}"
    return f"rooms get --external-id {shlex.quote(external_id)}"
