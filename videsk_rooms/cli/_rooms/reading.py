"""`rooms list`, `rooms get` and `rooms stats`."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from videsk_rooms.cli._account import CommandContext, asking_an_account
from videsk_rooms.cli._output import as_json, complain, write_json, wrong_usage
from videsk_rooms.cli._params import (
    Ended,
    OwnId,
    RoomId,
    ShowToken,
    Sort,
    find,
    require_one,
    sort_of,
)

if TYPE_CHECKING:
    from videsk_rooms.models import RoomPage


class View(str, Enum):
    """How the statistics of a room can be looked at."""

    REPORT = "report"
    SNAPSHOT = "snapshot"
    SUMMARY = "summary"


@asking_an_account
def list_rooms(
    context: CommandContext,
    *,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="Rooms on the page. Absent: 10."),
    ] = None,
    skip: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Rooms to skip before it.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All rooms, each shown as soon as it is read.")
    ] = False,
    sort: Sort = None,
    ended: Ended = None,
    external_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Only the room with this external id.")
    ] = None,
) -> None:
    """List rooms: a page of them, or with --all every one.

    With --json a page is one object, with total, limit, skip, has_more and
    data; with --all each room is an object on a line of its own.
    """
    order = sort_of(sort)
    if everything and (limit is not None or skip is not None):
        raise wrong_usage("--all reads every page; leave out --limit and --skip, or --all itself")
    with context.client() as videsk:
        if not everything:
            page = videsk.rooms.list(
                limit=limit, skip=skip, sort=order, ended=ended, external_id=external_id
            )
            _show_page(context, page)
            return
        # Somebody waits for the table, though all rooms are read.
        somebody = videsk.with_options(priority="interactive")
        rooms = somebody.rooms.iter(sort=order, ended=ended, external_id=external_id)
        if context.as_json:
            for room in rooms:
                write_json(as_json(room))
        else:
            from .shown import show_rooms

            if not show_rooms(context.output(), rooms):
                complain("no rooms match")


@asking_an_account
def get(
    context: CommandContext,
    room: RoomId = None,
    *,
    external_id: OwnId = None,
    show_token: ShowToken = False,
) -> None:
    """Show a room.

    Exit code 4: there is none.
    """
    require_one(room, external_id)
    with context.client() as videsk:
        if external_id is None:
            found = videsk.rooms.get(str(room))
        else:
            found = videsk.rooms.get_by_external_id(external_id)
    from .shown import show_room

    show_room(context, found, show_token=show_token)


@asking_an_account
def stats(
    context: CommandContext,
    room: RoomId = None,
    *,
    external_id: OwnId = None,
    view: Annotated[
        View,
        typer.Option(
            "--view",
            metavar="VIEW",
            help="report: scored, with patterns and recommendations. snapshot: computed live. "
            "summary: the stored roll-up, there once the session is compiled.",
        ),
    ] = View.REPORT,
) -> None:
    """Show how a room went.

    The API documents no fields of it. With --json the server's object is
    printed untouched. Exit code 4: there is no such room, or nothing yet.
    """
    require_one(room, external_id)
    with context.client() as videsk:
        data = videsk.rooms.stats(find(videsk, room, external_id), view=view.value).data
    if context.as_json:
        write_json(data)
        return
    from .shown import show_outline

    show_outline(context.output(), data)


def _show_page(context: CommandContext, page: RoomPage) -> None:
    if context.as_json:
        write_json({**as_json(page), "has_more": page.has_more})
        return
    from .shown import show_rooms

    if not show_rooms(context.output(), page):
        past = f"no rooms after the first {page.skip}, of {page.total}; give a smaller --skip"
        complain(past if page.total else "no rooms match")
    elif page.has_more:
        after = page.skip + len(page)
        complain(f"{len(page)} of {page.total} rooms; --skip {after} shows the next, --all all")
