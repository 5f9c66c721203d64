"""What each call sends, and what it makes of the answer: the network is mocked."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from yarl import URL

from tests.support import API, ROOM, feathers
from videsk_rooms import Authorization, NotFoundError, ResponseError, Room, RoomPage, RoomStats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aioresponses.core import aioresponses

    from videsk_rooms import AsyncVidesk, StatsView

# What the server says of a room whose external id it does not tell.
NAMELESS = {field: value for field, value in ROOM.items() if field != "externalId"}
ROOMS = f"{API}/vpaas/rooms"
ONE = f"{ROOMS}/64f1a2b3c4d5e6f7a8b9c0d1"
ID = "64f1a2b3c4d5e6f7a8b9c0d1"


def sent(wire: aioresponses, method: str, url: str) -> object:
    """Return the body of the only request to a URL."""
    (call,) = wire.requests[method, URL(url, encoded=True)]
    data = call.kwargs["data"]
    return None if data is None else json.loads(data)


async def test_create_sends_only_what_was_given(wire: aioresponses, wired: AsyncVidesk) -> None:
    """An argument left out is left to the server's default; every room gets an `externalId`."""
    wire.post(ROOMS, status=201, payload=NAMELESS)
    await wired.rooms.create(name="Support")
    body = sent(wire, "POST", ROOMS)
    assert isinstance(body, dict)
    assert UUID(body.pop("externalId")).version == 4
    assert body == {"name": "Support"}


