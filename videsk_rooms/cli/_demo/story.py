"""The life of a room, step by step.

The body of each `with demo.step(…)` is what is shown, and what is run. The checks follow below it:
against what came back, and in a sandbox also against what the sandbox holds and was sent. Against
an account they ask for no more than docs/api.md promises.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import TYPE_CHECKING

from videsk_rooms.errors import (
    APIError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
)
from videsk_rooms.sync import Videsk

from .steps import describe

if TYPE_CHECKING:
    from videsk_rooms.models import Room, RoomStats

    from .steps import Demo

__all__ = ["make_a_client", "tell"]

_OTHERS = 24


def make_a_client(demo: Demo, api_token: str | None, base_url: str | None) -> Videsk:
    """Show how a client is made."""
    with demo.step("Make a client") as step:
        videsk = Videsk(api_token, base_url=base_url)
    where = base_url or os.environ.get("VIDESK_BASE_URL") or "https://api.videsk.io"
    step.equal("where it goes", repr(videsk), f"Videsk(base_url={where.rstrip('/')!r})")
    if demo.sandbox:
        step.equal("requests sent by it", len(demo.sandbox.requests), 0)
        origin = "token and URL are the sandbox's"
    else:
        origin = "token and URL are those of the environment"
    demo.done(step, f"{videsk!r}; {origin}")
    return videsk


def tell(demo: Demo, videsk: Videsk, ours: str) -> None:
    """Run all steps after the first.

    Args:
        demo: What takes the steps down.
        videsk: The client.
        ours: How the `external_id` of each room begins.

    Raises:
        VideskError: A step failed; the steps after it were not run.
    """
    room = create_a_room(demo, videsk, ours)
    let_a_browser_in(demo, videsk, room)
    move_its_start(demo, videsk, room)
    others = create_more(demo, videsk, ours)
    list_the_newest(demo, videsk)
    find_each_of_them(demo, videsk, [room, *others])
    find_it_by_its_own_id(demo, videsk, room, ours)
    read_its_statistics(demo, videsk, room)
    see_a_slip_refused(demo, videsk, room)
    see_an_error_of_the_api(demo, videsk, room, ours)
    end_the_room(demo, videsk, room, ours)
    see_a_join_refused(demo, videsk, room)
    see_a_deletion_refused(demo, videsk, room)
    end_the_others(demo, videsk, others, ours)


def create_a_room(demo: Demo, videsk: Videsk, ours: str) -> Room:
    """Show how a room is created."""
    with (
        demo.belongings.creating(f"{ours}-00"),
        demo.step("Create a room, known by an id of your own") as step,
    ):
        room = videsk.rooms.create(
            name="Demo of videsk-rooms",
            external_id=f"{ours}-00",
            exp=timedelta(hours=1),
            settings={"maxParticipants": 10},
        )
    demo.belongings.made(f"{ours}-00", room.id)
    step.equal_if_sent("name", room.name, "Demo of videsk-rooms")
    step.equal_if_sent("external_id", room.external_id, f"{ours}-00")
    step.equal("an access token came with it", bool(room.access_token), True)
    if demo.sandbox:
        (stored,) = demo.sandbox.rooms
        step.equal("id in the sandbox", stored["id"], room.id)
        step.equal("exp in the sandbox", stored["exp"], _as_sent(room.exp))
        step.equal("settings in the sandbox", stored["settings"], {"maxParticipants": 10})
    demo.done(step, f"room {room.id} ({ours}-00), open until {_clock(room.exp)}")
    return room


def let_a_browser_in(demo: Demo, videsk: Videsk, room: Room) -> None:
    """Show how an access token is handed out."""
    with demo.step("Let a browser in: a fresh token for its SDK") as step:
        access = videsk.rooms.join(room)
    step.equal("a token came", bool(access.access_token), True)
    if demo.sandbox:
        (stored,) = demo.sandbox.rooms
        step.equal("its jti", access.jti, _last_jti(stored["authorizations"]))
        step.equal("its end", _as_sent(access.exp, "seconds"), _as_sent(room.exp, "seconds"))
    demo.done(step, f"a token (not shown here) that is good until {_clock(access.exp)}")


def move_its_start(demo: Demo, videsk: Videsk, room: Room) -> None:
    """Show how a room is changed."""
    before = _now()
    with demo.step("Move its start; all else stays as it is") as step:
        moved = videsk.rooms.update(room, nbf=timedelta(minutes=30))
    earliest, latest = (moment + timedelta(minutes=30) for moment in (before, _now()))
    step.equal("id", moved.id, room.id)
    step.holds(
        "nbf",
        earliest <= moved.nbf <= latest if moved.nbf else demo.live,
        came=_as_sent(moved.nbf),
        expected=f"{_as_sent(earliest)} to {_as_sent(latest)}",
    )
    step.equal_if_sent("exp", _as_sent(moved.exp), _as_sent(room.exp))
    if demo.sandbox:
        (request,), (stored,) = demo.sandbox.requests.of("update"), demo.sandbox.rooms
        step.equal("what was sent", request.json, {"nbf": _as_sent(moved.nbf)})
        step.equal("nbf in the sandbox", stored["nbf"], _as_sent(moved.nbf))
    demo.done(step, f"opens at {_clock(moved.nbf)}, still ends at {_clock(moved.exp)}")


def create_more(demo: Demo, videsk: Videsk, ours: str) -> list[Room]:
    """Make enough rooms for several pages."""
    names = [f"{ours}-{number:02}" for number in range(1, _OTHERS + 1)]
    with (
        demo.belongings.creating(*names),
        demo.step("Create two dozen more, within the rate limit by itself") as step,
    ):
        others = [videsk.rooms.create(external_id=name) for name in names]
    for name, room in zip(names, others, strict=True):
        demo.belongings.made(name, room.id)
    step.equal("different rooms", len({room.id for room in others}), _OTHERS)
    if demo.sandbox:
        stored = [room["externalId"] for room in demo.sandbox.rooms]
        step.equal("external ids in the sandbox", stored[1:], names)
    demo.done(step, f"{len(others)} rooms, {names[0]} to {names[-1]}")
    return others


def list_the_newest(demo: Demo, videsk: Videsk) -> None:
    """Show one page of rooms."""
    with demo.step("List the newest: one page") as step:
        page = videsk.rooms.list(limit=5, sort="-created_at")
    created = [room.created_at for room in page if room.created_at]
    step.equal("rooms on the page", len(page), 5)
    step.equal("newest first", created, sorted(created, reverse=True))
    step.equal("more than this page", page.has_more, True)
    if demo.sandbox:
        stored = sorted((str(room["createdAt"]) for room in demo.sandbox.rooms), reverse=True)
        step.equal("created", [_as_sent(moment) for moment in created], stored[:5])
        step.equal("total", page.total, len(stored))
    demo.done(
        step, f"{len(page)} of {page.total} rooms, the newest from {_clock(page[0].created_at)}"
    )


def find_each_of_them(demo: Demo, videsk: Videsk, rooms: list[Room]) -> None:
    """Show how all rooms are read, page by page."""
    # At most 500, and not to the end: an account may have any number of other rooms.
    with demo.step("Walk through all rooms until each of ours came by") as step:
        missing = {room.id for room in rooms}
        walk = videsk.rooms.iter(sort="-created_at", page_size=10)
        for room in islice(walk, 500):
            missing.discard(room.id)
            if not missing:
                break
    step.equal("rooms that did not come by", sorted(missing), [])
    if demo.sandbox:
        pages = [
            record for record in demo.sandbox.requests.of("list") if _size(record.query) == "10"
        ]
        step.equal("pages", len(pages), 3)
    demo.done(step, f"all {len(rooms)} of ours, 10 to a page")


def find_it_by_its_own_id(demo: Demo, videsk: Videsk, room: Room, ours: str) -> None:
    """Show how a room is retrieved by the caller's own id."""
    with demo.step("Find the room again by your own id") as step:
        found = videsk.rooms.get_by_external_id(f"{ours}-00")
    step.equal("id", found.id, room.id)
    step.equal("an access token came with it", bool(found.access_token), True)
    if demo.sandbox:
        # docs/api.md, "Operations": Retrieve takes it in the path.
        step.equal("what was sent", step.requests, [f"GET /vpaas/rooms/{ours}-00 200"])
    demo.done(step, f"room {found.id}, with a fresh token (not shown here)")


