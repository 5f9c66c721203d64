"""Every operation on both faces: written once, run awaited and blocking."""

from __future__ import annotations

import asyncio
import inspect
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast, get_args

import jwt
import pytest

from videsk_rooms import (
    APIError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    Progress,
    Room,
    Rooms,
    StatsView,
    Videsk,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from videsk_rooms import AsyncVidesk, RoomChange, RoomSpec
    from videsk_rooms.sandbox import Sandbox

UNKNOWN_ID = "64f1a2b3c4d5e6f7a8b9c0d1"
HOUR = timedelta(hours=1)


class AsIfAwaited:
    """A blocking client, called as if it were an awaited one: in threads beside the loop."""

    def __init__(self, blocking: Videsk | Rooms) -> None:
        self._blocking = blocking

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._blocking, name)
        if isinstance(found, Rooms):
            return AsIfAwaited(found)

        async def call(*arguments: object, **keywords: object) -> object:
            return await asyncio.to_thread(found, *arguments, **keywords)

        def iterate(*arguments: object, **keywords: object) -> AsyncIterator[object]:
            return _awaited(found(*arguments, **keywords))

        return iterate if name == "iter" or name.endswith("_many") else call


async def _awaited(iterator: Iterator[object]) -> AsyncIterator[object]:
    end = object()
    while (item := await asyncio.to_thread(next, iterator, end)) is not end:
        yield item


@pytest.fixture(params=["awaited", "blocking"])
def face(request: pytest.FixtureRequest) -> AsyncVidesk:
    """A client of either face on the sandbox: one attempt a call, no pacing."""
    if request.param == "awaited":
        return cast("AsyncVidesk", request.getfixturevalue("once"))
    return cast("AsyncVidesk", AsIfAwaited(request.getfixturevalue("blocking_once")))


def the_room(sandbox: Sandbox) -> dict[str, object]:
    """Return the only room that the sandbox holds, as the API writes it."""
    (held,) = sandbox.rooms
    return held


def on_the_wire(instant: datetime | None) -> str | None:
    """Write an instant as the API does (docs/api.md, "On the wire")."""
    if instant is None:
        return None
    return f"{instant.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def claims(token: str | None) -> dict[str, Any]:
    """Read a token as a browser's SDK would, without the key."""
    assert token is not None
    return dict(jwt.decode(token, options={"verify_signature": False}))


async def read_ids(rooms: AsyncIterator[Room], *, into: list[str]) -> None:
    """Read an iterator as far as it comes."""
    async for room in rooms:
        into.append(room.id)  # noqa: PERF401 - what came before an error is kept


async def ask(face: AsyncVidesk, operation: str, arguments: dict[str, object]) -> None:
    """Call an operation that is known by its name only."""
    outcome = getattr(face.rooms, operation)(**arguments)
    if inspect.isawaitable(outcome):
        await outcome


# -- the operations -------------------------------------------------------------------------------


