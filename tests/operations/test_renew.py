"""`get_or_create(renew=True)`: what comes back can be entered."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from tests.retrying import client
from videsk_rooms import APIError, BadRequestError, ConflictError, Room
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms import AsyncVidesk

JSON = {"Content-Type": "application/json"}
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def add(sandbox: Sandbox, **fields: Any) -> str:
    return str(sandbox.add_room(external_id="ticket-1", **fields)["id"])


async def expired(sandbox: Sandbox, _: AsyncVidesk) -> None:
    add(sandbox, exp=sandbox.now - HOUR, nbf=sandbox.now - 2 * HOUR)


async def ended(sandbox: Sandbox, videsk: AsyncVidesk) -> None:
    await videsk.rooms.end(add(sandbox))


async def ended_and_expired(sandbox: Sandbox, videsk: AsyncVidesk) -> None:
    await videsk.rooms.end(add(sandbox))
    sandbox.advance(4 * HOUR)


async def ended_before_it_opened(sandbox: Sandbox, videsk: AsyncVidesk) -> None:
    now = sandbox.now
    await videsk.rooms.end(add(sandbox, nbf=now + DAY, exp=now + DAY + HOUR))


async def expired_without_saying_ended(sandbox: Sandbox, _: AsyncVidesk) -> None:
    add(sandbox, exp=sandbox.now - HOUR, nbf=sandbox.now - 2 * HOUR, without=["ended"])


async def ended_and_expired_without_saying_ended(sandbox: Sandbox, videsk: AsyncVidesk) -> None:
    await videsk.rooms.end(add(sandbox, exp=sandbox.now + HOUR, without=["ended"]))
    sandbox.advance(2 * HOUR)


async def ended_without_saying_when(sandbox: Sandbox, videsk: AsyncVidesk) -> None:
    await videsk.rooms.end(add(sandbox, without=["exp", "nbf"]))


OVER = [
    expired,
    ended,
    ended_and_expired,
    ended_before_it_opened,
    expired_without_saying_ended,
    ended_and_expired_without_saying_ended,
    ended_without_saying_when,
]


@pytest.mark.parametrize("update_token", [True, False])
@pytest.mark.parametrize("make_over", OVER)
async def test_a_room_that_is_over_is_opened_for_three_hours(
    make_over: Callable[[Sandbox, AsyncVidesk], Any], update_token: bool
) -> None:
    """By the server's clock; the same room, with a token that lets in at once."""
    with Sandbox(rate=None, update_token=update_token) as sandbox:
        async with client(sandbox) as videsk:
            await make_over(sandbox, videsk)
            held = str(sandbox.rooms[0]["id"])
            room = await videsk.rooms.get_or_create("ticket-1", renew=True)
            assert room.id == held
            assert room.is_open(sandbox.now)
            claims = jwt.decode(room.access_token or "", options={"verify_signature": False})
            assert claims["nbf"] <= sandbox.now.timestamp()
            assert abs(claims["exp"] - (sandbox.now + 3 * HOUR).timestamp()) < 60
            assert (await videsk.rooms.join(room)).access_token
        assert len(sandbox.rooms) == 1