def read_its_statistics(demo: Demo, videsk: Videsk, room: Room) -> None:
    """Show the statistics of a room."""
    stats: RoomStats | None = None
    with demo.step("Read how it went") as step:
        try:
            stats = videsk.rooms.stats(room)
        except NotFoundError:
            stats = None  # there may be none yet
    if demo.sandbox:
        step.equal("roomId", stats and stats.data.get("roomId"), room.id)
    else:
        # docs/api.md, "Operations": an object of unknown fields, or 404.
        what = "404" if stats is None else type(stats.data).__name__
        step.holds("the answer", what in {"404", "dict"}, came=what, expected="an object, or 404")
    fields = "none yet (404)" if stats is None else f"a report of {', '.join(stats.data)}"
    demo.done(step, fields or "an empty report")


def see_a_slip_refused(demo: Demo, videsk: Videsk, room: Room) -> None:
    """Show an error that is raised before anything is sent."""
    with demo.refusal("A slip is refused before anything is sent", InvalidRequestError) as step:
        videsk.rooms.update(room, exp=timedelta(hours=100))
    step.equal("the argument", getattr(step.error, "argument", None), "exp")
    if demo.sandbox:
        step.equal("what was sent", step.requests, [])
    demo.done(step, describe(step.error))


def see_an_error_of_the_api(demo: Demo, videsk: Videsk, room: Room, ours: str) -> None:
    """Show an error that the API raises."""
    demo.belongings.doubt(f"{ours}-00")  # a second one, should the API not refuse it
    with demo.refusal("The API refuses an id that is taken", ConflictError) as step:
        videsk.rooms.create(external_id=f"{ours}-00")
    if step.error:
        demo.belongings.made(f"{ours}-00", room.id)
    step.equal("status", getattr(step.error, "status", None), 409)
    if demo.sandbox:
        step.equal("rooms in the sandbox", len(demo.sandbox.rooms), _OTHERS + 1)
    demo.done(step, describe(step.error))


