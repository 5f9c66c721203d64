"""Models: immutable, equal by content, picklable, quiet about tokens, however they were made."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import weakref
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any

import attrs
import pytest

from tests.support import ROOM, as_json
from videsk_rooms import (
    Attempt,
    Authorization,
    EnterableRoom,
    Headers,
    InvalidRequestError,
    Response,
    Room,
    RoomAccess,
    RoomPage,
    RoomStats,
)
from videsk_rooms._fields.structure import structure
from videsk_rooms._wire import decode
from videsk_rooms.models import enterable

TOKEN = "eyJhbGciOiJub25lIn0.eyJqdGkiOiJhIiwiZXhwIjoyMjk5MzY2ODAwfQ.c2lnbmF0dXJl"
FULL_ROOM = {
    **ROOM,
    "settings": {"maxParticipants": 10},
    "ended": False,
    "createdAt": "2024-08-13T15:00:00.000Z",
    "updatedAt": "2024-08-13T16:00:00.000Z",
    "accessToken": TOKEN,
    "region": ["scl", {"zone": 1}],
}
START = datetime(2024, 8, 14, 15, tzinfo=timezone.utc)

AUTHORIZATION = Authorization(
    ip="192.168.1.1", jti="f47ac10b-58cc-4372-a567-0e02b2c3d479", created_at=START
)
MADE: dict[str, Any] = {
    "Authorization": AUTHORIZATION,
    "bare Authorization": Authorization(),
    "Room": Room(
        id="64f1a2b3c4d5e6f7a8b9c0d1",
        name="Team standup meeting",
        external_id="standup-2024-08-14",
        exp=START.replace(hour=18),
        nbf=START,
        settings={"maxParticipants": 10},
        ended=False,
        created_at=START.replace(day=13),
        updated_at=START.replace(day=13, hour=16),
        authorizations=(AUTHORIZATION,),
        access_token=TOKEN,
        extra={"region": ["scl", {"zone": 1}]},
    ),
    "bare Room": Room(id="a"),
    "EnterableRoom": EnterableRoom(id="a", name="Support", access_token=TOKEN),
    "RoomPage": RoomPage(
        total=3, limit=2, skip=0, data=(Room(id="a"), Room(id="b", extra={"c": 1}))
    ),
    "empty RoomPage": RoomPage(total=0, limit=10, skip=0, data=()),
    "RoomAccess": RoomAccess(
        access_token=TOKEN,
        exp=datetime(2042, 11, 12, 1, tzinfo=timezone.utc),
        jti="a",
        claims={"jti": "a", "exp": 2299366800},
    ),
    "RoomStats": RoomStats(view="report", data={"score": {"mos": [4.2, None]}}),
}


def answer(value: object) -> Response:
    return Response(200, Headers({}), as_json(value), "GET", "https://api.videsk.io/", None, ())


def _decoded() -> dict[str, Any]:
    room = decode.room(answer(FULL_ROOM))
    assert room.authorizations is not None
    rooms = [{"id": "a"}, {"id": "b", "c": 1}]
    return {
        "Authorization": room.authorizations[0],
        "bare Authorization": _only_authorization({}),
        "Room": room,
        "bare Room": decode.room(answer({"id": "a"})),
        "EnterableRoom": enterable(
            decode.room(answer({"id": "a", "name": "Support", "accessToken": TOKEN}))
        ),
        "RoomPage": decode.page(answer({"total": 3, "limit": 2, "skip": 0, "data": rooms})),
        "empty RoomPage": decode.page(answer({"total": 0, "limit": 10, "skip": 0, "data": []})),
        "RoomAccess": decode.access(answer({"accessToken": TOKEN})),
        "RoomStats": decode.stats(answer({"score": {"mos": [4.2, None]}}), "report"),
    }


def _only_authorization(value: object) -> Authorization:
    room = decode.room(answer({"id": "a", "authorizations": [value]}))
    assert room.authorizations is not None
    return room.authorizations[0]


DECODED = _decoded()
EVERY = {
    f"{name}, {how}": model
    for how, models in (("made", MADE), ("decoded", DECODED))
    for name, model in models.items()
}
every_model = pytest.mark.parametrize("model", EVERY.values(), ids=EVERY)
every_protocol = pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))


@pytest.mark.parametrize("name", MADE)
def test_decoded_models_are_of_the_very_class(name: str) -> None:
    """The decoder fills another class first; nothing of it is left."""
    made, decoded = MADE[name], DECODED[name]
    assert type(decoded) is type(made)
    assert decoded.__class__ is made.__class__
    assert (decoded, repr(decoded), hash(decoded)) == (made, repr(made), hash(made))


@every_model
def test_no_field_can_be_set_or_deleted(model: Any) -> None:
    """A model can be shared without fear."""
    for field in attrs.fields(type(model)):
        before = getattr(model, field.name)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(model, field.name, None)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            delattr(model, field.name)
        assert getattr(model, field.name) is before


@every_model
def test_no_attribute_can_be_added(model: Any) -> None:
    """A slip of the pen is no new attribute."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        model.nmae = "x"
    assert not hasattr(model, "__dict__")


