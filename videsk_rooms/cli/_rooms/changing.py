"""`rooms create`, `update`, `end`, `delete` and `join`."""

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
from videsk_rooms.cli._params import (
    Ends,
    ExternalId,
    ExternalIds,
    Name,
    Opens,
    OwnId,
    RoomId,
    RoomIds,
    Settings,
    ShowToken,
    find,
    look_command,
    require_one,
    settings_of,
)
from videsk_rooms.errors import VideskError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms.models import Room
    from videsk_rooms.sync import Videsk

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
        raise wrong_usage("--if-missing needs the --external-id to look for; give one")
    look = look_command(None, external_id) if external_id else "rooms list --sort -created_at"
    with context.client() as videsk, _warn_when_stopped(f"look with: videsk-rooms {look}"):
        if external_id is not None and if_missing:
            room = videsk.rooms.get_or_create(external_id, **_given(fields))
        else:
            room = videsk.rooms.create(external_id=external_id, **_given(fields))
    from .shown import show_room

    show_room(context, room, show_token=show_token)


@asking_an_account
def update(
    context: CommandContext,
    room: RoomId = None,
    *,
    name: Name = None,
    external_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="With ROOM: its new external id, unique, 1 to 100 characters. Without ROOM: the "
            "external id of the room to change.",
        ),
    ] = None,
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
    fields = {"name": name, "exp": exp, "nbf": nbf, "settings": settings_of(settings)}
    changes = _given({**fields, "ended": ended})
    if room is None:
        require_one(room, external_id)
    elif external_id is not None:
        changes["external_id"], external_id = external_id, None
    if not changes:
        raise wrong_usage(
            "nothing to change was given; give at least one of --name, --external-id, --exp, "
            "--nbf, --settings, --ended and --not-ended"
        )
    look = f"look with: videsk-rooms {look_command(room, external_id)}"
    with context.client() as videsk, _warn_when_stopped(look):
        changed = videsk.rooms.update(find(videsk, room, external_id), **changes)
        if show_token and changed.access_token is None:
            changed = _with_token(videsk, changed)
    from .shown import show_room

    show_room(context, changed, show_token=show_token)


@asking_an_account
def end(
    context: CommandContext,
    rooms: RoomIds = None,
    *,
    external_id: ExternalIds = None,
    yes: Yes = False,
) -> None:
    """End rooms: nobody can join them any more. Before several it asks, or needs --yes.

    One that fails does not keep the others, unless they would fail alike. With
    --json each room is an object on a line of its own: room, ended, error; and
    external_id, if it was given.
    """
    _change_each(context, rooms, external_id, "ended", lambda videsk: videsk.rooms.end, yes=yes)


@asking_an_account
def delete(
    context: CommandContext,
    rooms: RoomIds = None,
    *,
    external_id: ExternalIds = None,
    yes: Yes = False,
) -> None:
    """Delete rooms, where the account allows it. Before several it asks, or needs --yes.

    The API as it is published refuses: rooms are ended instead, by `rooms end`.
    One that fails does not keep the others, unless they would fail alike. With
    --json each room is an object on a line of its own: room, deleted, error; and
    external_id, if it was given.
    """
    _change_each(
        context, rooms, external_id, "deleted", lambda videsk: videsk.rooms.delete, yes=yes
    )


@asking_an_account
def join(
    context: CommandContext,
    room: RoomId = None,
    *,
    external_id: OwnId = None,
    show_token: ShowToken = False,
) -> None:
    """Ask for a fresh access token, and show what it says of itself.

    The token itself is shown only with --show-token, with --json too. Each call
    issues another one.
    """
    require_one(room, external_id)
    with context.client() as videsk, _warn_when_stopped("a token may have been issued"):
        found = find(videsk, room, external_id)
        access = videsk.rooms.join(found)
    from .shown import show_access

    show_access(
        context,
        found if isinstance(found, str) else found.id,
        access,
        show_token=show_token,
    )


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if value is not None}


def _with_token(videsk: Videsk, changed: Room) -> Room:
    """Get a changed room again: an update may be answered without a token."""
    try:
        return videsk.rooms.get(changed)
    except VideskError:
        complain(
            "the room was changed; only its token could not be fetched; ask for one with: "
            f"videsk-rooms rooms join {changed.id} --show-token"
        )
        raise


def _change_each(
    context: CommandContext,
    rooms: list[str] | None,
    external_ids: list[str] | None,
    done: str,
    method_of: Callable[[Videsk], Callable[[str | Room], object]],
    *,
    yes: bool,
) -> None:
    """Call the API for each room once, and report on each.

    Args:
        context: The account.
        rooms: The ids of the rooms.
        external_ids: The external ids of the rooms, in place of their ids.
        done: What the rooms are then, in a word.
        method_of: Returns the method of a client.
        yes: Whether not to ask before several.

    Raises:
        CommandFailedError: Nobody has confirmed it.
        Exit: A room failed.
    """
    require_one(rooms or None, external_ids or None)
    each_once = list(dict.fromkeys(rooms or external_ids or ()))
    if len(each_once) > 1 and not yes:
        _ask(_QUESTIONS[done].format(len(each_once)), f"nothing was {done}")
    codes: list[ExitCode] = []
    with context.client() as videsk, _warn_when_stopped(_LEFT_OPEN[done]):
        method = method_of(videsk)
        for typed in each_once:
            room, external_id = (typed, None) if rooms else (None, typed)
            error = None
            try:
                found = find(videsk, room, external_id)
                room = found if isinstance(found, str) else found.id
                method(found)
            except VideskError as caught:
                error = caught
            _report(context, room, external_id, done, error)
            codes.append(ExitCode.DONE if error is None else exit_code_of(error))
            if error is not None and is_hopeless(error):
                break
    untried = len(each_once) - len(codes)
    if untried:
        complain(f"{untried} more of these rooms not tried: they would fail alike")
    if any(codes):
        raise typer.Exit(exit_code_of_all(codes))


def _report(
    context: CommandContext,
    room: str | None,
    external_id: str | None,
    done: str,
    error: VideskError | None,
) -> None:
    text = None if error is None else describe_error(error)
    if text is not None:
        complain(f"{room if external_id is None else external_id}: {text}")
    if context.as_json:
        own = {} if external_id is None else {"external_id": external_id}
        write_json({"room": room, **own, done: error is None, "error": text})
    elif error is None:
        own_id = "" if external_id is None else f" ({external_id})"
        context.output().line(f"{done} ", f"{room}{own_id}")


def _ask(question: str, otherwise: str) -> None:
    """Ask for confirmation.

    Raises:
        CommandFailedError: Standard input is no terminal, or the answer is no.
    """
    if not sys.stdin.isatty():
        raise wrong_usage(f"{question} Nobody can be asked here; confirm with --yes")
    # On standard error: what was done may be piped on.
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandFailedError(otherwise)


@contextmanager
def _warn_when_stopped(remedy: str) -> Iterator[None]:
    """Say after Ctrl-C that the request may have been processed, and how to find out."""
    try:
        yield
    except KeyboardInterrupt:
        complain(f"stopped; what was under way may have been done all the same: {remedy}")
        raise