def end_the_room(demo: Demo, videsk: Videsk, room: Room, ours: str) -> None:
    """Show how a room is ended."""
    with demo.step("End the room") as step:
        ended = videsk.rooms.end(room)
    demo.belongings.ended(f"{ours}-00", room.id)
    step.equal("id", ended.id, room.id)
    step.equal_if_sent("ended", ended.ended, True)
    if demo.sandbox:
        stored = {stored["id"]: stored["ended"] for stored in demo.sandbox.rooms}
        step.equal("ended in the sandbox", stored[room.id], True)
        step.equal("what was sent", demo.sandbox.requests[-1].json, {"ended": True})
    demo.done(step, "ended: nobody can join it any more; its external_id stays taken")


def see_a_join_refused(demo: Demo, videsk: Videsk, room: Room) -> None:
    """Show that nobody is let into a room that was ended."""
    with demo.refusal("Nobody is let in after that", APIError) as step:
        videsk.rooms.join(room)
    # docs/api.md, "Operations": some 4xx.
    status = getattr(step.error, "status", 0)
    step.holds("status", 400 <= status < 500, came=status, expected="400 to 499")
    demo.done(step, describe(step.error))


def see_a_deletion_refused(demo: Demo, videsk: Videsk, room: Room) -> None:
    """Show that rooms cannot be deleted; an account may be allowed to, and then it is."""
    refused: PermissionDeniedError | None = None
    with demo.step("The API deletes no room: rooms are ended instead") as step:
        try:
            videsk.rooms.delete(room)
        except PermissionDeniedError as error:
            refused = error
    step.error = refused
    if demo.sandbox:
        step.equal("status", refused and refused.status, 403)
    step.equal("asking for it again", _status_of(videsk, room), "a room" if refused else "404")
    demo.done(step, describe(refused) if refused else "deleted: this account is allowed to")


def end_the_others(demo: Demo, videsk: Videsk, others: list[Room], ours: str) -> None:
    """End the rest."""
    with demo.step("End the two dozen, too") as step:
        for other in others:
            videsk.rooms.end(other)
    for number, other in enumerate(others, start=1):
        demo.belongings.ended(f"{ours}-{number:02}", other.id)
    last = videsk.rooms.get(others[-1])
    step.equal_if_sent("the last one, asked for again, has ended", last.ended, True)
    if demo.sandbox:
        open_threads = [stored["id"] for stored in demo.sandbox.rooms if not stored["ended"]]
        step.equal("open in the sandbox", open_threads, [])
    demo.done(step, f"{len(others)} rooms ended; none of ours is open any more")


# -- for the checks -------------------------------------------------------------------------------


def _status_of(videsk: Videsk, room: Room) -> str:
    """Ask for a room and tell the status of the answer."""
    try:
        videsk.rooms.get(room)
    except APIError as error:
        return str(error.status)
    return "a room"


def _now() -> datetime:
    """Return now as the API knows it, in milliseconds."""
    now = datetime.now(timezone.utc)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _as_sent(moment: datetime | None, timespec: str = "milliseconds") -> str | None:
    """Write a time as the API does (docs/api.md, "On the wire")."""
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


def _clock(moment: datetime | None) -> str:
    return "a time not told" if moment is None else f"{moment:%H:%M:%S} UTC"


def _last_jti(authorizations: object) -> object:
    return authorizations[-1]["jti"] if isinstance(authorizations, list) else None


def _size(query: tuple[tuple[str, str], ...]) -> str | None:
    return dict(query).get("$limit")
