"""An answer that belongs to another call is no answer to this one, and nothing of it is shown."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from tests.retrying import ID, outcome_of
from videsk_rooms import AsyncVidesk, NotFoundError, ResponseError, Room, VideskError

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

JSON = {"Content-Type": "application/json"}
OTHER_ID = "a" * 24
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJmb3JlaWduIn0.c2lnbmF0dXJl"
FOREIGN = {"id": OTHER_ID, "name": "Foreign", "externalId": "a-1", "accessToken": TOKEN}
PAGE = {"total": 1, "limit": 100, "skip": 0, "data": [FOREIGN]}

READS: dict[str, tuple[Any, Any]] = {
    "get": (lambda videsk: videsk.rooms.get(ID), FOREIGN),
    "get of a room": (lambda videsk: videsk.rooms.get(Room(id=ID)), FOREIGN),
    "get of a room whose id is another's external id": (
        lambda videsk: videsk.rooms.get(Room(id=ID)),
        {**FOREIGN, "externalId": ID},
    ),
    "get by external id": (lambda videsk: videsk.rooms.get("b-2"), FOREIGN),
    "get_by_external_id": (lambda videsk: videsk.rooms.get_by_external_id("b-2"), FOREIGN),
    "get_or_create": (lambda videsk: videsk.rooms.get_or_create("b-2"), FOREIGN),
    "stats": (lambda videsk: videsk.rooms.stats(ID), FOREIGN),
    "stats, as of a join": (lambda videsk: videsk.rooms.stats(ID), {"accessToken": TOKEN}),
    "list": (lambda videsk: videsk.rooms.list(external_id="b-2"), PAGE),
    "iter": (lambda videsk: anext(videsk.rooms.iter(external_id="b-2")), PAGE),
}
WRITES: dict[str, tuple[Any, Any]] = {
    "create": (lambda videsk: videsk.rooms.create(external_id="b-2"), FOREIGN),
    "create without an id": (lambda videsk: videsk.rooms.create(), FOREIGN),
    "update": (lambda videsk: videsk.rooms.update(ID, name="Ours"), FOREIGN),
    "update to an external id": (
        lambda videsk: videsk.rooms.update(ID, external_id="b-2"),
        {**FOREIGN, "id": ID},
    ),
    "update of another room to it": (
        lambda videsk: videsk.rooms.update(ID, external_id="b-2"),
        {**FOREIGN, "externalId": "b-2"},
    ),
    "end": (lambda videsk: videsk.rooms.end(ID), {**FOREIGN, "ended": True}),
    "end of a room whose id is another's external id": (
        lambda videsk: videsk.rooms.end(Room(id=ID)),
        {**FOREIGN, "externalId": ID, "ended": True},
    ),
    "join": (lambda videsk: videsk.rooms.join(ID), FOREIGN),
}


def is_silent(error: VideskError) -> bool:
    """Return whether nothing of the foreign answer is told, by whatever tells of errors."""
    told = [str(error), repr(error), repr(error.__dict__), *traceback.format_exception(error)]
    told += [
        repr(value)
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if "videsk_rooms" in frame.f_code.co_filename
        for value in frame.f_locals.values()
    ]
    return not [word for word in ("Foreign", "a-1'", TOKEN[:20], OTHER_ID) if word in str(told)]


@pytest.mark.parametrize(("ask", "answer"), READS.values(), ids=READS)
async def test_a_foreign_answer_to_a_read(
    sandbox: Sandbox, fast: AsyncVidesk, ask: Any, answer: object
) -> None:
    """It is an error that says so; there is no outcome to worry about."""
    sandbox.faults.answer(200, headers=JSON, body=json.dumps(answer).encode(), times=None)
    with pytest.raises(ResponseError, match="another call") as caught:
        await ask(fast)
    assert not caught.value.outcome_unknown
    assert is_silent(caught.value)


@pytest.mark.parametrize(("ask", "answer"), WRITES.values(), ids=WRITES)
async def test_a_foreign_answer_to_a_write(
    sandbox: Sandbox, fast: AsyncVidesk, ask: Any, answer: object
) -> None:
    """What became of the write is not known."""
    sandbox.faults.answer(200, headers=JSON, body=json.dumps(answer).encode(), times=None)
    with pytest.raises(ResponseError, match="another call") as caught:
        await ask(fast)
    assert caught.value.outcome_unknown
    assert is_silent(caught.value)


async def test_a_create_with_a_foreign_answer_finds_its_own_room(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """The next attempt is told that it exists, and it is this call's."""
    body = json.dumps(FOREIGN).encode()
    sandbox.faults.answer(201, headers=JSON, body=body, processed=True, on="create")
    room = await fast.rooms.create(external_id="b-2", name="Ours")
    assert (room.external_id, room.name) == ("b-2", "Ours")
    assert room.id == sandbox.rooms[0]["id"]
    assert room.access_token != TOKEN


