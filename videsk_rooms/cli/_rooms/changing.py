"""`rooms create`, `update` and `join`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videsk_rooms.cli._account import (
    CommandContext,
    RoomContext,
    asking_an_account,
    asking_for_a_room,
    look_command,
)
from videsk_rooms.cli._output import below_ctrl_c, complain, describe_error, wrong_usage
from videsk_rooms.cli._params import Ends, ExternalId, Name, Opens, Settings, ShowToken, settings_of
from videsk_rooms.errors import InvalidRequestError, VideskError

from .shown import show_access, show_room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.models import Room
    from videsk_rooms.sync import Videsk


@asking_an_account
def create(
    context: CommandContext,
    *,
    name: Name = None,
    external_id: ExternalId = None,
    exp: Ends = None,
    nbf: Opens = None,
    settings: Settings = None,
    if_missing: Annotated[
        bool,
        typer.Option(
            "--if-missing",
            help="If a room with that --external-id exists, show it unchanged and create none.",
        ),
    ] = False,
    show_token: ShowToken = False,
) -> None:
    """Create a room, exactly one even after retries.

    Default: a generated name and external id, open from now on, for 3 hours.
    """
    fields = _given(name=name, exp=exp, nbf=nbf, settings=settings_of(settings))
    newest = "videsk-rooms rooms list --sort -created_at"
    look = look_command(None, external_id) if external_id else newest
    with context.client() as videsk, warn_when_stopped(f"look with: {look}"):
        if not if_missing:
            room = videsk.rooms.create(external_id=external_id, **fields)
        elif external_id is not None:
            room = videsk.rooms.get_or_create(external_id, **fields)
        else:
            raise wrong_usage("--if-missing needs the --external-id to look for; give one")
    show_room(context, room, show_token=show_token)


@asking_for_a_room
def update(
    context: RoomContext,
    *,
    name: Name = None,
    new_external_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The new external id, 1 to 100 characters."),
    ] = None,
    exp: Ends = None,
    nbf: Opens = None,
    settings: Settings = None,
    ended: Annotated[
        bool | None,
        typer.Option(
            "--ended/--not-ended",
            help="End it, as `rooms end` does; or reopen it, if the API allows that.",
        ),
    ] = None,
    show_token: ShowToken = False,
) -> None:
    """Change a room. Fields that are not given stay unchanged.

    A field can be changed, but not removed: the API documents no way to do that.
    """
    fields = _given(name=name, exp=exp, nbf=nbf, settings=settings_of(settings))
    changes = fields | _given(external_id=new_external_id, ended=ended)
    if not changes:
        raise wrong_usage(
            "nothing to change was given; give at least one of --name, --new-external-id, --exp, "
            "--nbf, --settings, --ended and --not-ended"
        )
    with context.client() as videsk, warn_when_stopped(f"look with: {context.look}"):
        found = context.find(videsk)
        try:
            room = videsk.rooms.update(found, **changes)
        except InvalidRequestError as error:  # its external_id is the new one
            text = describe_error(error)
            raise wrong_usage(text.replace("--external-id", "--new-external-id", 1)) from None
        if show_token and room.access_token is None:
            room = _with_token(videsk, room)
    show_room(context, room, show_token=show_token)


@asking_for_a_room
def join(context: RoomContext, *, show_token: ShowToken = False) -> None:
    """Issue a fresh access token, and show its claims.

    The token itself is shown only with --show-token, also with --json. Each call
    issues another token.
    """
    with context.client() as videsk, warn_when_stopped("a token may have been issued"):
        room = context.find(videsk)
        access = videsk.rooms.join(room)
    show_access(context, room if isinstance(room, str) else room.id, access, show_token=show_token)


def _given(**fields: Any) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if value is not None}


def _with_token(videsk: Videsk, changed: Room) -> Room:
    """Retrieve a changed room again, because an update's response may lack a token."""
    try:
        return videsk.rooms.get(changed)
    except VideskError:
        complain(
            "the room was changed, but its token could not be fetched; issue one with: "
            f"videsk-rooms rooms join {changed.id} --show-token"
        )
        raise


@contextmanager
def warn_when_stopped(remedy: str) -> Iterator[None]:
    """Warn after Ctrl-C that the request may have been processed, and how to find out."""
    try:
        with below_ctrl_c():
            yield
    except KeyboardInterrupt:
        complain(f"stopped; requests in flight may still take effect: {remedy}")
        raise
