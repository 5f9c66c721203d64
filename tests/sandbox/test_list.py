"""The list: pages, order, filters (docs/api.md, Operations, List)."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests import inside
from tests.sandbox.support import Api
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    import aiohttp

    from tests.sandbox.support import RawResponse


def names(answer: RawResponse) -> list[str]:
    return [room["name"] for room in answer.json["data"]]


async def test_ten_is_the_default(api: Api) -> None:
    """A page tells total, limit and skip, and has ten rooms."""
    ids = api.sandbox.add_rooms(25)
    page = (await api.list()).json
    assert (page["total"], page["limit"], page["skip"]) == (25, 10, 0)
    assert [room["id"] for room in page["data"]] == list(ids[:10])


async def test_rooms_in_a_list_have_no_token(api: Api) -> None:
    """The accessToken is on create, retrieve and update only."""
    await api.create()
    (room,) = (await api.list()).json["data"]
    assert "accessToken" not in room


async def test_an_empty_list(api: Api) -> None:
    """No rooms are an empty page."""
    assert (await api.list()).json == {"total": 0, "limit": 10, "skip": 0, "data": []}


@pytest.mark.parametrize("dollar", ["$", "%24"])
async def test_limit_and_skip(api: Api, dollar: str) -> None:
    """A page from the middle, percent-encoded or not."""
    ids = api.sandbox.add_rooms(9)
    page = (await api.list(f"{dollar}limit=3&{dollar}skip=4")).json
    assert (page["limit"], page["skip"]) == (3, 4)
    assert [room["id"] for room in page["data"]] == list(ids[4:7])


async def test_a_limit_over_the_maximum_is_clamped(api: Api) -> None:
    """100 are the most, without a word but the page's own limit."""
    api.sandbox.add_rooms(101)
    page = (await api.list("$limit=5000")).json
    assert (page["limit"], len(page["data"])) == (100, 100)


async def test_a_skip_past_the_end(api: Api) -> None:
    """There is nothing there, and the total says why."""
    api.sandbox.add_rooms(3)
    page = (await api.list("$skip=3")).json
    assert (page["total"], page["data"]) == (3, [])


@pytest.mark.parametrize("skip", [2**31 - 1, 2**31, 2**32, 2**53 - 1])
async def test_a_skip_beyond_32_bits(api: Api, skip: int) -> None:
    """It is a number like any other, up to what JavaScript counts exactly."""
    api.sandbox.add_rooms(3)
    answer = await api.list(f"$skip={skip}&$limit={skip}")
    assert answer.status == 200
    assert answer.json == {"total": 3, "limit": 100, "skip": skip, "data": []}


async def test_leading_zeros(api: Api) -> None:
    """They do not count."""
    ids = api.sandbox.add_rooms(3)
    page = (await api.list(f"$skip={'0' * 1000}1&$limit=01")).json
    assert [room["id"] for room in page["data"]] == [ids[1]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$sort[createdAt]=1", ["b", "a", "c"]),
        ("$sort[createdAt]=-1", ["c", "a", "b"]),
        ("%24sort%5BcreatedAt%5D=-1", ["c", "a", "b"]),
        ("$sort[name]=1", ["a", "b", "c"]),
        ("$sort[exp]=1&$sort[name]=-1", ["b", "a", "c"]),
        ("$sort[exp]=-1&$sort[name]=1", ["c", "a", "b"]),
        ("$sort[ended]=-1&$sort[name]=1", ["a", "b", "c"]),
        ("$sort[ended]=1&$sort[name]=1", ["c", "a", "b"]),
        ("$sort[nothing]=1", ["c", "a", "b"]),  # the order of storing
    ],
)
async def test_sort(api: Api, query: str, expected: list[str]) -> None:
    """Several fields in order; unknown ones change nothing."""
    now = api.sandbox.now
    over, lasting = now, now + timedelta(hours=1)
    for age, (name, exp) in enumerate([("c", lasting), ("a", over), ("b", over)]):
        api.sandbox.add_room(name=name, exp=exp, created_at=now - timedelta(minutes=age))
    assert names(await api.list(query)) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("id", "cab"),
        ("_id", "cab"),
        ("name", "abc"),
        ("externalId", "bac"),
        ("exp", "acb"),
        ("nbf", "bca"),
        ("createdAt", "cba"),
        ("updatedAt", "bac"),
    ],
)
async def test_every_field_sorts(api: Api, field: str, expected: str) -> None:
    """Each field of a room has an order of its own, up and down."""
    now = api.sandbox.now
    for name, external_id, exp, nbf, age in (
        ("c", "3", 2, 2, 3),
        ("a", "2", 1, 3, 1),
        ("b", "1", 3, 1, 2),
    ):
        api.sandbox.add_room(
            name=name,
            external_id=external_id,
            exp=now + timedelta(hours=exp),
            nbf=now - timedelta(hours=1) + timedelta(minutes=nbf),
            created_at=now - timedelta(minutes=age),
        )
    for room in reversed(api.sandbox.rooms):
        api.sandbox.advance(timedelta(seconds=1))
        await api.call("PATCH", f"/vpaas/rooms/{room['id']}", content={"settings": {}})
    for direction, order in ((1, expected), (-1, expected[::-1])):
        assert names(await api.list(f"$sort[{field}]={direction}")) == list(order)


