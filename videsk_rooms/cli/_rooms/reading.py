"""`rooms list`, `rooms get` and `rooms stats`."""

from __future__ import annotations

import time
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videsk_rooms.cli._account import (
    CommandContext,
    RoomContext,
    asking_an_account,
    asking_for_a_room,
    seconds_of,
)
from videsk_rooms.cli._output import (
    as_json,
    below_ctrl_c,
    complain,
    describe_error,
    is_hopeless,
    is_missing,
    write_json,
    wrong_usage,
)
from videsk_rooms.cli._params import Ended, ShowToken, sort_of
from videsk_rooms.errors import VideskError

from .shown import columns_of, show_outline, show_room, show_rooms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from videsk_rooms.cli._output import Output
    from videsk_rooms.models import JSONValue, Room, RoomPage


class View(str, Enum):
    """The view of a room's statistics."""

    REPORT = "report"
    SNAPSHOT = "snapshot"
    SUMMARY = "summary"


class Status(str, Enum):
    """Whether people can join a room."""

    OPEN = "open"
    WAITING = "waiting"
    OVER = "over"


@asking_an_account
@below_ctrl_c()
def list_rooms(
    context: CommandContext,
    *,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="Rooms on the page. Default: 10."),
    ] = None,
    skip: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Rooms to skip before the page.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All rooms, each shown as soon as it is read.")
    ] = False,
    sort: Annotated[
        Any,
        typer.Option(
            metavar="FIELDS",
            parser=sort_of,
            show_default=False,
            help="The order: created_at (oldest first), or name,-exp. Default: -created_at, the "
            "newest first.",
        ),
    ] = "-created_at",
    ended: Ended = None,
    status: Annotated[
        Status | None,
        typer.Option(
            "--status",  # typer would derive it from the metavar, which differs only in case
            metavar="STATUS",
            help="Only rooms that are open, waiting (for their nbf) or over, by this machine's "
            "clock. The API has no such filter, so all rooms are read.",
        ),
    ] = None,
    external_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Only the room with this external id.")
    ] = None,
    columns: Annotated[
        Any,
        typer.Option(
            metavar="FIELDS",
            parser=columns_of,
            help="The table's columns, untruncated, such as id,external_id,nbf,exp,status.",
        ),
    ] = None,
) -> None:
    """List rooms: a page of them, or all with --all.

    At 80 columns the table shows only the end of each id; --columns id or --json
    shows it whole. With --json a page is one object, with total, limit, skip,
    has_more and data. With --all or --status each room is an object on its own
    line.
    """
    is_whole = everything or status is not None
    if is_whole and (limit is not None or skip is not None):
        option = "--all" if everything else "--status"
        raise wrong_usage(
            f"{option} reads every page; leave out --limit and --skip, or {option} itself"
        )
    if columns is not None and context.as_json:
        raise wrong_usage("JSON has every field; leave out --columns or --json")
    with context.client() as videsk:
        if is_whole:
            # Somebody is waiting for the table, though it needs all rooms.
            rooms = videsk.with_options(priority="interactive").rooms
            found = rooms.iter(sort=sort, ended=ended, external_id=external_id)
            _show_all(context, (room for room in found if _has(status, room)), columns or ())
            return
        page = videsk.rooms.list(
            limit=limit, skip=skip, sort=sort, ended=ended, external_id=external_id
        )
    is_filtered = (ended, external_id) != (None, None)
    _show_page(context, page, columns or (), is_filtered=is_filtered)


def _has(status: Status | None, room: Room) -> bool:
    """Return whether a room has a status; `None` matches any."""
    if status is None:
        return True
    if room.is_over():
        return status is Status.OVER
    return status is (Status.OPEN if room.is_open() else Status.WAITING)


def _show_all(context: CommandContext, rooms: Iterable[Room], columns: Sequence[str]) -> None:
    if context.as_json:
        for room in rooms:
            write_json(as_json(room))
    elif not show_rooms(context.output(), rooms, columns):
        complain("no rooms match")


def _show_page(
    context: CommandContext, page: RoomPage, columns: Sequence[str], *, is_filtered: bool
) -> None:
    if context.as_json:
        write_json({**as_json(page), "has_more": page.has_more})
    elif not show_rooms(context.output(), page, columns):
        past = f"no rooms after the first {page.skip}, of {page.total}; give a smaller --skip"
        none = "no rooms match" if is_filtered else "the account has no rooms"
        complain(past if page.total else none)
    elif page.has_more:
        after = page.skip + len(page)
        complain(f"{len(page)} of {page.total} rooms; --skip {after} shows the next, --all all")


@asking_for_a_room
@below_ctrl_c()
def get(context: RoomContext, *, show_token: ShowToken = False) -> None:
    """Show a room.

    Exit code 4: there is no such room.
    """
    with context.client() as videsk:
        found = context.find(videsk)
        room = videsk.rooms.get(found) if isinstance(found, str) else found
    show_room(context, room, show_token=show_token)


@asking_for_a_room
@below_ctrl_c()
def stats(
    context: RoomContext,
    *,
    view: Annotated[
        View,
        typer.Option(
            "--view",
            metavar="VIEW",
            help="report: scored, with patterns and recommendations. snapshot: computed live. "
            "summary: the stored roll-up, there once the session is compiled.",
        ),
    ] = View.REPORT,
    watch: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            parser=seconds_of,
            help="Repeat at this interval, until Ctrl-C. Without a terminal, each response is a "
            "line of JSON.",
        ),
    ] = None,
) -> None:
    """Show a room's statistics.

    The API does not document their fields. With --json the server's object is
    printed unchanged. Exit code 4: there is no such room, or no statistics yet.
    """
    output = context.output()
    as_lines = context.as_json or (watch is not None and output.width is None)
    with context.client() as videsk:
        found = context.find(videsk)
        while True:
            try:
                data = videsk.rooms.stats(found, view=view.value).data
            except VideskError as error:
                # A transient error does not end a watch.
                if watch is None or is_missing(error) or is_hopeless(error):
                    raise
                complain(describe_error(error))
            else:
                _show_stats(None if as_lines else output, data, is_watched=watch is not None)
            if watch is None:
                return
            time.sleep(watch)


def _show_stats(output: Output | None, data: Mapping[str, JSONValue], *, is_watched: bool) -> None:
    if output is None:
        write_json(data)
        return
    if is_watched:
        output.console.clear()
        output.line((f"{datetime.now():%H:%M:%S}, until Ctrl-C", "dim"))  # noqa: DTZ005 - for people
    show_outline(output, data)
