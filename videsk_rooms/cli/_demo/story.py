"""The life of a room, step by step.

The body of each `with demo.step(…)` is both shown and run. Its checks follow it. They rely only on
what docs/api.md promises, so that they also pass with an account.
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videsk_rooms.models import Room

    from .steps import Demo

_OTHERS = 24


def make_a_client(demo: Demo, api_token: str | None, base_url: str | None) -> Videsk:
    """Create the client for all other steps."""
    with demo.step("Make a client") as step:
        videsk = Videsk(api_token, base_url=base_url)
    where = base_url or os.environ.get("VIDESK_BASE_URL") or "https://api.videsk.io"
    step.equal("where it goes", repr(videsk), f"Videsk(base_url={where.rstrip('/')!r})")
    origin = "the sandbox's" if demo.sandbox else "those of the environment"
    demo.done(step, f"{videsk!r}; token and URL are {origin}")
    return videsk


def run_steps(demo: Demo, videsk: Videsk, prefix: str) -> None:
    """Run all steps after the first.

    Args:
        demo: Records the steps.
        videsk: The client.
        prefix: The prefix of all rooms' external ids.

    Raises:
        VideskError: A step failed; later steps did not run.
    """
    own_id = f"{prefix}-00"
    room = _open_a_room(demo, videsk, own_id)
    others = _create_more(demo, videsk, prefix)
    _find_rooms(demo, videsk, [room, *others], own_id)
    _read_statistics(demo, videsk, room)
    _see_refusals(demo, videsk, room, own_id)
    _end_the_room(demo, videsk, room)
    _end_the_others(demo, videsk, others)


def _open_a_room(demo: Demo, videsk: Videsk, own_id: str) -> Room:
    with (
        demo.rooms.creating(own_id),
        demo.step("Create a room with your own external id") as step,
    ):
        room = videsk.rooms.create(
            name="Demo of videsk-rooms",
            external_id=own_id,
            exp=timedelta(hours=1),
            settings={"maxParticipants": 10},
        )
    step.equal_if_sent("name", room.name, "Demo of videsk-rooms")
    step.equal_if_sent("external_id", room.external_id, own_id)
    step.equal_if_sent("settings", room.settings, {"maxParticipants": 10})
    step.equal("an access token came with it", bool(room.access_token), True)
    demo.done(step, f"room {room.id} ({own_id}), open until {_clock(room.exp)}")

    with demo.step("Let a browser join: a fresh token for its SDK") as step:
        access = videsk.rooms.join(room)
    step.equal("a token came", bool(access.access_token), True)
    if demo.sandbox:
        step.equal("its end", access.exp, room.exp and room.exp.replace(microsecond=0))
    demo.done(step, f"a token (not shown here) that is valid until {_clock(access.exp)}")

    before = datetime.now(timezone.utc)
    with demo.step("Move its start; everything else stays") as step:
        moved = videsk.rooms.update(room, nbf=timedelta(minutes=30))
    ahead = moved.nbf - before - timedelta(minutes=30) if moved.nbf else timedelta()
    # The API has millisecond precision.
    on_time = timedelta(milliseconds=-1) <= ahead <= datetime.now(timezone.utc) - before
    is_right = on_time if moved.nbf else step.live
    step.equal("id", moved.id, room.id)
    step.holds("nbf", is_right, came=_clock(moved.nbf), expected="30 minutes from now")
    step.equal_if_sent("exp", moved.exp, room.exp)
    if demo.sandbox:
        sent = demo.sandbox.requests.of("update")[0].json
        step.equal("fields that were sent", list(sent) if isinstance(sent, dict) else sent, ["nbf"])
    demo.done(step, f"opens at {_clock(moved.nbf)}, still ends at {_clock(moved.exp)}")
    return room


def _create_more(demo: Demo, videsk: Videsk, prefix: str) -> Sequence[Room]:
    own_ids = [f"{prefix}-{number:02}" for number in range(1, _OTHERS + 1)]
    with (
        demo.rooms.creating(*own_ids),
        demo.step("Create two dozen more, within the rate limit automatically") as step,
    ):
        others = [videsk.rooms.create(external_id=own_id) for own_id in own_ids]
    step.equal("different rooms", len({room.id for room in others}), _OTHERS)
    demo.done(step, f"{len(others)} rooms, {own_ids[0]} to {own_ids[-1]}")
    return others


def _find_rooms(demo: Demo, videsk: Videsk, ours: Sequence[Room], own_id: str) -> None:
    with demo.step("List the newest: one page") as step:
        page = videsk.rooms.list(limit=5, sort="-created_at")
    created = [room.created_at for room in page if room.created_at]
    step.equal("rooms on the page", len(page), 5)
    step.equal("newest first", created, sorted(created, reverse=True))
    step.equal("more than this page", page.has_more, True)
    newest = _clock(page[0].created_at)
    demo.done(step, f"{len(page)} of {page.total} rooms, the newest from {newest}")

    # At most 500, because an account may have any number of other rooms.
    with demo.step("Iterate over all rooms until each of ours was found") as step:
        missing = {room.id for room in ours}
        walk = videsk.rooms.iter(sort="-created_at", page_size=10)
        for each in islice(walk, 500):
            missing.discard(each.id)
            if not missing:
                break
    step.equal("rooms that were not found", sorted(missing), [])
    demo.done(step, f"all {len(ours)} of ours, 10 to a page")

    with demo.step("Find the room again by your own id") as step:
        found = videsk.rooms.get_by_external_id(own_id)
    step.equal("id", found.id, ours[0].id)
    step.equal("an access token came with it", bool(found.access_token), True)
    if demo.sandbox:  # docs/api.md, "Operations": Retrieve takes it in the path
        step.equal("what was sent", step.requests, [f"GET /vpaas/rooms/{own_id} 200"])
    demo.done(step, f"room {found.id}, with a fresh token (not shown here)")


def _read_statistics(demo: Demo, videsk: Videsk, room: Room) -> None:
    with demo.step("Read the statistics") as step:
        try:
            stats = videsk.rooms.stats(room)
        except NotFoundError:
            stats = None  # there may be none yet
    # docs/api.md, "Operations": an object of unknown fields, or 404.
    came = "404" if stats is None else type(stats.data).__name__
    step.holds("the response", came in {"404", "dict"}, came=came, expected="an object, or 404")
    fields = "none yet (404)" if stats is None else f"a report of {', '.join(stats.data)}"
    demo.done(step, fields)


def _see_refusals(demo: Demo, videsk: Videsk, room: Room, own_id: str) -> None:
    with demo.refusal("A mistake is refused before anything is sent", InvalidRequestError) as step:
        videsk.rooms.update(room, exp=timedelta(hours=100))
    step.equal("the argument", getattr(step.error, "argument", None), "exp")
    step.equal("what was sent", step.requests, [])
    demo.done(step, "not refused")

    second: Room | None = None
    with demo.refusal("The API refuses an external id that exists already", ConflictError) as step:
        second = videsk.rooms.create(external_id=own_id)
    if second is not None:
        videsk.rooms.end(second)
    step.equal("status", getattr(step.error, "status", None), 409)
    demo.done(step, "not refused")


def _end_the_room(demo: Demo, videsk: Videsk, room: Room) -> None:
    with demo.step("End the room") as step:
        ended = videsk.rooms.end(room)
    step.equal("id", ended.id, room.id)
    step.equal_if_sent("ended", ended.ended, True)
    demo.done(step, "ended: nobody can join it any more; its external_id stays taken")

    with demo.refusal("Nobody can join after that", APIError) as step:
        videsk.rooms.join(room)
    # docs/api.md, "Operations": some 4xx.
    status = getattr(step.error, "status", 0)
    step.holds("status", 400 <= status < 500, came=status, expected="400 to 499")
    demo.done(step, "not refused")

    with demo.step("The API does not delete rooms: end them instead") as step:
        try:
            videsk.rooms.delete(room)
        except PermissionDeniedError as error:
            step.error = error
    try:
        left = f"a room with the id {videsk.rooms.get(room).id}"
    except NotFoundError:
        left = "404"
    expected = f"a room with the id {room.id}" if step.error else "404"
    step.equal("retrieving it again", left, expected)
    demo.done(step, "deleted: this account is allowed to")


def _end_the_others(demo: Demo, videsk: Videsk, others: Sequence[Room]) -> None:
    with demo.step("End the two dozen, too") as step:
        for other in others:
            videsk.rooms.end(other)
    last = videsk.rooms.get(others[-1])
    step.equal_if_sent("the last one, retrieved again, has ended", last.ended, True)
    demo.done(step, f"{len(others)} rooms ended; none of ours is open any more")


def _clock(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else f"{moment:%H:%M:%S} UTC"