@every_model
def test_a_difference_in_any_field_makes_models_unequal(model: Any) -> None:
    """Equality is by content, all of it but for a room's token, which is another each time."""
    for field in attrs.fields(type(model)):
        if isinstance(model, Room) and field.name == "access_token":
            continue
        other = attrs.evolve(model, **{field.name: "something else"})
        assert other != model, field.name
        assert not other == model, field.name  # noqa: SIM201 - the other operator


@every_model
def test_models_equal_nothing_of_another_kind(model: Any) -> None:
    """A room is no tuple of its fields."""
    assert model != attrs.astuple(model, recurse=False)
    assert all(model != other for other in MADE.values() if type(other) is not type(model))


@every_model
def test_equal_models_have_equal_hashes(model: Any) -> None:
    """Models go into sets and dicts, mappings among their fields or not."""
    mutable_class = attrs.evolve(model)
    assert mutable_class is not model
    assert hash(mutable_class) == hash(model)
    assert {model, mutable_class} == {model}


def test_rooms_of_one_id_in_different_states_can_be_told_apart_in_a_set() -> None:
    """The hash is of the id alone; equality still decides."""
    assert len({Room(id="a"), Room(id="a", name="x"), Room(id="b")}) == 3


@every_model
def test_no_repr_shows_an_access_token(model: Any) -> None:
    """Logs are read by many."""
    for text in (repr(model), str(model), f"{model}", repr([model])):
        assert TOKEN not in text
        assert "access_token" not in text
        assert type(model).__name__.removeprefix("Enterable") in text


def test_a_page_shows_no_token_of_its_rooms() -> None:
    """Nor does what holds a room."""
    page = decode.page(answer({"total": 1, "limit": 10, "skip": 0, "data": [FULL_ROOM]}))
    assert page[0].access_token == TOKEN
    assert TOKEN not in repr(page)


@every_protocol
@every_model
def test_models_make_the_round_trip_through_pickle(model: Any, protocol: int) -> None:
    """Whole, the token too: whoever pickles a room wants to enter it elsewhere."""
    back = pickle.loads(pickle.dumps(model, protocol))
    assert back == model
    assert type(back) is type(model)
    assert repr(back) == repr(model)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        back.id = "x"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
@every_model
def test_models_can_be_copied(model: Any, duplicate: Any) -> None:
    """A copy is equal, and as immutable."""
    back = duplicate(model)
    assert back == model
    assert type(back) is type(model)


def test_a_deep_copy_shares_no_mapping() -> None:
    """What is mutable within a model is copied with it."""
    room = DECODED["Room"]
    back = copy.deepcopy(room)
    assert back.settings is not room.settings
    assert back.extra["region"] is not room.extra["region"]


@pytest.mark.parametrize("name", MADE)
def test_attrs_takes_decoded_models_for_its_own(name: str) -> None:
    """`asdict`, `astuple` and `evolve` work as on any attrs class."""
    made, decoded = MADE[name], DECODED[name]
    assert attrs.asdict(decoded) == attrs.asdict(made)
    assert attrs.astuple(decoded) == attrs.astuple(made)
    evolved = attrs.evolve(decoded)
    assert evolved == made
    assert type(evolved) is type(made)


def test_evolve_changes_what_it_is_told_to() -> None:
    """A changed copy of a decoded room leaves the room as it was."""
    room = DECODED["Room"]
    moved = attrs.evolve(room, name="Moved")
    assert (moved.name, room.name) == ("Moved", "Team standup meeting")
    assert attrs.evolve(moved, name=room.name) == room