async def test_a_read_with_a_foreign_answer_is_tried_again(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """The right answer may come by another connection."""
    held = sandbox.add_room(external_id="b-2")
    body = json.dumps(FOREIGN).encode()
    sandbox.faults.answer(200, headers=JSON, body=body, on="get")
    assert (await fast.rooms.get(str(held["id"]))).id == held["id"]


OWN: dict[str, tuple[Any, dict[str, object]]] = {
    "an id in capitals": (lambda videsk: videsk.rooms.get("A" * 24), {"id": "a" * 24}),
    "an id alone": (lambda videsk: videsk.rooms.update(ID, external_id="b-2"), {"id": ID}),
    "a create without its external id": (
        lambda videsk: videsk.rooms.create(external_id="b-2"),
        {"id": OTHER_ID},
    ),
    "a trimmed external id": (
        lambda videsk: videsk.rooms.create(external_id=" Ana "),
        {"id": OTHER_ID, "externalId": "Ana"},
    ),
    "a normalised external id": (
        lambda videsk: videsk.rooms.create(external_id="cafe\u0301"),
        {"id": OTHER_ID, "externalId": "caf\u00e9"},
    ),
    "a get by external id": (
        lambda videsk: videsk.rooms.get("b-2"),
        {"id": OTHER_ID, "externalId": "b-2"},
    ),
    "a get by external id, not told": (lambda videsk: videsk.rooms.get("b-2"), {"id": OTHER_ID}),
    "an update by external id": (
        lambda videsk: videsk.rooms.update("b-2", external_id="b-3"),
        {"id": OTHER_ID, "externalId": "b-3"},
    ),
    "an end that does not say so": (lambda videsk: videsk.rooms.end(ID), {"id": ID}),
    "a join that tells the room": (
        lambda videsk: videsk.rooms.join(ID),
        {"id": ID, "externalId": "b-2", "accessToken": TOKEN},
    ),
    "a join with an id of its own": (
        lambda videsk: videsk.rooms.join(ID),
        {"id": "peer-1", "accessToken": TOKEN},
    ),
    "a join that tells the room in a field": (
        lambda videsk: videsk.rooms.join(ID),
        {"accessToken": TOKEN, "room": {"id": ID, "externalId": "b-2"}},
    ),
    "statistics with an id of their own": (
        lambda videsk: videsk.rooms.stats(ID),
        {"id": OTHER_ID, "externalId": "b-2"},
    ),
}


@pytest.mark.parametrize(("ask", "answer"), OWN.values(), ids=OWN)
async def test_an_answer_that_may_be_ours_is_ours(
    sandbox: Sandbox, fast: AsyncVidesk, ask: Any, answer: object
) -> None:
    """What is absent says nothing, and a server may spell an id in its own way."""
    sandbox.faults.answer(200, headers=JSON, body=json.dumps(answer).encode())
    assert not isinstance(await outcome_of(ask(fast)), BaseException)


async def test_a_filter_that_is_ignored_is_told(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """Rooms with another external id are not what was asked for."""
    sandbox.faults.answer(200, headers=JSON, body=json.dumps(PAGE).encode(), times=None)
    with pytest.raises(ResponseError, match="did not filter by externalId"):
        await fast.rooms.list(external_id="b-2")


async def test_a_lookup_bears_a_filter_that_is_ignored(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """It compares for itself, and reads on."""
    sandbox.faults.status(404, on="get")
    sandbox.faults.answer(200, headers=JSON, body=json.dumps(PAGE).encode(), on="list")
    with pytest.raises(NotFoundError):
        await fast.rooms.get_by_external_id("b-2")


# -- ending ---------------------------------------------------------------------------------------


async def test_an_end_whose_answer_was_lost_is_sent_again(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Ending twice does no harm."""
    room = str(sandbox.add_room()["id"])
    sandbox.faults.drop("after", on="update")
    assert (await fast.rooms.end(room)).ended
    assert len(sandbox.requests.of("update")) == 2


@pytest.mark.parametrize("status", [400, 403, 409, 410, 422])
async def test_an_end_that_is_refused_because_the_room_has_ended_is_fine(
    sandbox: Sandbox, fast: AsyncVidesk, status: int
) -> None:
    """Whether the API lets a room be ended twice is not documented."""
    room = str(sandbox.add_room()["id"])
    await fast.rooms.end(room)
    sandbox.faults.status(status, on="update")
    ended = await fast.rooms.end(room)
    assert (ended.id, ended.ended) == (room, True)


@pytest.mark.parametrize("status", [400, 403])
async def test_an_end_that_is_refused_is_an_error(
    sandbox: Sandbox, fast: AsyncVidesk, status: int
) -> None:
    """The room goes on."""
    room = str(sandbox.add_room()["id"])
    sandbox.faults.status(status, on="update")
    with pytest.raises(VideskError) as caught:
        await fast.rooms.end(room)
    assert getattr(caught.value, "status", None) == status
    assert not sandbox.rooms[0]["ended"]


async def test_an_end_that_leaves_the_room_open_is_an_error(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Whoever ends a room relies on it."""
    body = json.dumps({"id": ID, "ended": False}).encode()
    sandbox.faults.answer(200, headers=JSON, body=body, times=None)
    with pytest.raises(ResponseError, match="has not ended") as caught:
        await fast.rooms.end(ID)
    assert caught.value.path == "ended"
    assert caught.value.outcome_unknown