async def test_create(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """The room comes back as it was asked for and as it is held, with a token for a browser."""
    nbf, exp = sandbox.now + HOUR, sandbox.now + 2 * HOUR
    room = await face.rooms.create(
        name="Reunión 🎥",
        external_id="ticket-1",
        nbf=nbf,
        exp=exp,
        settings={"maxParticipants": 10},
    )
    held = the_room(sandbox)
    assert (room.id, room.name, room.external_id) == (held["id"], "Reunión 🎥", "ticket-1")
    assert (held["name"], held["externalId"]) == ("Reunión 🎥", "ticket-1")
    assert held["settings"] == room.settings == {"maxParticipants": 10}
    assert held["nbf"] == on_the_wire(room.nbf) == on_the_wire(nbf)
    assert held["exp"] == on_the_wire(room.exp) == on_the_wire(exp)
    assert claims(room.access_token)["exp"] == int(exp.timestamp())


async def test_create_without_arguments(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Nothing is needed: the rest is made up (docs/api.md, "Operations")."""
    room = await face.rooms.create()
    held = the_room(sandbox)
    assert (room.name, room.external_id) == (held["name"], held["externalId"])
    assert room.nbf is not None
    assert room.exp == room.nbf + 3 * HOUR


async def test_create_with_a_taken_external_id(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """The second room is refused, and the first one stays as it is."""
    await face.rooms.create(name="First", external_id="ticket-1")
    with pytest.raises(ConflictError, match="get_by_external_id"):
        await face.rooms.create(name="Second", external_id="ticket-1")
    assert the_room(sandbox)["name"] == "First"


async def test_get(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """A room is found by its id and by the `Room`, with a fresh token each time."""
    held = sandbox.add_room(name="Support")
    by_id = await face.rooms.get(str(held["id"]))
    by_room = await face.rooms.get(by_id)
    assert (by_id.id, by_id.name) == (by_room.id, by_room.name) == (held["id"], "Support")
    assert claims(by_id.access_token)["jti"] != claims(by_room.access_token)["jti"]


async def test_get_by_external_id(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """One request finds the room among others, with a fresh token (docs/api.md, "Operations")."""
    sandbox.add_rooms(3)
    held = sandbox.add_room(external_id="ticket-1")
    room = await face.rooms.get_by_external_id("ticket-1")
    assert (room.id, room.external_id) == (held["id"], "ticket-1")
    assert claims(room.access_token)["room"] == held["id"]
    assert len(sandbox.requests) == 1


async def test_get_or_create_renews_a_room_that_is_over(
    face: AsyncVidesk, sandbox: Sandbox
) -> None:
    """What comes back can be entered."""
    room = await face.rooms.create(external_id="ticket-1")
    await face.rooms.end(room)
    renewed = await face.rooms.get_or_create("ticket-1", exp=2 * HOUR, renew=True)
    assert (renewed.id, renewed.is_open()) == (room.id, True)
    assert claims(renewed.access_token)["room"] == room.id
    assert (await face.rooms.join(room)).access_token


async def test_end(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Nobody can join any more; ending it twice is fine."""
    room = await face.rooms.create()
    for _ in range(2):
        ended = await face.rooms.end(room)
        assert (ended.id, ended.ended, ended.is_over()) == (room.id, True, True)
    with pytest.raises(APIError):
        await face.rooms.join(room)
    assert the_room(sandbox)["ended"] is True


async def test_update_ends_a_room_and_opens_it_again(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """`end` is the shorter way of the one; of the other there is no other."""
    room = await face.rooms.create()
    assert (await face.rooms.update(room, ended=True)).is_over()
    assert (await face.rooms.update(room, ended=False)).is_open()
    assert (await face.rooms.join(room)).access_token


async def test_update(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """What is given changes, here and there, and the rest stays."""
    room = await face.rooms.create(name="Before", external_id="ticket-1", settings={"a": 1})
    before = the_room(sandbox)
    changed = await face.rooms.update(room, name="After", external_id="ticket-2")
    held = the_room(sandbox)
    assert (held["name"], held["externalId"]) == ("After", "ticket-2")
    assert (changed.name, changed.external_id) == ("After", "ticket-2")
    unchanged = ("id", "settings", "nbf", "exp", "createdAt")
    assert [held[field] for field in unchanged] == [before[field] for field in unchanged]
    assert changed.access_token is None


@pytest.mark.videsk_sandbox(update_token=True)
async def test_update_with_a_token(face: AsyncVidesk) -> None:
    """The API may answer with a token, too (docs/api.md, "Operations")."""
    room = await face.rooms.create()
    changed = await face.rooms.update(room, name="After")
    assert claims(changed.access_token)["room"] == room.id


async def test_update_to_a_taken_external_id(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """An external id stays with the room that has it."""
    sandbox.add_room(external_id="taken")
    room = await face.rooms.create(external_id="ticket-1")
    with pytest.raises(ConflictError):
        await face.rooms.update(room, external_id="taken")
    assert [held["externalId"] for held in sandbox.rooms] == ["taken", "ticket-1"]


@pytest.mark.videsk_sandbox(deletion=True)
async def test_delete(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """The room is gone, and no other one."""
    kept, gone = sandbox.add_rooms(2)
    await face.rooms.delete(gone)
    assert the_room(sandbox)["id"] == kept


async def test_join(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """The token carries the room's window and its own name, by which the server lists it."""
    room = await face.rooms.create()
    access = await face.rooms.join(room)
    assert room.nbf is not None
    assert room.exp is not None
    # A JWT tells whole seconds.
    assert access.nbf == room.nbf.replace(microsecond=0)
    assert access.exp == room.exp.replace(microsecond=0)
    assert access.claims == claims(access.access_token)
    authorizations = (await face.rooms.get(room)).authorizations
    assert authorizations is not None
    assert [(entry.jti, entry.ip) for entry in authorizations] == [(access.jti, "127.0.0.1")]


@pytest.mark.parametrize("view", get_args(StatsView))
async def test_stats(face: AsyncVidesk, sandbox: Sandbox, view: StatsView) -> None:
    """Each view of a room that is over comes as the server has it."""
    room = await face.rooms.create()
    access = await face.rooms.join(room)
    sandbox.advance(3 * HOUR)
    stats = await face.rooms.stats(room, view=view)
    assert stats.view == view
    assert (stats.data["view"], stats.data["roomId"]) == (view, room.id)
    assert dict(sandbox.requests[-1].query) == {"view": view}
    if view != "report":
        (peer,) = cast("list[dict[str, object]]", stats.data["peers"])
        assert peer["jti"] == access.jti


async def test_stats_are_the_report_unless_asked_for(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """The default view is the report (docs/api.md, "Operations")."""
    (room_id,) = sandbox.add_rooms(1)
    stats = await face.rooms.stats(room_id)
    assert (stats.view, stats.data["view"]) == ("report", "report")


async def test_a_summary_before_there_is_one(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """The roll-up is there once the session is compiled (docs/api.md, "Operations")."""
    (room_id,) = sandbox.add_rooms(1)
    with pytest.raises(NotFoundError):
        await face.rooms.stats(room_id, view="summary")


async def test_list(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """A page says where it stands and how many rooms there are in all."""
    ids = sandbox.add_rooms(15)
    page = await face.rooms.list(limit=4, skip=3, sort="-created_at")
    assert (page.total, page.limit, page.skip, page.has_more) == (15, 4, 3, True)
    assert [room.id for room in page] == list(reversed(ids))[3:7]


async def test_list_without_arguments(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Ten rooms from the start (docs/api.md, "Operations")."""
    sandbox.add_rooms(12)
    page = await face.rooms.list()
    assert (page.total, page.limit, page.skip, len(page)) == (12, 10, 0, 10)


@pytest.mark.parametrize(("ended", "expected"), [(True, ["over"]), (False, ["open"])])
async def test_list_by_state(
    face: AsyncVidesk, sandbox: Sandbox, ended: bool, expected: list[str]
) -> None:
    """Rooms that are over are told from those that are not."""
    sandbox.add_room(external_id="over", exp=sandbox.now)
    sandbox.add_room(external_id="open")
    page = await face.rooms.list(ended=ended)
    assert [room.external_id for room in page] == expected
    assert [room.ended for room in page] == [ended]


async def test_list_by_external_id(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """The filter finds the one room, or an empty page."""
    held = sandbox.add_room(external_id="ticket-1")
    sandbox.add_rooms(2)
    found = await face.rooms.list(external_id="ticket-1")
    assert [room.id for room in found] == [held["id"]]
    assert len(await face.rooms.list(external_id="ticket-2")) == 0


async def test_iter(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """All rooms come, oldest first, each once, by pages of a hundred."""
    ids = sandbox.add_rooms(250)
    assert [room.id async for room in face.rooms.iter()] == list(ids)
    assert {dict(record.query)["$limit"] for record in sandbox.requests.of("list")} == {"100"}


async def test_iter_with_arguments(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Order, state and size of the pages are the caller's."""
    sandbox.add_room(name="over", exp=sandbox.now)
    for name in ("b", "d", "a", "c"):
        sandbox.add_room(name=name)
    rooms = face.rooms.iter(sort="-name", ended=False, page_size=2)
    assert [room.name async for room in rooms] == ["d", "c", "b", "a"]
    queries = [dict(record.query) for record in sandbox.requests.of("list")]
    assert {query["$limit"] for query in queries} == {"2"}
    assert {query["ended"] for query in queries} == {"false"}


async def test_iter_over_nothing(face: AsyncVidesk) -> None:
    """An account without rooms is no error."""
    assert [room async for room in face.rooms.iter(external_id="ticket-1")] == []


async def test_iter_tells_what_went_wrong_under_way(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """The rooms of the page before an error are given before it is raised."""
    ids = sandbox.add_rooms(4)
    sandbox.faults.delay(0, on="list")  # the first page comes
    sandbox.faults.status(403, on="list")
    seen: list[str] = []
    with pytest.raises(PermissionDeniedError):
        await read_ids(face.rooms.iter(page_size=3), into=seen)
    assert seen == list(ids[:3])


async def test_create_many(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Each room comes as it was asked for, with its item and the item's position."""
    specs: list[RoomSpec] = [{"name": "Ana"}, {"external_id": "ticket-1", "exp": HOUR}, {}]
    outcomes = [outcome async for outcome in face.rooms.create_many(specs)]
    outcomes.sort(key=lambda outcome: outcome.index)
    assert [outcome.item for outcome in outcomes] == specs
    first, second, third = [outcome.result() for outcome in outcomes]
    assert (first.name, second.external_id) == ("Ana", "ticket-1")
    assert {room["id"] for room in sandbox.rooms} == {first.id, second.id, third.id}
    assert all(room.access_token for room in (first, second, third))


async def test_update_many(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Each room changes as it was said, be it told by its id or by the `Room`."""
    one, other = await face.rooms.create(name="a"), await face.rooms.create(name="b")
    changes: list[RoomChange] = [
        {"room": one, "name": "A"},
        {"room": other.id, "settings": {"maxParticipants": 10}},
    ]
    outcomes = [outcome async for outcome in face.rooms.update_many(changes)]
    assert {outcome.index: outcome.result().id for outcome in outcomes} == {0: one.id, 1: other.id}
    assert [(room["name"], room["settings"]) for room in sandbox.rooms] == [
        ("A", {}),
        ("b", {"maxParticipants": 10}),
    ]


@pytest.mark.videsk_sandbox(deletion=True)
async def test_delete_many(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Those that were told are gone, and no other; there is no value to it."""
    kept, gone, known = sandbox.add_rooms(3)
    rooms: list[Room | str] = [gone, await face.rooms.get(known), UNKNOWN_ID]
    outcomes = [outcome async for outcome in face.rooms.delete_many(rooms)]
    assert {outcome.index: outcome.ok for outcome in outcomes} == {0: True, 1: True, 2: False}
    assert [outcome.value for outcome in outcomes] == [None, None, None]
    assert the_room(sandbox)["id"] == kept


async def test_join_many(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Each room has a token of its own; one that is given twice has two."""
    one, other = sandbox.add_rooms(2)
    outcomes = [outcome async for outcome in face.rooms.join_many([one, other, one])]
    rooms = {outcome.index: outcome.result().claims["room"] for outcome in outcomes}
    assert rooms == {0: one, 1: other, 2: one}
    assert len({outcome.result().jti for outcome in outcomes}) == 3


async def test_many_with_arguments(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """One at a time they are created in order, and each is told of."""
    seen: list[Progress] = []
    specs: list[RoomSpec] = [{"name": name} for name in "abc"]
    outcomes = face.rooms.create_many(specs, concurrency=1, on_progress=seen.append)
    assert [outcome.result().name async for outcome in outcomes] == ["a", "b", "c"]
    assert [room["name"] for room in sandbox.rooms] == ["a", "b", "c"]
    assert seen == [Progress(done, 0, 0, 3) for done in (1, 2, 3)]


async def test_request(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Any path of the API can be called, with a query or a body."""
    created = await face.request("POST", "/vpaas/rooms", json={"externalId": "ticket-1"})
    assert created.status == 201
    assert the_room(sandbox)["externalId"] == "ticket-1"
    query = {"$limit": 1, "$sort": {"createdAt": -1}, "ended": False, "externalId": None}
    listed = await face.request("GET", "/vpaas/rooms", query=query)
    assert dict(sandbox.requests[-1].query) == {
        "$limit": "1",
        "$sort[createdAt]": "-1",
        "ended": "false",
    }
    assert listed.json() == {"total": 1, "limit": 1, "skip": 0, "data": [the_room(sandbox)]}
    assert listed.request_id == sandbox.requests[-1].request_id
    assert [attempt.status for attempt in listed.attempts] == [200]


@pytest.mark.videsk_sandbox(deletion=True)
@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get", {"room": UNKNOWN_ID}),
        ("get_by_external_id", {"external_id": "ticket-1"}),
        ("update", {"room": UNKNOWN_ID, "name": "Support"}),
        ("end", {"room": UNKNOWN_ID}),
        ("delete", {"room": UNKNOWN_ID}),
        ("join", {"room": UNKNOWN_ID}),
        ("stats", {"room": Room(id=UNKNOWN_ID)}),
    ],
)
async def test_a_room_that_does_not_exist(
    face: AsyncVidesk, operation: str, arguments: dict[str, object]
) -> None:
    """Whatever is asked of it, there is no such room."""
    with pytest.raises(NotFoundError) as caught:
        await ask(face, operation, arguments)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("operation", "arguments", "argument"),
    [
        ("create", {"name": "x" * 501}, "name"),
        ("get", {"room": ""}, "room"),
        ("get_by_external_id", {"external_id": ""}, "external_id"),
        ("update", {"room": UNKNOWN_ID, "exp": -HOUR}, "exp"),
        ("delete", {"room": ".."}, "room"),
        ("join", {"room": ""}, "room"),
        ("stats", {"room": UNKNOWN_ID, "view": "everything"}, "view"),
        ("list", {"limit": 0}, "limit"),
        ("iter", {"page_size": 101}, "page_size"),
        ("create_many", {"specs": {"name": "Support"}}, "specs"),
        ("update_many", {"changes": 7}, "changes"),
        ("delete_many", {"rooms": UNKNOWN_ID}, "rooms"),
        ("join_many", {"rooms": [], "concurrency": 0}, "concurrency"),
    ],
)
async def test_a_wrong_argument(
    face: AsyncVidesk, sandbox: Sandbox, operation: str, arguments: dict[str, object], argument: str
) -> None:
    """What cannot be is refused by its name, before anything is sent."""
    with pytest.raises(InvalidRequestError) as caught:
        await ask(face, operation, arguments)
    assert caught.value.argument == argument
    assert len(sandbox.requests) == 0


# -- the three flows of the documentation ---------------------------------------------------------


async def test_the_flow_on_demand(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """A room is created, and the token of the answer lets a browser in at once, until the end."""
    room = await face.rooms.create(external_id="ticket-1")
    window = claims(room.access_token)
    assert window["nbf"] <= sandbox.now.timestamp() < window["exp"]
    assert window["room"] == the_room(sandbox)["id"]


async def test_the_flow_of_a_scheduled_room(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """Nobody comes in before `nbf` or after `exp`; in between a fresh token is had by either way.

    Which 4xx refuses is not documented (docs/api.md, "Operations", Join).
    """
    opens, ends = sandbox.now + HOUR, sandbox.now + 2 * HOUR
    await face.rooms.create(external_id="ticket-1", nbf=opens, exp=ends)
    room = await face.rooms.get_by_external_id("ticket-1")

    with pytest.raises(APIError) as too_early:
        await face.rooms.join(room)
    assert 400 <= too_early.value.status < 500

    sandbox.advance(HOUR)
    joined, retrieved = await face.rooms.join(room), await face.rooms.get(room)
    window = (int(opens.timestamp()), int(ends.timestamp()))
    for token in (joined.access_token, retrieved.access_token):
        assert (claims(token)["nbf"], claims(token)["exp"]) == window

    sandbox.advance(HOUR)
    with pytest.raises(APIError) as deadline_error:
        await face.rooms.join(room)
    assert 400 <= deadline_error.value.status < 500
    assert (await face.rooms.get(room)).ended


async def test_the_flow_of_a_moved_room(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """A new `nbf` moves the door and nothing else: the old hour is too early, the new one right."""
    room = await face.rooms.create(nbf=sandbox.now + HOUR, exp=sandbox.now + 4 * HOUR)
    moved = await face.rooms.update(room, nbf=sandbox.now + 2 * HOUR)
    assert moved.nbf is not None
    assert the_room(sandbox)["nbf"] == on_the_wire(moved.nbf)
    assert (moved.exp, moved.name) == (room.exp, room.name)

    sandbox.advance(HOUR)
    with pytest.raises(APIError):
        await face.rooms.join(room)
    sandbox.advance(HOUR)
    access = await face.rooms.join(room)
    assert access.nbf == moved.nbf.replace(microsecond=0)


async def test_the_flow_of_a_room_moved_to_now(face: AsyncVidesk, sandbox: Sandbox) -> None:
    """`nbf` and `exp` can be moved together, and counted from now."""
    room = await face.rooms.create(nbf=timedelta(hours=10), exp=timedelta(hours=11))
    moved = await face.rooms.update(room, nbf=timedelta(), exp=timedelta(minutes=30))
    access = await face.rooms.join(room)
    assert moved.exp is not None
    assert access.exp == moved.exp.replace(microsecond=0)
    assert the_room(sandbox)["exp"] == on_the_wire(moved.exp)