@pytest.mark.parametrize("name", ["Room", "Authorization"])
def test_decoded_and_made_models_are_laid_out_alike(name: str) -> None:
    """Neither takes weak references, and both are known to the garbage collector."""
    for model in (MADE[name], DECODED[name]):
        with pytest.raises(TypeError, match="weak reference"):
            weakref.ref(model)
        assert gc.is_tracked(model)


def test_decoded_models_are_collected_in_cycles() -> None:
    """A room in a cycle of references goes away like anything else."""

    class Watched(dict[str, object]):
        """Takes weak references."""

    watched = Watched()
    room = structure({"id": "a", "settings": {}, "extra": watched}, Room)
    watched["room"] = room
    gone = weakref.ref(watched)
    del room, watched
    gc.collect()
    assert gone() is None


def test_the_same_room_asked_for_twice_is_equal() -> None:
    """Each answer brings another token, which says nothing of the room."""
    room = MADE["Room"]
    again = attrs.evolve(room, access_token=f"{TOKEN}x")
    assert again == room
    assert len({room, again, attrs.evolve(room, access_token=None)}) == 1
    assert RoomAccess(TOKEN) != RoomAccess(f"{TOKEN}x")


# -- shown to people ------------------------------------------------------------------------------


def test_a_room_is_one_short_line() -> None:
    """Which room, and until when: no token, and no address of who was let in."""
    room = MADE["Room"]
    assert str(room) == (
        "Room 64f1a2b3c4d5e6f7a8b9c0d1 'Team standup meeting', external id 'standup-2024-08-14', "
        "until 2024-08-14 18:00 UTC"
    )
    assert f"{attrs.evolve(room, ended=True)}".endswith("'standup-2024-08-14', ended")
    assert str(Room("a")) == "Room a"


@pytest.mark.parametrize("text", [f"x{TOKEN}", "a\nb\x1b[31m\u202e", "x" * 10_000])
def test_whatever_a_room_is_called_its_line_is_printable_and_short(text: str) -> None:
    """A name is anybody's text: it forges no line of a log, and no token passes."""
    for line in (str(Room(text, name=text, external_id=text)), Room("a", name=text)._repr_html_()):
        assert line.isprintable()
        assert TOKEN not in line
        assert len(line) < 500


def test_a_page_says_how_many_rooms_it_leaves_out() -> None:
    """Whoever prints it learns that it is not all, and of what reads all."""
    assert str(THREE) == "RoomPage: 3 of 9 rooms, see rooms.iter()"
    assert str(RoomPage(1, 10, 0, (Room("a"),))) == "RoomPage: 1 room"
    assert str(MADE["empty RoomPage"]) == "RoomPage: 0 rooms"


def test_a_notebook_shows_a_table() -> None:
    """A row for each room, escaped, without tokens."""
    room = attrs.evolve(MADE["Room"], name="<script>&", access_token=TOKEN)
    html = RoomPage(9, 1, 0, (room,))._repr_html_()
    assert html.startswith("<table><caption>RoomPage: 1 of 9 rooms, see rooms.iter()</caption>")
    assert "<td>&lt;script&gt;&amp;</td>" in html
    assert "<td>2024-08-14 18:00 UTC</td><td>no</td>" in html
    assert TOKEN not in html
    assert "192.168.1.1" not in html
    assert room._repr_html_().count("<tr>") == 2


# -- pages ----------------------------------------------------------------------------------------

THREE = RoomPage(total=9, limit=3, skip=3, data=(Room(id="a"), Room(id="b"), Room(id="c")))


def test_a_page_is_read_like_a_sequence() -> None:
    """Length, order, indexes from both ends, slices, membership, unpacking."""
    a, b, c = THREE
    assert (a.id, b.id, c.id) == ("a", "b", "c")
    assert len(THREE) == 3
    assert (THREE[0], THREE[-1]) == (a, c)
    assert THREE[1:] == (b, c)
    assert THREE[::-1] == tuple(reversed(THREE)) == (c, b, a)
    assert Room(id="b") in THREE
    assert Room(id="d") not in THREE


