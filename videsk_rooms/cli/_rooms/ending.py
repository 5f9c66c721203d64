"""`rooms end` and `rooms delete`: for given rooms, or for all that match."""

from __future__ import annotations

import sys
from datetime import datetime  # noqa: TC003 - typer reads the hints
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from videsk_rooms.cli._account import CommandContext, asking_an_account, find, require_one
from videsk_rooms.cli._output import (
    CommandFailedError,
    below_ctrl_c,
    broken_at_words,
    complain,
    counted,
    describe_error,
    exit_code_of,
    exit_code_of_all,
    is_hopeless,
    write_json,
    wrong_usage,
)
from videsk_rooms.cli._params import ExternalIds, RoomIds  # noqa: TC001 - typer reads the hints
from videsk_rooms.cli._times import start_or_moment
from videsk_rooms.errors import VideskError

from .changing import warn_when_stopped
from .shown import show_rooms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from videsk_rooms.models import Room
    from videsk_rooms.sync import Videsk

Outcome: TypeAlias = "tuple[str | None, str | None, VideskError | None]"
"""The id of a room and its external id, as far as they are known, and the error."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]

_QUESTIONS = {
    "ended": "End {}? It is not documented that an ended room can be reopened.",
    "deleted": "Delete {}? The API as published refuses; `videsk-rooms rooms end` ends them.",
}
_LEFT_OPEN = {
    "ended": "the rooms not named above may still be open",
    "deleted": "the rooms not named above may still exist",
}


def _time_option(text: str) -> object:
    """Make an option that takes a time or a day."""
    return typer.Option(metavar="WHEN", parser=start_or_moment, help=text)


@asking_an_account
def end(
    context: CommandContext,
    rooms: RoomIds = None,
    *,
    external_id: ExternalIds = None,
    created_after: Annotated[
        datetime | None,
        _time_option("All rooms created at or after a time: yesterday, 2026-12-24, '48h ago'."),
    ] = None,
    created_before: Annotated[
        datetime | None,
        _time_option(
            "All rooms created before a time: today, '24h ago', or '2026-12-24 16:00' local."
        ),
    ] = None,
    exp_before: Annotated[
        datetime | None,
        _time_option("All rooms whose exp is earlier."),
    ] = None,
    external_id_like: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="All rooms whose external id matches, as 'ticket-*'."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which of all rooms would be ended; end none.")
    ] = False,
    yes: Yes = False,
) -> None:
    """End rooms: nobody can join them any more. For several it asks, or needs --yes.

    Instead of giving rooms, choose among all rooms that are not over with
    --created-after, --created-before, --exp-before and --external-id-like. A room
    must match all that are given. The command then always asks, with the number
    of rooms. All of yesterday's:

    videsk-rooms rooms end --created-after yesterday --created-before today

    If one room fails, the others are still ended, unless they would fail too.
    With --json each room is an object on its own line: room, ended, error; and
    external_id, unless the rooms were given by id.
    """
    if (created_after, created_before, exp_before, external_id_like) == (None,) * 4:
        if dry_run:
            raise wrong_usage("--dry-run is for --created-before and the like; give one of those")
        _change_named(context, rooms, external_id, "ended", yes=yes)
        return
    if rooms or external_id:
        raise wrong_usage(
            "--created-after, --created-before, --exp-before and --external-id-like choose among "
            "all rooms; leave them out, or ROOM and --external-id"
        )

    def matches(room: Room) -> bool:
        own_id = room.external_id or ""
        return (
            not room.is_over()
            and _is_in(room.created_at, created_after, created_before)
            and _is_in(room.exp, None, exp_before)
            and (external_id_like is None or fnmatchcase(own_id, external_id_like))
        )

    _end_matching(context, matches, yes=yes, dry_run=dry_run)


@asking_an_account
def delete(
    context: CommandContext,
    rooms: RoomIds = None,
    *,
    external_id: ExternalIds = None,
    yes: Yes = False,
) -> None:
    """Delete rooms, if the account allows it. For several it asks, or needs --yes.

    The published API refuses this: use `rooms end` instead. If one room fails,
    the others are still deleted, unless they would fail too. With --json each
    room is an object on its own line: room, deleted, error; and external_id, if
    it was given.
    """
    _change_named(context, rooms, external_id, "deleted", yes=yes)


def _is_in(moment: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    """Return whether a time is in a span; an unknown one is in none that has a bound."""
    if moment is None:
        return start is None and end is None
    return (start is None or start <= moment) and (end is None or moment < end)


# -- matching rooms --------------------------------------------------------------------------------


def _end_matching(
    context: CommandContext, matches: Callable[[Room], bool], *, yes: bool, dry_run: bool
) -> None:
    """End the rooms that match, several at a time, and report on each.

    Args:
        context: The account.
        matches: Returns whether to end a room.
        yes: Whether to skip the confirmation.
        dry_run: Whether to show the rooms, and end none.

    Raises:
        CommandFailedError: It was not confirmed.
        Exit: A room failed.
    """
    with context.client() as videsk:
        # The API has none of these filters (docs/api.md, "Operations").
        with below_ctrl_c():
            rooms = list(filter(matches, videsk.rooms.iter(ended=False)))
        if not rooms:
            complain("no rooms match")
        elif dry_run:
            _show_instead(context, rooms)
        else:
            if not yes:
                _ask("ended", len(rooms))
            _report(context, "ended", len(rooms), _end_all(videsk, rooms))


def _end_all(videsk: Videsk, rooms: list[Room]) -> Iterator[Outcome]:
    """End rooms, in order of completion; stop if the rest would fail, too."""
    is_hopeless_now = False
    # Calls in flight finish.
    tried = takewhile(lambda _: not is_hopeless_now, rooms)
    for outcome in videsk.rooms.update_many({"room": room, "ended": True} for room in tried):
        is_hopeless_now |= outcome.error is not None and is_hopeless(outcome.error)
        room = rooms[outcome.index]
        yield room.id, room.external_id, outcome.error


def _show_instead(context: CommandContext, rooms: list[Room]) -> None:
    if context.as_json:
        for room in rooms:
            own = {"room": room.id, "external_id": room.external_id}
            write_json({**own, "ended": False, "error": None})
    else:
        show_rooms(context.output(), rooms)
    complain(f"{counted(len(rooms), 'room')} would be ended; none was")


# -- given rooms -----------------------------------------------------------------------------------


def _change_named(
    context: CommandContext,
    rooms: list[str] | None,
    external_ids: list[str] | None,
    done: str,
    *,
    yes: bool,
) -> None:
    """End or delete each room once, and report on each.

    Args:
        context: The account.
        rooms: The ids of the rooms.
        external_ids: The external ids of the rooms, instead of their ids.
        done: The past participle for the report: `ended` or `deleted`.
        yes: Whether to skip the confirmation for several rooms.

    Raises:
        CommandFailedError: It was not confirmed.
        Exit: A room failed.
    """
    require_one(rooms or None, external_ids or None)
    ids = [(room, None) for room in dict.fromkeys(rooms or ())]
    own_ids = [(None, external_id) for external_id in dict.fromkeys(external_ids or ())]
    named = [*ids, *own_ids]
    if len(named) > 1 and not yes:
        _ask(done, len(named))
    with context.client() as videsk:
        change = videsk.rooms.end if done == "ended" else videsk.rooms.delete
        _report(context, done, len(named), _one_by_one(videsk, named, change))


def _one_by_one(
    videsk: Videsk,
    named: Sequence[tuple[str | None, str | None]],
    change: Callable[[str | Room], object],
) -> Iterator[Outcome]:
    """Change rooms in order; stop if the rest would fail, too."""
    for room, external_id in named:
        found_id, error = room, None
        try:
            found = find(videsk, room, external_id)
            found_id = found if isinstance(found, str) else found.id
            change(found)
        except VideskError as caught:
            error = caught
        yield found_id, external_id, error
        if error is not None and is_hopeless(error):
            return


# -- of both ---------------------------------------------------------------------------------------


def _ask(done: str, count: int) -> None:
    """Ask for confirmation.

    Raises:
        CommandFailedError: Standard input is not a terminal, or the user declines.
    """
    question = _QUESTIONS[done].format(counted(count, "room"))
    if not sys.stdin.isatty():
        raise wrong_usage(f"{question} There is nobody to ask here; confirm with --yes")
    with below_ctrl_c():
        # On standard error, because the results may be piped.
        text = broken_at_words(f"{question} [y/N]", sys.stderr)
        print(text, end=" ", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip().lower()
    if answer not in {"y", "yes"}:
        raise CommandFailedError(f"nothing was {done}")


def _report(context: CommandContext, done: str, count: int, outcomes: Iterable[Outcome]) -> None:
    """Report on each room as soon as its call is done.

    Args:
        context: How to print it.
        done: The past participle for the report: `ended` or `deleted`.
        count: How many rooms there are.
        outcomes: Their outcomes; fewer if the rest would fail, too.

    Raises:
        Exit: A room failed.
    """
    codes = []
    with warn_when_stopped(_LEFT_OPEN[done]):
        for room, external_id, error in outcomes:
            count -= 1
            if error is not None:
                complain(f"{room if external_id is None else external_id}: {describe_error(error)}")
                codes.append(exit_code_of(error))
            if context.as_json:
                own = {} if external_id is None else {"external_id": external_id}
                text = None if error is None else describe_error(error)
                write_json({"room": room, **own, done: error is None, "error": text})
            elif error is None:
                own_id = "" if external_id is None else f" ({external_id})"
                context.output().line(f"{done} {room}{own_id}")
    if count:
        complain(f"{count} more of these rooms not tried: they would fail, too")
    if codes:
        raise typer.Exit(exit_code_of_all(codes))
