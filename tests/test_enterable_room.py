"""A room with its access token: typed so, a `Room` in all else, and honest where there is none."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import attrs
import pydantic
import pytest

from videsk_rooms import AsyncVidesk, EnterableRoom, ResponseError, Room, Videsk
from videsk_rooms.models import enterable

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms.sandbox import Sandbox

TOKEN = "eyJhbGciOiJub25lIn0.eyJqdGkiOiJhIn0.c2lnbmF0dXJl"
WITH_TOKEN = EnterableRoom(id="a", name="Support", access_token=TOKEN, extra={"b": 1})
WITHOUT = enterable(Room(id="a", name="Support", extra={"b": 1}))
COPIES: dict[str, Callable[[Any], Any]] = {
    "pickled": lambda room: pickle.loads(pickle.dumps(room)),
    "pickled, protocol 0": lambda room: pickle.loads(pickle.dumps(room, 0)),
    "copied": copy.copy,
    "deeply copied": copy.deepcopy,
    "from JSON": lambda room: type(room).from_dict(json.loads(room.to_json(tokens=True))),
}


async def test_what_brings_a_token_returns_an_enterable_room(sandbox: Sandbox) -> None:
    """Create and get, by whichever id; a page and an update return rooms."""
    async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url) as videsk:
        made = await videsk.rooms.create(external_id="ticket-1")
        rooms = [
            made,
            await videsk.rooms.get(made),
            await videsk.rooms.get_by_external_id("ticket-1"),
            await videsk.rooms.get_or_create("ticket-1"),
            await videsk.rooms.get_or_create("ticket-2"),
            (await videsk.rooms.with_response.get(made)).value,
            *[outcome.result() async for outcome in videsk.rooms.create_many([{"name": "a"}])],
        ]
        page, changed = await videsk.rooms.list(), await videsk.rooms.update(made, name="b")
    assert {type(room) for room in rooms} == {EnterableRoom}
    assert all(room.access_token.count(".") == 2 for room in rooms)
    assert type(page[0]) is type(changed) is Room


def test_so_does_the_blocking_client(sandbox: Sandbox) -> None:
    """By the same methods."""
    with Videsk(sandbox.api_token, base_url=sandbox.url) as videsk:
        room = videsk.rooms.create(name="Support")
        found = next(videsk.rooms.iter())
    assert (type(room), type(found)) == (EnterableRoom, Room)
    assert room == found


@pytest.mark.parametrize("room", [WITH_TOKEN, WITHOUT], ids=["with a token", "without"])
def test_it_equals_the_same_room_of_a_page(room: EnterableRoom) -> None:
    """In both directions, and in sets; another room it does not equal."""
    plain = Room(id="a", name="Support", extra={"b": 1})
    assert room == plain
    assert plain == room
    assert len({room, plain}) == 1
    assert room != Room(id="a", name="Other", extra={"b": 1})
    assert room != "a"


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
def test_a_copy_keeps_class_and_token(way: Callable[[Any], Any]) -> None:
    """Across processes, too."""
    copied = way(WITH_TOKEN)
    assert type(copied) is EnterableRoom
    assert (copied, copied.access_token) == (WITH_TOKEN, TOKEN)


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
def test_without_a_token_all_but_the_token_is_there(way: Callable[[Any], Any]) -> None:
    """The answer is read; who asks for its token gets an error that says what to do."""
    room = way(WITHOUT)
    assert (room.name, repr(room)) == ("Support", repr(WITHOUT))
    with pytest.raises(ResponseError, match=r"room a: .* no access token .* rooms\.join\(room\)"):
        _ = room.access_token


@pytest.mark.parametrize("sent", [{}, {"accessToken": None}, {"accessToken": ""}])
async def test_a_room_whose_answer_has_no_token_can_be_read(
    sandbox: Sandbox, sent: dict[str, object]
) -> None:
    """Such as one that is over: the API does not document otherwise."""
    over = {**sandbox.add_room(name="Support"), "ended": True}
    over.pop("accessToken", None)
    over |= sent
    sandbox.faults.answer(200, body=json.dumps(over).encode(), on="get")
    async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url) as videsk:
        room = await videsk.rooms.get(str(over["id"]))
    assert room.is_over()
    assert room.to_dict(tokens=True)["ended"] is True
    with pytest.raises(ResponseError):
        _ = room.access_token


def test_it_shows_its_token_nowhere() -> None:
    """Neither in a repr nor in JSON, unless that is asked for."""
    shown = [repr(WITH_TOKEN), str(WITH_TOKEN), WITH_TOKEN.to_json(), WITH_TOKEN._repr_html_()]
    assert all(TOKEN not in text for text in shown)
    assert json.loads(WITH_TOKEN.to_json(tokens=True))["accessToken"] == TOKEN


def test_it_can_be_changed_as_a_room_can() -> None:
    """By `attrs.evolve`, and not in place."""
    changed = attrs.evolve(WITH_TOKEN, name="Moved")
    assert (changed.name, changed.access_token) == ("Moved", TOKEN)
    assert type(changed) is EnterableRoom
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        changed.access_token = "other"


def test_pydantic_takes_it_for_a_room() -> None:
    """A field or response of type `Room` takes what `create` returned, without its token."""
    adapter = pydantic.TypeAdapter(Room)
    assert adapter.validate_python(WITH_TOKEN) is WITH_TOKEN
    assert adapter.dump_python(WITH_TOKEN) == {"id": "a", "name": "Support", "b": 1}
    assert pydantic.TypeAdapter(EnterableRoom).dump_python(WITHOUT) == WITHOUT.to_dict()