@pytest.mark.parametrize("index", [3, -4])
def test_a_page_ends(index: int) -> None:
    """An index beyond the page is an error, and not the next page."""
    with pytest.raises(IndexError):
        THREE[index]


def test_an_empty_page_is_false() -> None:
    """As every empty sequence is."""
    assert not MADE["empty RoomPage"]
    assert THREE


@pytest.mark.parametrize(
    ("total", "skip", "count", "more"),
    [
        (0, 0, 0, False),
        (1, 0, 1, False),
        (2, 0, 1, True),
        (10, 0, 10, False),
        (11, 0, 10, True),
        (11, 10, 1, False),
        (12, 10, 1, True),
        (11, 11, 0, False),
        (11, 500, 0, False),
        (5, 4, 3, False),
        (5, 0, 0, True),
    ],
)
def test_a_page_tells_whether_rooms_come_after_it(
    total: int, skip: int, count: int, more: bool
) -> None:
    """Counted from what the page holds, for the server may hold less than the limit allows."""
    data = tuple(Room(id=str(number)) for number in range(count))
    assert RoomPage(total=total, limit=10, skip=skip, data=data).has_more is more


# -- what travels with errors and answers ---------------------------------------------------------

RESPONSE = Response(
    status=201,
    headers=Headers({"X-Request-Id": "r-1", "Content-Type": "application/json"}),
    body=b'{"accessToken":"' + TOKEN.encode() + b'"}',
    method="POST",
    url="https://api.videsk.io/vpaas/rooms",
    request_id="r-1",
    attempts=(
        Attempt(1, START, 0.5, None, "ServerDisconnectedError: gone", 0.0, None),
        Attempt(2, START, 0.1, 201, None, 0.25, "r-1"),
    ),
)


# Protocols 0 and 1 cannot say slots without help; nobody but old archives asks for them.
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [RESPONSE, RESPONSE.headers, *RESPONSE.attempts])
def test_answers_make_the_round_trip_through_pickle(value: object, protocol: int) -> None:
    """An answer can be handed to another process, attempts and headers with it."""
    back = pickle.loads(pickle.dumps(value, protocol))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("value", [RESPONSE, RESPONSE.headers, *RESPONSE.attempts])
def test_answers_can_be_copied(value: object, duplicate: Any) -> None:
    """A copy is equal."""
    assert duplicate(value) == value


@pytest.mark.parametrize("value", [RESPONSE, *RESPONSE.attempts])
def test_answers_are_immutable(value: Any) -> None:
    """What was answered does not change."""
    for field in attrs.fields(type(value)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, field.name, None)


def test_an_answer_shows_no_token_in_its_repr() -> None:
    """A body may hold one."""
    assert TOKEN not in repr(RESPONSE)
    assert "r-1" in repr(RESPONSE)


def test_headers_are_read_in_any_case_and_not_written() -> None:
    """HTTP does not tell `Retry-After` from `retry-after`."""
    headers = RESPONSE.headers
    assert headers["x-request-id"] == headers["X-REQUEST-ID"] == "r-1"
    assert headers.get("missing") is None
    assert "CONTENT-TYPE" in headers
    assert (len(headers), sorted(headers)) == (2, ["content-type", "x-request-id"])
    with pytest.raises(TypeError):
        headers["x"] = "y"  # type: ignore[index]  # what is tested


# -- open or over ---------------------------------------------------------------------------------

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("room", "at", "is_open", "is_over"),
    [
        (Room("a"), START, True, False),
        (Room("a", ended=False), START, True, False),
        (Room("a", ended=True), START, False, True),
        (Room("a", ended=True, nbf=START - MINUTE, exp=START + MINUTE), START, False, True),
        (Room("a", nbf=START), START - MINUTE, False, False),
        (Room("a", nbf=START), START, True, False),
        (Room("a", exp=START), START - MINUTE, True, False),
        (Room("a", exp=START), START, False, True),
        (Room("a", ended=False, exp=START), START + MINUTE, False, True),
        (Room("a", nbf=START, exp=START + MINUTE), START + MINUTE / 2, True, False),
    ],
)
def test_a_room_says_whether_it_is_open_or_over(
    room: Room, at: datetime, is_open: bool, is_over: bool
) -> None:
    """By `ended`, `nbf` and `exp`; a field that is absent says nothing."""
    assert (room.is_open(at), room.is_over(at)) == (is_open, is_over)


