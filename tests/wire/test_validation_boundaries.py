"""What stands just within the limits is sent, as it was given."""

from __future__ import annotations

import enum
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from videsk_rooms import AsyncVidesk, Room, Videsk

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

PATH = "/vpaas/rooms"
MILLISECOND = timedelta(milliseconds=1)
JUST_72_HOURS = timedelta(hours=72)


class Layout(str, enum.Enum):
    GRID = "grid"


class Size(enum.IntEnum):
    SMALL = 4


def sent(sandbox: Sandbox) -> Any:
    """Return the body of the only request."""
    (request,) = sandbox.requests
    return request.json


def asked(sandbox: Sandbox) -> dict[str, str]:
    """Return the query of the only request."""
    (request,) = sandbox.requests
    return dict(request.query)


# -- fields ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "n", "n" * 500, "ñ" * 500, "🎥" * 500, 'a\n"\\\x00\u2028'])
async def test_a_name_of_up_to_500_characters(
    sandbox: Sandbox, once: AsyncVidesk, name: str
) -> None:
    """Characters, not bytes; and none of them is special."""
    assert (await once.rooms.create(name=name)).name == name
    assert sent(sandbox)["name"] == name


@pytest.mark.parametrize("external_id", ["e", "e" * 100, "ñ" * 100, "a b/c?d#e%2f"])
async def test_an_external_id_of_1_to_100_characters(
    sandbox: Sandbox, once: AsyncVidesk, external_id: str
) -> None:
    """Also those that would be special in a URL, found again by the filter."""
    room = await once.rooms.create(external_id=external_id)
    assert (await once.rooms.get_by_external_id(external_id)).id == room.id
    assert [found.id for found in await once.rooms.list(external_id=external_id)] == [room.id]


@pytest.mark.parametrize("from_now", [JUST_72_HOURS, timedelta(minutes=1)])
@pytest.mark.parametrize("as_datetime", [False, True], ids=["timedelta", "datetime"])
async def test_a_room_may_end_in_just_72_hours(
    sandbox: Sandbox, once: AsyncVidesk, from_now: timedelta, *, as_datetime: bool
) -> None:
    """The limit itself is within it (docs/api.md, "Operations", Create)."""
    room = await once.rooms.create()
    now = datetime.now(timezone.utc)
    exp = now + from_now if as_datetime else from_now
    created, updated = await once.rooms.create(exp=exp), await once.rooms.update(room, exp=exp)
    for answered in (created, updated):
        assert answered.exp is not None
        assert timedelta(0) <= answered.exp + MILLISECOND - (now + from_now) < timedelta(minutes=1)


@pytest.mark.parametrize("zone", [timezone.utc, timezone(timedelta(hours=-3, minutes=-30))])
async def test_a_room_may_be_open_for_a_millisecond(
    sandbox: Sandbox, once: AsyncVidesk, zone: timezone
) -> None:
    """`nbf` before `exp` by the least that the wire can say."""
    exp = (datetime.now(timezone.utc) + timedelta(hours=2)).replace(microsecond=5000)
    room = await once.rooms.create(exp=exp, nbf=(exp - MILLISECOND).astimezone(zone))
    assert (room.exp, room.nbf) == (exp, exp - MILLISECOND)
    assert sent(sandbox)["nbf"].endswith(".004Z")


@pytest.mark.parametrize("nbf", [timedelta(0), timedelta(days=-400), timedelta(minutes=30)])
async def test_a_room_may_open_at_any_time(
    sandbox: Sandbox, once: AsyncVidesk, nbf: timedelta
) -> None:
    """Only `exp` has limits of its own."""
    room = await once.rooms.create(nbf=nbf)
    assert room.nbf is not None
    assert room.exp is not None
    assert room.nbf < room.exp


async def test_moving_nbf_alone_sends_nbf_alone(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """The documented example (docs/api.md, "Operations", Update)."""
    room = await once.rooms.create()
    sandbox.requests.clear()
    await once.rooms.update(room, nbf=timedelta(minutes=30))
    assert list(sent(sandbox)) == ["nbf"]


# -- settings -------------------------------------------------------------------------------------


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("settings", "spelled"),
    [
        ({}, {}),
        ({"a": (1, [2], ())}, {"a": [1, [2], []]}),
        ({"a": 2**64 - 1, "b": -(2**63)}, {"a": 2**64 - 1, "b": -(2**63)}),
        ({"a": 0.1, "b": -0.0, "c": 1e308}, {"a": 0.1, "b": -0.0, "c": 1e308}),
        ({"a": True, "b": False, "c": None}, {"a": True, "b": False, "c": None}),
        ({"": "", "ñ\n": "🎥\x00"}, {"": "", "ñ\n": "🎥\x00"}),
        ({Layout.GRID: Layout.GRID, "a": Size.SMALL}, {"grid": "grid", "a": 4}),
        (MappingProxyType({"a": OrderedDict(b=1)}), {"a": {"b": 1}}),
        (nested(99), nested(99)),
    ],
)
async def test_settings_are_sent_as_json_says_them(
    sandbox: Sandbox, once: AsyncVidesk, settings: Any, spelled: object
) -> None:
    """Mappings, tuples, enums and whatever else there is a plain word for."""
    room = await once.rooms.create(settings=settings)
    assert sent(sandbox)["settings"] == spelled
    assert room.settings == spelled