async def test_the_times_that_are_given_are_taken(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """And nothing else of the room is changed."""
    add(sandbox, name="Before", exp=sandbox.now - HOUR, nbf=sandbox.now - 2 * HOUR)
    opens, closes = sandbox.now + HOUR, sandbox.now + 2 * HOUR
    await fast.rooms.get_or_create("ticket-1", name="After", nbf=opens, exp=closes, renew=True)
    (change,) = sandbox.requests.of("update")
    assert isinstance(change.json, dict)
    assert change.json.keys() == {"nbf", "exp", "ended"}
    room = sandbox.rooms[0]
    assert room["name"] == "Before"
    for field, moment in {"nbf": opens, "exp": closes}.items():
        assert datetime.fromisoformat(str(room[field]).replace("Z", "+00:00")) - moment < timedelta(
            milliseconds=1
        )


async def test_a_room_that_goes_on_is_left_as_it_is(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """Also one that has not opened yet; and it costs one request."""
    add(sandbox, nbf=sandbox.now + HOUR)
    await fast.rooms.get_or_create("ticket-1", exp=2 * HOUR, renew=True)
    assert [request.operation for request in sandbox.requests] == ["get"]


async def test_a_room_that_is_not_there_is_created(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """As without `renew`."""
    room = await fast.rooms.get_or_create("ticket-1", exp=HOUR, renew=True)
    assert (room.is_open(), bool(room.access_token)) == (True, True)


async def test_many_renewers_do_no_harm(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """Each gets the room, open."""
    await ended(sandbox, fast)
    rooms = await asyncio.gather(
        *(fast.rooms.get_or_create("ticket-1", renew=True) for _ in range(20))
    )
    assert all(room.is_open() and room.access_token for room in rooms)
    assert len({room.id for room in rooms}) == len(sandbox.rooms) == 1


async def test_a_renewal_whose_answer_was_lost_is_sent_again(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """It sets what it has set already."""
    await ended(sandbox, fast)
    sandbox.faults.drop("after", on="update")
    assert (await fast.rooms.get_or_create("ticket-1", renew=True)).is_open()


@pytest.mark.videsk_sandbox(reopening=False)
@pytest.mark.parametrize("make_over", [expired, ended])
async def test_an_api_that_opens_no_room_again_is_told(
    sandbox: Sandbox, fast: AsyncVidesk, make_over: Callable[[Sandbox, AsyncVidesk], Any]
) -> None:
    """With what to do instead."""
    await make_over(sandbox, fast)
    with pytest.raises(BadRequestError, match="take another external_id"):
        await fast.rooms.get_or_create("ticket-1", renew=True)
    assert (await fast.rooms.get_or_create("ticket-1")).is_over()


@pytest.mark.parametrize("status", [400, 403, 409, 410, 422])
async def test_any_refusal_to_open_a_room_again_says_what_to_do(
    sandbox: Sandbox, fast: AsyncVidesk, status: int
) -> None:
    """Which status refuses is not documented."""
    await ended(sandbox, fast)
    sandbox.faults.status(status, on="update")
    with pytest.raises(APIError, match="take another external_id") as caught:
        await fast.rooms.get_or_create("ticket-1", renew=True)
    assert caught.value.status == status


async def test_a_refusal_of_the_second_renewer_is_no_error(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """The room is open by then."""
    room = add(sandbox)
    await fast.rooms.end(room)
    over = json.dumps({**sandbox.rooms[0], "accessToken": "a.b.c"}).encode()
    await fast.rooms.update(room, ended=False)
    sandbox.faults.answer(200, headers=JSON, body=over, on="get")
    sandbox.faults.status(409, on="update")
    assert (await fast.rooms.get_or_create("ticket-1", renew=True)).is_open()


async def test_a_renewal_that_changes_nothing_is_an_error(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Nobody is given a room that cannot be entered."""
    await ended(sandbox, fast)
    answer = json.dumps({**sandbox.rooms[0], "accessToken": "a.b.c"}).encode()
    sandbox.faults.answer(200, headers=JSON, body=answer, on="update")
    with pytest.raises(ConflictError, match="take another external_id") as caught:
        await fast.rooms.get_or_create("ticket-1", renew=True)
    assert caught.value.status == 409


async def test_a_room_is_over_by_the_servers_clock(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """This machine's may be wrong."""
    add(sandbox, without=["ended"])
    sandbox.faults.answer(
        200,
        headers={**JSON, "Date": "Fri, 01 Jan 2100 00:00:00 GMT"},
        body=json.dumps({**sandbox.rooms[0], "accessToken": "a.b.c"}).encode(),
        on="get",
    )
    sandbox.faults.status(400, on="update")
    with pytest.raises(BadRequestError):
        await fast.rooms.get_or_create("ticket-1", renew=True)
    (change,) = sandbox.requests.of("update")
    assert isinstance(change.json, dict)
    assert change.json["exp"] == "2100-01-01T03:00:00.000Z"


@pytest.mark.parametrize("date", ["", "soon", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_date_that_cannot_be_reckoned_with_is_left_aside(
    sandbox: Sandbox, fast: AsyncVidesk, date: str
) -> None:
    """This machine's clock is the next best."""
    await ended(sandbox, fast)
    body = json.dumps({**sandbox.rooms[0], "accessToken": "a.b.c"}).encode()
    sandbox.faults.answer(200, headers={**JSON, "Date": date}, body=body, on="get")
    room = await fast.rooms.get_or_create("ticket-1", renew=True)
    assert isinstance(room, Room)
    assert room.is_open()
    assert room.exp is not None
    assert room.exp - datetime.now(timezone.utc) < 3 * HOUR + timedelta(minutes=1)


# -- the end of a room that is over ---------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 409, 410])
async def test_a_room_whose_time_is_up_may_refuse_its_end(
    sandbox: Sandbox, fast: AsyncVidesk, status: int
) -> None:
    """Nobody can join it any more, whether it says that it was ended or not; by its own clock."""
    room = add(sandbox, exp=sandbox.now + HOUR, without=["ended"])
    sandbox.advance(2 * HOUR)
    sandbox.faults.status(status, on="update")
    assert (await fast.rooms.end(room)).is_over(sandbox.now)


async def test_a_room_that_goes_on_may_not_refuse_its_end(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Nor one of which nothing is said."""
    for without in (["ended"], ["ended", "exp"]):
        room = str(sandbox.add_room(without=without)["id"])
        sandbox.faults.status(409, on="update")
        with pytest.raises(ConflictError):
            await fast.rooms.end(room)