async def test_a_sorted_page_sees_changes(api: Api) -> None:
    """What is created or renamed shows in the next page."""
    await api.create(name="b")
    await api.list("$sort[name]=1")
    second = (await api.create(name="a")).json["id"]
    assert names(await api.list("$sort[name]=1")) == ["a", "b"]
    await api.call("PATCH", f"/vpaas/rooms/{second}", content={"name": "c"})
    assert names(await api.list("$sort[name]=1")) == ["b", "c"]


async def test_a_sorted_page_sees_deletions(session: aiohttp.ClientSession) -> None:
    """A deleted room is gone from the next page."""
    async with Sandbox(deletion=True) as sandbox:
        api = Api(sandbox, session)
        first = (await api.create(name="a")).json["id"]
        await api.create(name="b")
        assert names(await api.list("$sort[name]=1")) == ["a", "b"]
        await api.call("DELETE", f"/vpaas/rooms/{first}")
        assert names(await api.list("$sort[name]=1")) == ["b"]


async def test_ended(api: Api) -> None:
    """The filter follows the clock: rooms end by themselves."""
    api.sandbox.add_room(name="short", exp=api.sandbox.now + timedelta(hours=1))
    api.sandbox.add_room(name="long", exp=api.sandbox.now + timedelta(hours=2))
    assert names(await api.list("ended=true")) == []
    assert names(await api.list("ended=false")) == ["short", "long"]
    api.sandbox.advance(timedelta(hours=1))
    answer = await api.list("ended=true")
    assert names(answer) == ["short"]
    assert answer.json["data"][0]["ended"] is True
    assert answer.json["total"] == 1


async def test_an_order_by_ended_follows_the_clock(api: Api) -> None:
    """Time alone changes it, so it is asked anew each time."""
    api.sandbox.add_room(name="long", exp=api.sandbox.now + timedelta(hours=2))
    api.sandbox.add_room(name="short", exp=api.sandbox.now + timedelta(hours=1))
    assert names(await api.list("$sort[ended]=-1")) == ["long", "short"]
    api.sandbox.advance(timedelta(hours=1))
    assert names(await api.list("$sort[ended]=-1")) == ["short", "long"]


async def test_orders_are_kept(api: Api) -> None:
    """Pages of a list that does not change are sorted once, and few such orders are kept."""
    api.sandbox.add_rooms(3)
    first = inside.ordered(api.sandbox, ("createdAt", -1))
    assert inside.ordered(api.sandbox, ("createdAt", -1)) is first
    for number in range(50):
        assert (await api.list(f"$sort[field-{number}]=1")).status == 200
    assert 0 < inside.orders_kept(api.sandbox) <= 16


async def test_external_id(api: Api) -> None:
    """One room, or none, by the caller's own id."""
    await api.create(externalId="a&b c", name="mine")
    await api.create(externalId="other")
    assert names(await api.list("externalId=a%26b%20c")) == ["mine"]
    assert names(await api.list("externalId=unknown")) == []
    assert names(await api.list("externalId=a%26b+c&ended=true")) == []


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("$limit=0", "$limit"),
        ("$limit=ten", "$limit"),
        ("$limit=-1", "$limit"),
        ("$limit=1e1", "$limit"),
        ("$limit=5.0", "$limit"),
        ("$limit=%2B5", "$limit"),
        ("$limit=%205", "$limit"),
        ("$limit=0x5", "$limit"),
        ("$limit=%D9%A5", "$limit"),  # a five, of Arabic
        ("$limit=NaN", "$limit"),
        ("$skip=-1", "$skip"),
        ("$skip=-0", "$skip"),
        ("$skip=", "$skip"),
        ("$skip=Infinity", "$skip"),
        (f"$skip={2**53}", "$skip"),
        (f"$skip={2**64}", "$skip"),
        (f"$skip={'9' * 5_000}", "$skip"),
        (f"$limit={'9' * 400}", "$limit"),
        ("$sort[createdAt]=1.0", "$sort[createdAt]"),
        ("$sort[createdAt]=%2B1", "$sort[createdAt]"),
        ("$sort[createdAt]=", "$sort[createdAt]"),
        ("$sort[]=1", "$sort[]"),
        ("$sort[createdAt]=2", "$sort[createdAt]"),
        ("$sort[createdAt]=desc", "$sort[createdAt]"),
        ("$sort=createdAt", "$sort"),
        ("ended=True", "ended"),
        ("ended=1", "ended"),
        ("limit=5", "limit"),
        ("external_id=a", "external_id"),
        ("$limit=1&$limit=2", "$limit"),
    ],
)
async def test_bad_queries_are_named(api: Api, query: str, wrong: str) -> None:
    """A slip in the query is a 400 that tells the parameter."""
    answer = await api.list(query)
    assert answer.status == 400
    assert set(answer.json["errors"]) == {wrong}


async def test_fifty_thousand_rooms(api: Api) -> None:
    """A page of a long list is right and quick, also deep inside and while rooms are created."""
    ids = list(api.sandbox.add_rooms(50_000))
    started = time.process_time()  # which does not count what other programs do meanwhile
    for turn in range(20):
        api.sandbox.advance(timedelta(milliseconds=1))  # no two rooms are of the same age
        ids.append((await api.create()).json["id"])
        skip = turn * 2500
        page = (await api.list(f"$sort[createdAt]=-1&$limit=100&$skip={skip}")).json
        assert (page["total"], page["limit"], page["skip"]) == (len(ids), 100, skip)
        assert [room["id"] for room in page["data"]] == ids[::-1][skip : skip + 100]
    assert time.process_time() - started < 3
    last = (await api.list("$sort[createdAt]=-1&$limit=100&$skip=50019")).json["data"]
    assert [room["id"] for room in last] == ids[:1]
