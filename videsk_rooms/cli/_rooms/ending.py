"""`rooms end` and `rooms delete`: rooms that are named, or all that match."""

from __future__ import annotations

import sys
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated

import typer

from videsk_rooms.cli._account import CommandContext, asking_an_account
from videsk_rooms.cli._output import (
    CommandFailedError,
    ExitCode,
    complain,
    counted,
    describe_error,
    exit_code_of,
    exit_code_of_all,
    is_hopeless,
    write_json,
    wrong_usage,
)
from videsk_rooms.cli._params import ExternalIds, RoomIds, find, require_one
from videsk_rooms.errors import VideskError

from .changing import warn_when_stopped
from .matching import CreatedAfter, CreatedBefore, ExpBefore, ExternalIdLike, RoomFilter

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms.models import Room
    from videsk_rooms.sync import Videsk

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before several.")]

_QUESTIONS = {
    "ended": "End {}? It is not documented that an ended room can be opened again.",
    "deleted": "Delete {}? The API as published refuses; `videsk-rooms rooms end` ends them.",
}
_LEFT_OPEN = {
    "ended": "the rooms not named above may still be open",
    "deleted": "the rooms not named above may still be there",
}


@asking_an_account
def end(
    context: CommandContext,
    rooms: RoomIds = None,
    *,
    external_id: ExternalIds = None,
    created_after: CreatedAfter = None,
    created_before: CreatedBefore = None,
    exp_before: ExpBefore = None,
    external_id_like: ExternalIdLike = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which of all rooms would be ended; end none.")
    ] = False,
    yes: Yes = False,
) -> None:
    """End rooms: nobody can join them any more. Before several it asks, or needs --yes.

    In place of naming rooms, say which of all rooms that are not over:
    --created-after, --created-before, --exp-before, --external-id-like. Of
    several that are given, a room has to match each. It then always asks, with
    their number. All of yesterday's:

    videsk-rooms rooms end --created-after yesterday --created-before today

    One that fails does not keep the others, unless they would fail alike. With
    --json each room is an object on a line of its own: room, ended, error; and
    external_id, if rooms were not named by their ids.
    """
    filters = (created_after, created_before, exp_before, external_id_like)
    if all(each is None for each in filters):
        if dry_run:
            raise wrong_usage("--dry-run is for --created-before and the like; give one of those")
        _change_each(context, rooms, external_id, "ended", lambda videsk: videsk.rooms.end, yes=yes)
        return
    if rooms or external_id:
        raise wrong_usage(
            "--created-after, --created-before, --exp-before and --external-id-like choose among "
            "all rooms; leave them out, or ROOM and --external-id"
        )
    _end_matching(context, RoomFilter(*filters), yes=yes, dry_run=dry_run)


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


def _end_matching(context: CommandContext, chosen: RoomFilter, *, yes: bool, dry_run: bool) -> None:
    """End the rooms that match, several at a time, and report on each.

    Args:
        context: The account.
        chosen: Which rooms.
        yes: Whether not to ask.
        dry_run: Whether to show the rooms, and end none.

    Raises:
        CommandFailedError: Nobody has confirmed it.
        Exit: A room failed.
    """
    with context.client() as videsk:
        # The API filters by none of these (docs/api.md, "Operations").
        rooms = [room for room in videsk.rooms.iter(ended=False) if chosen.matches(room)]
        if not rooms:
            complain("no rooms match")
            return
        if dry_run:
            _show_instead(context, rooms)
            return
        if not yes:
            _ask(_QUESTIONS["ended"].format(counted(len(rooms), "room")), "nothing was ended")
        report = _Report(context, "ended", of=len(rooms))
        with warn_when_stopped(_LEFT_OPEN["ended"]):
            # No break: what is under way comes to its end.
            tried = takewhile(report.goes_on, rooms)
            for outcome in videsk.rooms.update_many({"room": r, "ended": True} for r in tried):
                room = rooms[outcome.index]
                report.add(room.id, room.external_id, outcome.error)
    report.conclude()


def _show_instead(context: CommandContext, rooms: list[Room]) -> None:
    if context.as_json:
        for room in rooms:
            own = {"room": room.id, "external_id": room.external_id}
            write_json({**own, "ended": False, "error": None})
    else:
        from .shown import show_rooms

        show_rooms(context.output(), rooms)
    complain(f"{counted(len(rooms), 'room')} would be ended; none was")


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
        _ask(_QUESTIONS[done].format(counted(len(each_once), "room")), f"nothing was {done}")
    report = _Report(context, done, of=len(each_once))
    with context.client() as videsk, warn_when_stopped(_LEFT_OPEN[done]):
        method = method_of(videsk)
        for typed in takewhile(report.goes_on, each_once):
            room, external_id = (typed, None) if rooms else (None, typed)
            error = None
            try:
                found = find(videsk, room, external_id)
                room = found if isinstance(found, str) else found.id
                method(found)
            except VideskError as caught:
                error = caught
            report.add(room, external_id, error)
    report.conclude()


class _Report:
    """Reports on each room as soon as it is done with.

    Args:
        context: How to print it.
        done: What the rooms are then, in a word.
        of: How many rooms there are.
    """

    def __init__(self, context: CommandContext, done: str, *, of: int) -> None:
        self._context = context
        self._done = done
        self._untried = of
        self._codes: list[ExitCode] = []
        self._is_hopeless = False

    def goes_on(self, _room: object) -> bool:
        """Return whether another room would not fail as all others would."""
        return not self._is_hopeless

    def add(self, room: str | None, external_id: str | None, error: VideskError | None) -> None:
        """Print what became of a room."""
        self._untried -= 1
        text = None
        if error is not None:
            text = describe_error(error)
            complain(f"{room if external_id is None else external_id}: {text}")
            self._codes.append(exit_code_of(error))
            self._is_hopeless |= is_hopeless(error)
        if self._context.as_json:
            own = {} if external_id is None else {"external_id": external_id}
            write_json({"room": room, **own, self._done: error is None, "error": text})
        elif error is None:
            own_id = "" if external_id is None else f" ({external_id})"
            self._context.output().line(f"{self._done} {room}{own_id}")

    def conclude(self) -> None:
        """End the command.

        Raises:
            Exit: A room failed.
        """
        if self._untried:
            complain(f"{self._untried} more of these rooms not tried: they would fail alike")
        if self._codes:
            raise typer.Exit(exit_code_of_all(self._codes))


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