async def test_one_value_may_stand_in_two_places(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """Not every repetition is a cycle."""
    shared = {"a": [1]}
    await once.rooms.create(settings={"b": shared, "c": [shared, shared]})
    assert sent(sandbox)["settings"] == {"b": {"a": [1]}, "c": [{"a": [1]}, {"a": [1]}]}


async def test_a_very_long_list_is_not_deep(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """Only the depth is bounded."""
    await once.rooms.create(settings={"a": list(range(10_000))})
    assert len(sent(sandbox)["settings"]["a"]) == 10_000


# -- listing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({"limit": 1}, {"$limit": "1"}),
        ({"limit": 100}, {"$limit": "100"}),
        ({"limit": Size.SMALL}, {"$limit": "4"}),
        ({"skip": 0}, {"$skip": "0"}),
        ({"skip": 10**6}, {"$skip": str(10**6)}),
        ({"sort": "name"}, {"$sort[name]": "1"}),
        ({"sort": ("-name", "exp")}, {"$sort[name]": "-1", "$sort[exp]": "1"}),
        ({"sort": {}}, {}),
        ({"sort": "settings.maxParticipants"}, {"$sort[settings.maxParticipants]": "1"}),
        ({"sort": "_id"}, {"$sort[_id]": "1"}),
        ({"external_id": "e" * 100}, {"externalId": "e" * 100}),
    ],
)
async def test_a_listing_within_its_limits(
    sandbox: Sandbox, once: AsyncVidesk, arguments: dict[str, Any], query: dict[str, str]
) -> None:
    """Each is sent as it was given (docs/api.md, "Operations", List)."""
    await once.rooms.list(**arguments)
    assert asked(sandbox) == query


@pytest.mark.parametrize("page_size", [1, 2, 99, 100])
async def test_pages_of_any_allowed_size(
    sandbox: Sandbox, once: AsyncVidesk, page_size: int
) -> None:
    """Every room is given once, whatever the size of the pages."""
    ids = sandbox.add_rooms(5)
    assert [room.id async for room in once.rooms.iter(page_size=page_size)] == list(ids)


# -- any request ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/vpaas/rooms/",
        "/vpaas//rooms",
        "/a%20b%2Fc",
        "/a.b/..c/...",
        "/~a/-_.!$&'()*+,;=:@",
        "/" + "a" * 2000,
    ],
)
async def test_a_path_goes_out_as_it_was_given(
    sandbox: Sandbox, once: AsyncVidesk, path: str
) -> None:
    """Nothing on the way encodes it again or tidies it up."""
    sandbox.faults.answer(200, body=b"{}")
    await once.request("GET", path)
    assert sandbox.requests[0].path == path


@pytest.mark.parametrize("method", ["get", "Get", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"])
async def test_a_method_in_any_case(sandbox: Sandbox, once: AsyncVidesk, method: str) -> None:
    """It goes out in capitals."""
    sandbox.faults.answer(200, body=b"{}")
    response = await once.request(method, PATH)
    assert sandbox.requests[0].method == response.method == method.upper()


@pytest.mark.parametrize("json", [False, 0, "", [], {}, "text", 1.5])
async def test_any_json_may_be_a_body(sandbox: Sandbox, once: AsyncVidesk, json: object) -> None:
    """All but `None`, which is no body."""
    sandbox.faults.answer(200, body=b"{}")
    await once.request("POST", PATH, json=json)
    assert sandbox.requests[0].json == json
    assert sandbox.requests[0].headers["Content-Type"] == "application/json"


async def test_no_body_has_no_type(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """Nothing is declared that is not there."""
    await once.request("GET", PATH)
    (request,) = sandbox.requests
    assert request.body == b""
    assert "Content-Type" not in request.headers


# -- both faces -----------------------------------------------------------------------------------


def test_the_blocking_client_sends_what_is_within_the_limits(
    sandbox: Sandbox, blocking_once: Videsk
) -> None:
    """It refuses no more than the awaited one."""
    room = blocking_once.rooms.create(name="n" * 500, external_id="e" * 100, exp=JUST_72_HOURS)
    assert blocking_once.rooms.list(limit=100, skip=0).total == 1
    assert [found.id for found in blocking_once.rooms.iter(page_size=100)] == [room.id]
    assert blocking_once.rooms.get(Room(id=room.id)).id == room.id
    assert [request.status for request in sandbox.requests] == [201, 200, 200, 200]
