"""`rooms list`, `rooms get` and `rooms stats`: their options, and what they do."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from videsk_rooms.cli._account import CommandContext, asking_an_account
from videsk_rooms.cli._output import complain, write_json, wrong_usage

from .given import Ended, RoomId, ShowToken, Sort, sort_of

if TYPE_CHECKING:
    from videsk_rooms.models import RoomPage


class View(str, Enum):
    """How the statistics of a room can be looked at."""

    REPORT = "report"
    SNAPSHOT = "snapshot"
    SUMMARY = "summary"


@asking_an_account
def list_rooms(
    asked: CommandContext,
    *,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="Rooms on the page. Absent: 10."),
    ] = None,
    skip: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Rooms to pass over before it.")
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
        raise wrong_usage("--all reads every page; leave out --limit and --skip, or leave out it")
    with asked.client() as videsk:
        if not everything:
            _show_page(
                asked,
                videsk.rooms.list(
                    limit=limit, skip=skip, sort=order, ended=ended, external_id=external_id
                ),
            )
            return
        rooms = videsk.rooms.iter(sort=order, ended=ended, external_id=external_id)
        if asked.as_json:
            from videsk_rooms.cli._output import as_json

            for room in rooms:
                write_json(as_json(room))
        else:
            from .shown import show_rooms

            if not show_rooms(asked.output(), rooms):
                complain("there is no such room")


@asking_an_account
def get(
    asked: CommandContext,
    room: Annotated[
        str | None,
        typer.Argument(metavar="[ROOM]", help="The room's id.", show_default=False),
    ] = None,
    *,
    external_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Your own id for the room, in place of the API's."),
    ] = None,
    show_token: ShowToken = False,
) -> None:
    """Show a room.

    Exit code 4: there is none.
    """
    if (room is None) == (external_id is None):
        raise wrong_usage("give either a ROOM or --external-id, to say which room")
    with asked.client() as videsk:
        if external_id is None:
            found = videsk.rooms.get(str(room))
        else:
            found = videsk.rooms.get_by_external_id(external_id)
    from .shown import show_room

    show_room(asked, found, show_token=show_token)


@asking_an_account
def stats(
    asked: CommandContext,
    room: RoomId,
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
) -> None:
    """Show how a room went.

    The API documents no fields of it. With --json the server's object is
    printed untouched. Exit code 4: there is no such room, or nothing yet.
    """
    with asked.client() as videsk:
        data = videsk.rooms.stats(room, view=view.value).data
    if asked.as_json:
        write_json(data)
        return
    from .shown import show_outline

    show_outline(asked.output(), data)


def _show_page(asked: CommandContext, page: RoomPage) -> None:
    from videsk_rooms.cli._output import as_json

    if asked.as_json:
        write_json({**as_json(page), "has_more": page.has_more})
        return
    from .shown import show_rooms

    if not show_rooms(asked.output(), page):
        complain(
            f"no rooms here, of {page.total} in all" if page.total else "there is no such room"
        )
    elif page.has_more:
        after = page.skip + len(page)
        complain(f"{len(page)} of {page.total} rooms; --skip {after} shows the next, --all all")