async def test_create_spells_fields_and_times_as_the_api_does(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """`nbf`, never `bnf`; UTC with milliseconds and Z (docs/api.md, "On the wire")."""
    wire.post(ROOMS, status=201, payload=NAMELESS)
    now = datetime.now(timezone.utc).replace(microsecond=123456)
    zone = timezone(timedelta(hours=-3))
    await wired.rooms.create(
        name="Support",
        external_id="ticket-1",
        exp=(now + timedelta(hours=2)).astimezone(zone),
        nbf=now + timedelta(hours=1),
        settings={"maxParticipants": 10, "layout": ("grid", None)},
    )
    assert sent(wire, "POST", ROOMS) == {
        "name": "Support",
        "externalId": "ticket-1",
        "exp": (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.123Z"),
        "nbf": (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.123Z"),
        "settings": {"maxParticipants": 10, "layout": ["grid", None]},
    }


async def test_a_timedelta_counts_from_now(wire: aioresponses, wired: AsyncVidesk) -> None:
    """`exp=timedelta(hours=2)` is two hours from now."""
    wire.post(ROOMS, status=201, payload=NAMELESS)
    before = datetime.now(timezone.utc) - timedelta(milliseconds=1)
    await wired.rooms.create(exp=timedelta(hours=2))
    body = sent(wire, "POST", ROOMS)
    assert isinstance(body, dict)
    moment = datetime.strptime(body["exp"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert before <= moment - timedelta(hours=2) <= datetime.now(timezone.utc)


async def test_the_example_of_the_documentation_is_read(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """Every field of the published example has its place, and the rest is `None`."""
    wire.get(ONE, payload={**ROOM, "accessToken": "a.b.c"})
    assert await wired.rooms.get(ID) == Room(
        id=ID,
        name="Team standup meeting",
        external_id="standup-2024-08-14",
        exp=datetime(2024, 8, 14, 18, tzinfo=timezone.utc),
        nbf=datetime(2024, 8, 14, 15, tzinfo=timezone.utc),
        authorizations=(
            Authorization(
                ip="192.168.1.1",
                jti="f47ac10b-58cc-4372-a567-0e02b2c3d479",
                created_at=datetime(2024, 8, 14, 15, tzinfo=timezone.utc),
            ),
        ),
        access_token="a.b.c",
    )


async def test_a_room_stands_for_its_id(wire: aioresponses, wired: AsyncVidesk) -> None:
    """Wherever a room is asked for, a `Room` does as well as its id."""
    wire.get(ONE, payload=ROOM, repeat=True)
    assert await wired.rooms.get(Room(id=ID)) == await wired.rooms.get(ID)


async def test_an_odd_id_stays_one_segment_of_the_path(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """What is not an ObjectId is percent-encoded: the account decides the version."""
    wire.get(URL(f"{ROOMS}/sal%C3%B3n%3A1%3Bx", encoded=True), payload={**ROOM, "id": "salón:1;x"})
    assert (await wired.rooms.get("salón:1;x")).id == "salón:1;x"


async def test_update_sends_only_what_was_given(wire: aioresponses, wired: AsyncVidesk) -> None:
    """Moving the name alone moves the name alone."""
    wire.patch(ONE, payload=ROOM)
    await wired.rooms.update(ID, name="Moved")
    assert sent(wire, "PATCH", ONE) == {"name": "Moved"}


@pytest.mark.parametrize("ended", [True, False])
async def test_update_sends_the_end_status(
    wire: aioresponses, wired: AsyncVidesk, ended: bool
) -> None:
    """The list filter calls it `ended`, so an update does (docs/api.md, "Operations")."""
    wire.patch(ONE, payload=ROOM)
    await wired.rooms.update(ID, ended=ended)
    assert sent(wire, "PATCH", ONE) == {"ended": ended}


async def test_end_is_an_update_of_the_end_status(wire: aioresponses, wired: AsyncVidesk) -> None:
    """One request, and an answer without a token will do (docs/api.md, "Operations")."""
    wire.patch(ONE, payload={**ROOM, "ended": True})
    room = await wired.rooms.end(ID)
    assert sent(wire, "PATCH", ONE) == {"ended": True}
    assert (room.ended, room.access_token) == (True, None)


@pytest.mark.parametrize(
    ("status", "body"), [(200, json.dumps(ROOM)), (204, ""), (200, ""), (200, "gone"), (202, "{}")]
)
async def test_delete_takes_any_success(
    wire: aioresponses, wired: AsyncVidesk, status: int, body: str
) -> None:
    """The body of a delete is not documented (docs/api.md, "Operations"), so none is expected."""
    wire.delete(ONE, status=status, body=body)
    await wired.rooms.delete(ID)
    assert len(wire.requests["DELETE", URL(ONE)]) == 1


@pytest.mark.parametrize("status", [200, 201])
async def test_join_takes_either_status(
    wire: aioresponses, wired: AsyncVidesk, status: int
) -> None:
    """200 or 201, and no body is needed (docs/api.md, "Operations")."""
    wire.post(f"{ONE}/join", status=status, payload={"accessToken": "opaque"})
    access = await wired.rooms.join(ID)
    assert (access.access_token, access.claims, access.exp) == ("opaque", {}, None)
    assert sent(wire, "POST", f"{ONE}/join") is None


@pytest.mark.parametrize("body", [{}, {"accessToken": ""}, {"accessToken": None}, [], "x", None])
async def test_join_without_a_token_is_not_an_answer(
    wire: aioresponses, wired: AsyncVidesk, body: object
) -> None:
    """A browser cannot enter with nothing."""
    wire.post(f"{ONE}/join", body=json.dumps(body))
    with pytest.raises(ResponseError):
        await wired.rooms.join(ID)


@pytest.mark.parametrize("view", ["report", "snapshot", "summary"])
async def test_stats_are_passed_on_untouched(
    wire: aioresponses, wired: AsyncVidesk, view: StatsView
) -> None:
    """Their fields are not documented."""
    data: dict[str, object] = {"score": 3, "createdAt": "2024-08-14T15:00:00.000Z", "id": None}
    wire.get(f"{ONE}/stats?view={view}", payload=data)
    assert await wired.rooms.stats(ID, view=view) == RoomStats(view, data)  # type: ignore[arg-type]  # the test's own object


@pytest.mark.parametrize(("status", "body"), [(204, ""), (200, ""), (200, "null")])
async def test_stats_that_are_nothing_may_not_be_there_yet(
    wire: aioresponses, wired: AsyncVidesk, status: int, body: str
) -> None:
    """Feathers answers so if a service finds nothing; a summary needs a compiled session."""
    wire.get(f"{ONE}/stats?view=summary", status=status, body=body)
    with pytest.raises(ResponseError, match="no statistics: they may not be there yet"):
        await wired.rooms.stats(ID, view="summary")


async def test_stats_that_are_no_object_are_refused(wire: aioresponses, wired: AsyncVidesk) -> None:
    """An object is documented."""
    wire.get(f"{ONE}/stats?view=report", payload=[1])
    with pytest.raises(ResponseError, match="should be an object, not a list"):
        await wired.rooms.stats(ID)


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, ""),
        ({"limit": 5}, "?$limit=5"),
        ({"skip": 0}, "?$skip=0"),
        ({"limit": 100, "skip": 200}, "?$limit=100&$skip=200"),
        ({"sort": "created_at"}, "?$sort%5BcreatedAt%5D=1"),
        ({"sort": "-created_at"}, "?$sort%5BcreatedAt%5D=-1"),
        ({"sort": "-createdAt"}, "?$sort%5BcreatedAt%5D=-1"),
        ({"sort": ["name", "-exp"]}, "?$sort%5Bname%5D=1&$sort%5Bexp%5D=-1"),
        ({"sort": {"updated_at": -1, "name": 1}}, "?$sort%5BupdatedAt%5D=-1&$sort%5Bname%5D=1"),
        ({"sort": []}, ""),
        ({"ended": True}, "?ended=true"),
        ({"ended": False}, "?ended=false"),
        ({"external_id": "a b&c=d"}, "?externalId=a%20b%26c%3Dd"),
    ],
)
async def test_list_spells_its_query_as_feathers_reads_it(
    wire: aioresponses, wired: AsyncVidesk, arguments: Mapping[str, object], query: str
) -> None:
    """`$sort[createdAt]=-1`, `true` and `false` (docs/api.md, "On the wire")."""
    wire.get(
        URL(ROOMS + query, encoded=True), payload={"total": 0, "limit": 5, "skip": 0, "data": []}
    )
    page = await wired.rooms.list(**arguments)  # type: ignore[arg-type]  # the table's own
    assert page == RoomPage(total=0, limit=5, skip=0, data=())


async def test_a_page_iterates_and_indexes_over_its_rooms(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """A page is a sequence to whoever reads it."""
    data = [{**ROOM, "id": f"{number:024x}"} for number in range(3)]
    wire.get(ROOMS, payload={"total": 7, "limit": 3, "skip": 0, "data": data})
    page = await wired.rooms.list()
    assert [room.id for room in page] == [room["id"] for room in data]
    assert (len(page), page[-1].id, page.has_more) == (3, f"{2:024x}", True)


MISSING = feathers(404, "NotFound", "No record found")


async def test_the_lookup_compares_the_name_itself(wire: aioresponses, wired: AsyncVidesk) -> None:
    """Neither a path nor a filter that matches loosely gives somebody else's room."""
    other = {**ROOM, "externalId": "TICKET-1"}
    page = {"total": 1, "limit": 100, "skip": 0, "data": [other]}
    wire.get(f"{ROOMS}/ticket-1", payload={**other, "accessToken": "a.b.c"})
    wire.get(URL(f"{ROOMS}?$limit=100&externalId=ticket-1", encoded=True), payload=page)
    with pytest.raises(NotFoundError, match="no room has external_id='ticket-1'"):
        await wired.rooms.get_by_external_id("ticket-1")


async def test_the_lookup_reads_on_when_the_first_page_does_not_have_it(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """A filter that the server ignores must not hide the room."""
    there = {**ROOM, "externalId": "ticket-1"}
    first = {"total": 2, "limit": 1, "skip": 0, "data": [{**ROOM, "externalId": "other"}]}
    second = {"total": 2, "limit": 1, "skip": 1, "data": [there]}
    wire.get(f"{ROOMS}/ticket-1", status=404, body=MISSING)
    wire.get(URL(f"{ROOMS}?$limit=100&externalId=ticket-1", encoded=True), payload=first)
    wire.get(URL(f"{ROOMS}?$limit=100&$skip=1&externalId=ticket-1", encoded=True), payload=second)
    wire.get(ONE, payload={**there, "accessToken": "a.b.c"})
    room = await wired.rooms.get_by_external_id("ticket-1")
    assert (room.external_id, room.access_token) == ("ticket-1", "a.b.c")


async def test_the_lookup_does_not_guess_when_names_are_missing(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """Any field but `id` may be absent: a room without a name cannot be told to be this one."""
    page = {"total": 1, "limit": 100, "skip": 0, "data": [{"id": ID}]}
    wire.get(f"{ROOMS}/ticket-1", payload={"id": ID, "accessToken": "a.b.c"})
    wire.get(URL(f"{ROOMS}?$limit=100&externalId=ticket-1", encoded=True), payload=page)
    with pytest.raises(ResponseError) as caught:
        await wired.rooms.get_by_external_id("ticket-1")
    assert caught.value.path == "data[0].externalId"


@pytest.mark.parametrize(
    ("query", "spelled"),
    [
        (None, ""),
        ({"$limit": 1, "none": None}, "?$limit=1"),
        ({"$sort": {"createdAt": -1}}, "?$sort%5BcreatedAt%5D=-1"),
        ({"ended": True, "share": 0.5}, "?ended=true&share=0.5"),
        ({"id": ["a", "b"]}, "?id=a&id=b"),
        (
            {"exp": {"$gt": datetime(2042, 8, 14, 18, tzinfo=timezone.utc)}},
            "?exp%5B$gt%5D=2042-08-14T18%3A00%3A00.000Z",
        ),
    ],
)
async def test_any_path_can_be_requested(
    wire: aioresponses, wired: AsyncVidesk, query: Mapping[str, object] | None, spelled: str
) -> None:
    """What the API has and this package does not know goes the same way."""
    wire.post(URL(f"{API}/vpaas/other%20thing{spelled}", encoded=True), status=207, payload=[1])
    response = await wired.request("post", "/vpaas/other%20thing", query=query, json={"a": (1, 2)})
    assert (response.status, response.json(), response.method) == (207, [1], "POST")
    (calls,) = wire.requests.values()
    assert json.loads(calls[0].kwargs["data"]) == {"a": [1, 2]}


async def test_a_response_that_is_not_json_says_so(wire: aioresponses, wired: AsyncVidesk) -> None:
    """`json()` raises what everything else raises."""
    wire.get(f"{API}/vpaas/page", body="<p>hello</p>")
    response = await wired.request("GET", "/vpaas/page")
    with pytest.raises(ResponseError, match="is not JSON; it begins with '<p>hello</p>'"):
        response.json()