def test_a_room_is_open_or_over_now_unless_a_time_is_given() -> None:
    """By the clock of this machine."""
    now = datetime.now(timezone.utc)
    assert Room("a", nbf=now - MINUTE, exp=now + MINUTE).is_open()
    assert Room("a", exp=now - MINUTE).is_over()
    assert not Room("a", nbf=now + MINUTE).is_open()


def test_the_time_may_be_told_in_any_zone() -> None:
    """An instant is the same instant everywhere."""
    there = timezone(timedelta(hours=-4))
    room = Room("a", exp=START)
    assert room.is_over(START.astimezone(there))
    assert not room.is_over((START - MINUTE).astimezone(there))


class Id(str, Enum):
    ROOM = "a"


class NoTime(datetime):
    """A datetime whose offset cannot be asked for, as `pandas.NaT` is."""

    def utcoffset(self) -> timedelta | None:
        raise ValueError("NaT does not support utcoffset")


@pytest.mark.parametrize(
    "at", [START.replace(tzinfo=None), START.date(), "2042-08-14", 5, NoTime(2042, 8, 14)]
)
@pytest.mark.parametrize("ask", [Room.is_open, Room.is_over])
def test_the_time_must_be_an_instant(ask: Any, at: Any) -> None:
    """A naive one would mean another instant on every machine; also where `ended` tells all."""
    with pytest.raises(InvalidRequestError, match=r"at=.*aware datetime") as caught:
        ask(Room("a", ended=True), at)
    assert caught.value.argument == "at"


# -- to JSON and back -----------------------------------------------------------------------------


@every_model
def test_models_make_the_round_trip_through_json(model: Any) -> None:
    """With tokens, nothing is lost."""
    kind = type(model)
    assert kind.from_dict(model.to_dict(tokens=True)) == model
    assert kind.from_dict(json.loads(model.to_json(tokens=True))) == model


def test_a_room_is_written_as_the_api_writes_it() -> None:
    """In its own names, with what has no field here; what is absent stays absent."""
    assert DECODED["Room"].to_dict(tokens=True) == FULL_ROOM
    assert DECODED["bare Room"].to_dict() == {"id": "a"}


@every_model
def test_no_token_is_written_unless_it_is_asked_for(model: Any) -> None:
    """JSON goes to logs and browsers."""
    assert TOKEN not in model.to_json()
    assert "accessToken" not in model.to_dict()


def test_a_time_keeps_its_microseconds_and_not_its_zone() -> None:
    """Milliseconds are written, unless there is more to say."""
    there = timezone(timedelta(hours=-4))
    room = Room("a", exp=START.astimezone(there), nbf=START.replace(microsecond=1))
    written = room.to_dict()
    assert (written["exp"], written["nbf"]) == (
        "2024-08-14T15:00:00.000Z",
        "2024-08-14T15:00:00.000001Z",
    )
    assert Room.from_dict(written) == room


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({}, "lacks a field at id"),
        ({"id": 1}, "should be a string, not a number, at id"),
        ({"id": "a", "exp": "soon"}, "should be an ISO date-time, not a string, at exp"),
        ({"id": "a", "authorizations": [{}, 1]}, "not a number, at authorizations[1]"),
        ({"id": Id.ROOM}, "should be a string, not Id, at id"),
        ({"id": "a", "exp": START}, "should be an ISO date-time, not datetime, at exp"),
        ({"id": "a", "authorizations": ()}, "should be a list, not tuple, at authorizations"),
        ([], "should be an object, not a list; give a mapping as to_dict() returns it"),
    ],
)
def test_what_is_no_room_is_refused(value: Any, problem: str) -> None:
    """The error says where, and what would be right."""
    with pytest.raises(InvalidRequestError) as caught:
        Room.from_dict(value)
    assert problem in str(caught.value)
    assert caught.value.argument == "value"


def test_what_is_nested_too_deep_is_no_room() -> None:
    """It could be neither compared nor printed."""
    deep: Any = {}
    for _ in range(600):
        deep = {"a": deep}
    with pytest.raises(InvalidRequestError, match="nested more than 500 deep"):
        Room.from_dict({"id": "a", "settings": deep})
