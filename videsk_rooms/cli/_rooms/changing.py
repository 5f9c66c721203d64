"""`rooms create`, `rooms update`, `rooms delete` and `rooms join`: options, and what they do."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videsk_rooms.cli._account import Asked, asking_an_account
from videsk_rooms.cli._exits import ExitCode, exit_code_of, exit_code_of_all, is_hopeless
from videsk_rooms.cli._output import CommandFailedError, complain, write_json, wrong_usage
from videsk_rooms.cli._rooms.given import (
    Ends,
    ExternalId,
    Name,
    Opens,
    RoomId,
    Settings,
    ShowToken,
    settings_of,
)
from videsk_rooms.cli._wording import told
from videsk_rooms.errors import VideskError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.sync import Videsk


@asking_an_account
def create(
    asked: Asked,
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
            help="If there is a room of that --external-id, show it as it is, and create none.",
        ),
    ] = False,
    show_token: ShowToken = False,
) -> None:
    """Create a room: one, however often the network makes it try.

    Absent: a generated name and external id, open from now on, for 3 hours.
    """
    fields = {"name": name, "exp": exp, "nbf": nbf, "settings": settings_of(settings)}
    if if_missing and external_id is None:
        raise wrong_usage("--if-missing needs the --external-id to look for")
    look = (
        f"rooms get --external-id {external_id}" if external_id else "rooms list --sort -created_at"
    )
    with asked.client() as videsk, _told_when_stopped(f"look with: videsk-rooms {look}"):
        if external_id is not None and if_missing:
            room = videsk.rooms.get_or_create(external_id, **_given(fields))
        else:
            room = videsk.rooms.create(external_id=external_id, **_given(fields))
    from videsk_rooms.cli._rooms.shown import show_room

    show_room(asked, room, show_token=show_token)


@asking_an_account
def update(
    asked: Asked,
    room: RoomId,
    *,
    name: Name = None,
    external_id: ExternalId = None,
    exp: Ends = None,
    nbf: Opens = None,
    settings: Settings = None,
    show_token: ShowToken = False,
) -> None:
    """Change a room. What is not given stays as it is.

    A field can be given another value, but not be taken away: the API documents no
    way to.
    """
    changes = _given(
        {
            "name": name,
            "external_id": external_id,
            "exp": exp,
            "nbf": nbf,
            "settings": settings_of(settings),
        }
    )
    if not changes:
        raise wrong_usage(
            "nothing to change was given; give at least one of --name, --external-id, --exp, "
            "--nbf and --settings"
        )
    with asked.client() as videsk, _told_when_stopped(f"look with: videsk-rooms rooms get {room}"):
        changed = videsk.rooms.update(room, **changes)
    from videsk_rooms.cli._rooms.shown import show_room

    show_room(asked, changed, show_token=show_token)


@asking_an_account
def delete(
    asked: Asked,
    rooms: Annotated[
        list[str],
        typer.Argument(metavar="ROOM...", help="The ids of the rooms.", show_default=False),
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before several.")] = False,
) -> None:
    """Delete rooms. Before several it asks, or needs --yes.

    One that fails does not keep the others, unless they would fail alike. With
    --json each room is an object on a line of its own: room, deleted, error.
    """
    each_once = list(dict.fromkeys(rooms))
    if len(each_once) > 1 and not yes:
        _ask(f"Delete {len(each_once)} rooms?")
    codes: list[ExitCode] = []
    with (
        asked.client() as videsk,
        _told_when_stopped("the rooms not named above may still be there"),
    ):
        for room in each_once:
            error = _delete(asked, videsk, room)
            codes.append(ExitCode.DONE if error is None else exit_code_of(error))
            if error is not None and is_hopeless(error):
                break
    untried = len(each_once) - len(codes)
    if untried:
        complain(f"{untried} more of these rooms not tried: they would fail alike")
    if any(codes):
        raise typer.Exit(exit_code_of_all(codes))


@asking_an_account
def join(asked: Asked, room: RoomId, *, show_token: ShowToken = False) -> None:
    """Ask for a fresh access token, and show what it says of itself.

    The token itself is shown only with --show-token, with --json too. Each call
    issues another one.
    """
    with asked.client() as videsk, _told_when_stopped("a token may have been issued"):
        access = videsk.rooms.join(room)
    from videsk_rooms.cli._rooms.shown import show_access

    show_access(asked, room, access, show_token=show_token)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if value is not None}


def _delete(asked: Asked, videsk: Videsk, room: str) -> VideskError | None:
    failed: VideskError | None = None
    try:
        videsk.rooms.delete(room)
    except VideskError as error:
        failed = error
        complain(f"{room}: {told(error)}")
    if asked.as_json:
        words = None if failed is None else told(failed)
        write_json({"room": room, "deleted": failed is None, "error": words})
    elif failed is None:
        asked.page().line("deleted ", room)
    return failed


def _ask(question: str) -> None:
    """Have somebody confirm.

    Raises:
        CommandFailedError: Nobody is there to be asked, or the answer is no.
    """
    if not sys.stdin.isatty():
        raise wrong_usage(f"{question} Nobody can be asked here; say so with --yes")
    # On standard error, so that what was done can be piped on.
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandFailedError("nothing was deleted")


@contextmanager
def _told_when_stopped(remedy: str) -> Iterator[None]:
    """Say what Ctrl-C leaves open: a request that is given up may have been processed."""
    try:
        yield
    except KeyboardInterrupt:
        complain(f"stopped; what was under way may have been done all the same: {remedy}")
        raise
