"""`rooms create`, `update`, `end`, `delete` and `join`: their options, and what they do."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videsk_rooms.cli._account import CommandContext, asking_an_account
from videsk_rooms.cli._output import (
    CommandFailedError,
    ExitCode,
    complain,
    describe_error,
    exit_code_of,
    exit_code_of_all,
    is_hopeless,
    write_json,
    wrong_usage,
)
from videsk_rooms.errors import VideskError

from .given import Ends, ExternalId, Name, Opens, RoomId, Settings, ShowToken, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from videsk_rooms.models import Room
    from videsk_rooms.sync import Videsk

RoomIds = Annotated[
    list[str], typer.Argument(metavar="ROOM...", help="The ids of the rooms.", show_default=False)
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before several.")]

_QUESTIONS = {
    "ended": "End {} rooms? It is not documented that an ended room can be opened again.",
    "deleted": "Delete {} rooms? The API as published refuses; `videsk-rooms rooms end` ends them.",
}
_LEFT_OPEN = {
    "ended": "the rooms not named above may still be open",
    "deleted": "the rooms not named above may still be there",
}


@asking_an_account
def create(
    asked: CommandContext,
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
    from .shown import show_room

    show_room(asked, room, show_token=show_token)


@asking_an_account
def update(
    asked: CommandContext,
    room: RoomId,
    *,
    name: Name = None,
    external_id: ExternalId = None,
    exp: Ends = None,
    nbf: Opens = None,
    settings: Settings = None,
    ended: Annotated[
        bool | None,
        typer.Option(
            "--ended/--not-ended",
            help="End it, as `rooms end` does; or open it again, where the API allows that.",
        ),
    ] = None,
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
            "ended": ended,
        }
    )
    if not changes:
        raise wrong_usage(
            "nothing to change was given; give at least one of --name, --external-id, --exp, "
            "--nbf, --settings, --ended and --not-ended"
        )
    with asked.client() as videsk, _told_when_stopped(f"look with: videsk-rooms rooms get {room}"):
        changed = videsk.rooms.update(room, **changes)
        if show_token and changed.access_token is None:
            changed = _with_token(videsk, changed)
    from .shown import show_room

    show_room(asked, changed, show_token=show_token)


@asking_an_account
def end(asked: CommandContext, rooms: RoomIds, *, yes: Yes = False) -> None:
    """End rooms: nobody can join them any more. Before several it asks, or needs --yes.

    One that fails does not keep the others, unless they would fail alike. With
    --json each room is an object on a line of its own: room, ended, error.
    """
    _change_each(asked, rooms, "ended", lambda videsk: videsk.rooms.end, yes=yes)


@asking_an_account
def delete(asked: CommandContext, rooms: RoomIds, *, yes: Yes = False) -> None:
    """Delete rooms, where the account allows it. Before several it asks, or needs --yes.

    The API as it is published refuses: rooms are ended instead, by `rooms end`.
    One that fails does not keep the others, unless they would fail alike. With
    --json each room is an object on a line of its own: room, deleted, error.
    """
    _change_each(asked, rooms, "deleted", lambda videsk: videsk.rooms.delete, yes=yes)


@asking_an_account
def join(asked: CommandContext, room: RoomId, *, show_token: ShowToken = False) -> None:
    """Ask for a fresh access token, and show what it says of itself.

    The token itself is shown only with --show-token, with --json too. Each call
    issues another one.
    """
    with asked.client() as videsk, _told_when_stopped("a token may have been issued"):
        access = videsk.rooms.join(room)
    from .shown import show_access

    show_access(asked, room, access, show_token=show_token)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if value is not None}


def _with_token(videsk: Videsk, changed: Room) -> Room:
    """Fetch a room that was changed again: an update may be answered without a token."""
    try:
        return videsk.rooms.get(changed)
    except VideskError:
        complain("the room was changed; only its token could not be fetched")
        raise


def _change_each(
    asked: CommandContext,
    rooms: Sequence[str],
    done: str,
    call_of: Callable[[Videsk], Callable[[str], object]],
    *,
    yes: bool,
) -> None:
    """Call the API for each room once, and say what became of it.

    Args:
        asked: The account.
        rooms: The ids of the rooms.
        done: What they are then, in a word.
        call_of: Picks the call of a client.
        yes: Whether not to ask before several.

    Raises:
        CommandFailedError: Nobody has confirmed it.
        Exit: A room failed.
    """
    each_once = list(dict.fromkeys(rooms))
    if len(each_once) > 1 and not yes:
        _ask(_QUESTIONS[done].format(len(each_once)), f"nothing was {done}")
    codes: list[ExitCode] = []
    with asked.client() as videsk, _told_when_stopped(_LEFT_OPEN[done]):
        call = call_of(videsk)
        for room in each_once:
            error = _change(asked, room, done, call)
            codes.append(ExitCode.DONE if error is None else exit_code_of(error))
            if error is not None and is_hopeless(error):
                break
    untried = len(each_once) - len(codes)
    if untried:
        complain(f"{untried} more of these rooms not tried: they would fail alike")
    if any(codes):
        raise typer.Exit(exit_code_of_all(codes))


def _change(
    asked: CommandContext, room: str, done: str, call: Callable[[str], object]
) -> VideskError | None:
    failed: VideskError | None = None
    try:
        call(room)
    except VideskError as error:
        failed = error
        complain(f"{room}: {describe_error(error)}")
    if asked.as_json:
        words = None if failed is None else describe_error(failed)
        write_json({"room": room, done: failed is None, "error": words})
    elif failed is None:
        asked.output().line(f"{done} ", room)
    return failed


def _ask(question: str, otherwise: str) -> None:
    """Have somebody confirm.

    Raises:
        CommandFailedError: Nobody is there to be asked, or the answer is no.
    """
    if not sys.stdin.isatty():
        raise wrong_usage(f"{question} Nobody can be asked here; say so with --yes")
    # On standard error, so that what was done can be piped on.
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandFailedError(otherwise)


@contextmanager
def _told_when_stopped(remedy: str) -> Iterator[None]:
    """Say what Ctrl-C leaves open: a request that is given up may have been processed."""
    try:
        yield
    except KeyboardInterrupt:
        complain(f"stopped; what was under way may have been done all the same: {remedy}")
        raise
