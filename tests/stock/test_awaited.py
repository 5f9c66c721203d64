"""A stock of access tokens: issued ahead, each handed out once, thrown away when stale."""

from __future__ import annotations

import asyncio
import logging
import pickle
import time
from typing import TYPE_CHECKING, Any, Literal, cast

import anyio
import pytest

from tests import inside
from tests.inside import nothing_is_left
from tests.retrying import client
from tests.support import as_json
from tests.waiting import until
from videsk_rooms import (
    APIError,
    AsyncVidesk,
    ClosedError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    RateLimit,
    Retry,
    ServerError,
)

from .support import HOUR, LATE, full, operations, tokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from videsk_rooms import Room
    from videsk_rooms.sandbox import Sandbox

MANY = 20


@pytest.fixture
async def videsk(sandbox: Sandbox) -> AsyncIterator[AsyncVidesk]:
    """A client on the sandbox: one attempt a call, no pacing."""
    async with client(sandbox, retry=Retry(attempts=1)) as videsk:
        yield videsk
        nothing_is_left(videsk)


@pytest.fixture
async def room(sandbox: Sandbox, videsk: AsyncVidesk) -> Room:
    """A room that has been open for a while; the log of requests begins after it."""
    held = sandbox.add_room(name="Class at nine", nbf=sandbox.now - HOUR)
    room = await videsk.rooms.get(str(held["id"]))
    sandbox.requests.clear()
    return room


# -- issued ahead, and handed out -----------------------------------------------------------------


async def test_it_is_filled_by_join_while_the_room_is_open(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """But for the first token, which comes with the room's window."""
    async with videsk.rooms.access_stock(room, size=MANY) as stock:
        await full(stock)
        assert operations(sandbox) == {"get": 1, "join": MANY - 1}


async def test_it_is_filled_by_get_before_the_room_opens(
    sandbox: Sandbox, videsk: AsyncVidesk
) -> None:
    """Nobody can join yet, and a retrieved room has a token all the same."""
    room = await videsk.rooms.create(nbf=HOUR)
    sandbox.requests.clear()
    async with videsk.rooms.access_stock(room, size=MANY) as stock:
        await full(stock)
        assert operations(sandbox) == {"get": MANY}
        assert (await stock.take()).nbf is not None


async def test_a_token_is_taken_without_a_request(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """As many as there are, and no two the same."""
    async with videsk.rooms.access_stock(room.id, size=MANY) as stock:
        await full(stock)
        sandbox.faults.delay(LATE, times=None)
        taken = await asyncio.gather(*(stock.take() for _ in range(MANY)))
        assert len(tokens(taken)) == MANY
        assert all(access.claims["room"] == room.id for access in taken)


async def test_what_is_taken_is_replaced(videsk: AsyncVidesk, room: Room) -> None:
    """For as long as the block runs."""
    async with videsk.rooms.access_stock(room, size=3) as stock:
        taken = []
        for _ in range(3):
            await full(stock)
            taken += [await stock.take() for _ in range(3)]
        assert len(tokens(taken)) == 9


async def test_never_is_more_asked_for_than_fits(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """What is under way counts, and who is full asks for nothing."""
    sandbox.faults.delay(0.05, times=None)
    async with videsk.rooms.access_stock(room, size=5) as stock:
        await full(stock)
        await asyncio.sleep(0.2)
        assert (stock.level, len(sandbox.requests)) == (5, 5)


async def test_from_an_empty_stock_a_token_is_issued_at_once(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """Whoever comes does not wait for what is issued in the background."""
    sandbox.faults.delay(LATE, process="last")
    async with videsk.rooms.access_stock(room, size=3) as stock:
        await until(lambda: len(sandbox.requests) == 1)
        assert (await stock.take()).claims["room"] == room.id


async def test_two_stocks_of_a_room_hand_out_different_tokens(
    videsk: AsyncVidesk, room: Room
) -> None:
    """Each has its own."""
    async with (
        videsk.rooms.access_stock(room, size=3) as one,
        videsk.rooms.access_stock(room, size=3) as other,
    ):
        await asyncio.gather(full(one), full(other))
        taken = [await stock.take() for stock in (one, other) for _ in range(3)]
        assert len(tokens(taken)) == 6


@pytest.mark.parametrize("sent", [{}, {"accessToken": None}, {"accessToken": ""}])
async def test_a_retrieved_room_without_a_token_is_joined(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room, sent: dict[str, object]
) -> None:
    """That every answer has one is documented, and still nothing to depend on."""
    sandbox.faults.answer(200, body=as_json({**sandbox.rooms[0], **sent}), on="get")
    async with videsk.rooms.access_stock(room, size=2) as stock:
        await full(stock)
        assert operations(sandbox) == {"get": 1, "join": 2}


# -- what is stale --------------------------------------------------------------------------------


async def test_tokens_of_an_old_window_are_thrown_away_after_an_update(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """By this client, and by views of it; the next ones are of the new window."""
    exp = sandbox.now.replace(microsecond=0) + 5 * HOUR
    async with videsk.rooms.access_stock(room, size=MANY) as stock:
        await full(stock)
        await videsk.with_options(timeout=9.0).rooms.update(room, exp=exp)
        assert stock.level == 0
        assert (await stock.take()).exp == exp
        await full(stock)
        assert {(await stock.take()).exp for _ in range(MANY)} == {exp}


async def test_an_update_of_something_else_throws_nothing_away(
    videsk: AsyncVidesk, room: Room
) -> None:
    """Neither of the room's name, nor of another room."""
    other = await videsk.rooms.create()
    async with videsk.rooms.access_stock(room, size=3) as stock:
        await full(stock)
        await videsk.rooms.update(room, name="New")
        await videsk.rooms.update(other, exp=HOUR)
        assert stock.level == 3


async def test_an_update_that_was_refused_throws_nothing_away(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """The tokens are as good as before."""
    sandbox.faults.status(400, on="update")
    async with videsk.rooms.access_stock(room, size=3) as stock:
        await full(stock)
        with pytest.raises(APIError):
            await videsk.rooms.update(room, exp=HOUR)
        assert stock.level == 3


async def test_an_update_whose_outcome_is_unknown_throws_them_away(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """They may be of a window that is gone."""
    sandbox.faults.drop("after", on="update")
    async with videsk.rooms.access_stock(room, size=3) as stock:
        await full(stock)
        exp = sandbox.now.replace(microsecond=0) + 5 * HOUR
        with pytest.raises(Exception, match="may have been processed"):
            await videsk.rooms.update(room, exp=exp)
        assert stock.level == 0
        await full(stock)
        assert (await stock.take()).exp == exp


async def test_a_token_that_tells_another_window_throws_the_others_away(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """The room may be updated by somebody else: the next answer tells."""
    exp = sandbox.now.replace(microsecond=0) + 5 * HOUR
    async with videsk.rooms.access_stock(room, size=MANY) as stock, client(sandbox) as other:
        await full(stock)
        await other.rooms.update(room, exp=exp)
        first = await stock.take()
        assert first.exp != exp  # nobody has told it yet
        await until(lambda: stock.level < MANY - 1)
        await full(stock)
        assert {(await stock.take()).exp for _ in range(MANY)} == {exp}


async def test_before_the_room_opens_a_retrieved_window_throws_the_others_away(
    sandbox: Sandbox, videsk: AsyncVidesk
) -> None:
    """No token but the room itself tells that somebody else has updated it."""
    held = sandbox.add_room(nbf=sandbox.now + HOUR)
    room_id = str(held["id"])
    exp = sandbox.now.replace(microsecond=0) + 5 * HOUR
    async with videsk.rooms.access_stock(room_id, size=MANY) as stock, client(sandbox) as other:
        await full(stock)
        await other.rooms.update(room_id, exp=exp)
        assert (await stock.take()).exp != exp
        await until(lambda: stock.level < MANY - 1)
        await full(stock)
        assert {(await stock.take()).exp for _ in range(MANY)} == {exp}


async def test_tokens_that_were_on_their_way_during_an_update_are_not_kept(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """The server may have issued them before it moved the room."""
    exp = sandbox.now.replace(microsecond=0) + 5 * HOUR
    async with videsk.rooms.access_stock(room, size=MANY) as stock:
        await full(stock)
        sandbox.faults.delay(0.3, process="first", on="join", times=3)
        for _ in range(3):
            await stock.take()
        asked = len(sandbox.requests)
        await until(lambda: len(sandbox.requests) >= asked + 2)
        await videsk.rooms.update(room, exp=exp)
        await asyncio.sleep(0.5)
        await full(stock)
        assert {(await stock.take()).exp for _ in range(MANY)} == {exp}


async def test_requests_that_were_on_their_way_during_an_update_hold_up_nothing(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """Their tokens would not be kept, so others are asked for at once."""
    patient = videsk.with_options(timeout=None)
    async with patient.rooms.access_stock(room, size=3) as stock:
        await full(stock)
        sandbox.faults.delay(LATE, on="join", times=3)
        for _ in range(3):
            await stock.take()
        await until(lambda: operations(sandbox)["join"] == 2 + 3)
        await videsk.rooms.update(room, exp=5 * HOUR)
        await asyncio.wait_for(full(stock), LATE / 2)


async def test_who_finds_that_the_window_has_moved_goes_on(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """The room that it retrieved has told it where to: it need not be retrieved again."""
    async with videsk.rooms.access_stock(room, size=1) as stock, client(sandbox) as other:
        await full(stock)
        exp = sandbox.now.replace(microsecond=0) + 5 * HOUR
        await other.rooms.update(room, exp=exp)
        without_token = as_json(sandbox.rooms[0])
        sandbox.faults.answer(200, body=without_token, on="get", times=None)
        sandbox.faults.status(500, on="join")
        sandbox.requests.clear()
        await stock.take()
        await full(stock)
        assert operations(sandbox) == {"join": 2, "get": 1}
        assert (await stock.take()).exp == exp


async def test_a_window_that_moved_is_noticed_after_the_block_without_harm(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """By somebody who still waits for a token: nothing is filled again."""
    async with videsk.rooms.access_stock(room, size=1) as stock, client(sandbox) as other:
        await full(stock)
        await other.rooms.update(room, exp=5 * HOUR)
        sandbox.faults.delay(0.3, on="join", times=None)
        await stock.take()
        taking = asyncio.ensure_future(stock.take())
        await until(lambda: operations(sandbox)["join"] == 2)
    sandbox.requests.clear()
    await taking
    await asyncio.sleep(0)
    assert not inside.fills(stock)
    assert operations(sandbox) == {}


@pytest.mark.parametrize("operation", ["get", "get_by_external_id", "get_or_create", "list"])
async def test_an_answer_that_tells_another_window_throws_them_away(
    operation: str, sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """Whatever this client asks about the room."""
    external_id = str(room.external_id)
    calls: dict[str, Any] = {
        "get": lambda: videsk.rooms.get(room),
        "get_by_external_id": lambda: videsk.rooms.get_by_external_id(external_id),
        "get_or_create": lambda: videsk.rooms.get_or_create(external_id),
        "list": lambda: videsk.rooms.list(),
    }
    async with videsk.rooms.access_stock(room, size=3) as stock, client(sandbox) as other:
        await full(stock)
        await calls[operation]()
        assert stock.level == 3
        await other.rooms.update(room, exp=5 * HOUR)
        await calls[operation]()
        assert stock.level == 0


@pytest.mark.parametrize("operation", ["get", "join"])
async def test_an_answer_from_before_an_update_throws_nothing_away(
    operation: Literal["get", "join"], sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """It arrives when the stock knows the new window, and tells the old one."""
    exp = sandbox.now.replace(microsecond=0) + 5 * HOUR
    async with videsk.rooms.access_stock(room, size=1) as stock:
        if operation == "join":
            await full(stock)
            await stock.take()
        # One is to fill the stock, and is cancelled.
        sandbox.faults.delay(0.5, on=operation, process="first", times=2)
        asked = operations(sandbox)[operation]
        taking = asyncio.ensure_future(stock.take())
        await until(lambda: operations(sandbox)[operation] == asked + 2)
        await videsk.rooms.update(room, exp=exp)
        await full(stock)
        assert (await taking).exp != exp
        assert stock.level == 1
        assert (await stock.take()).exp == exp


async def test_a_room_that_is_ended_has_no_tokens(videsk: AsyncVidesk, room: Room) -> None:
    """Whoever comes is told why by the API."""
    async with videsk.rooms.access_stock(room, size=3) as stock:
        await full(stock)
        await videsk.rooms.end(room)
        assert stock.level == 0
        with pytest.raises(APIError) as refused:
            await stock.take()
        assert refused.value.status in {403, 410, 400}


async def test_a_room_that_is_opened_again_has_tokens_again(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """At once, and not when the next look at a room that is over is due."""
    async with videsk.rooms.access_stock(room, size=3) as stock:
        await full(stock)
        sandbox.requests.clear()
        await videsk.rooms.end(room)
        await until(lambda: operations(sandbox)["get"] and not inside.fills(stock))
        began = time.monotonic()
        await videsk.rooms.update(room, ended=False)
        await full(stock)
        assert time.monotonic() - began < 20.0


async def test_tokens_are_thrown_away_half_a_minute_before_they_expire(
    sandbox: Sandbox, videsk: AsyncVidesk
) -> None:
    """Whoever gets one must have time to enter; what is issued when somebody comes is theirs."""
    held = sandbox.add_room(exp=sandbox.now + HOUR / 3600 * 32)
    async with videsk.rooms.access_stock(str(held["id"]), size=3) as stock:
        await full(stock)
        await until(lambda: stock.level == 0)
        asked = len(sandbox.requests)
        assert (await stock.take()).exp is not None
        # It is not filled with what would be thrown away again.
        assert len(sandbox.requests) <= asked + 2


async def test_a_token_that_is_stale_when_somebody_comes_is_not_handed_out(
    sandbox: Sandbox, videsk: AsyncVidesk
) -> None:
    """Though the loop was kept busy, and nothing was thrown away yet."""
    held = sandbox.add_room(nbf=sandbox.now - HOUR, exp=sandbox.now + HOUR / 3600 * 34)
    async with videsk.rooms.access_stock(str(held["id"]), size=2) as stock:
        await full(stock)
        asked = operations(sandbox)["join"]
        time.sleep(4.5)  # noqa: ASYNC251 - that is the test
        assert stock.level == 0
        await stock.take()
        assert operations(sandbox)["join"] > asked


async def test_for_a_room_that_is_over_nothing_is_issued_again_and_again(
    sandbox: Sandbox, videsk: AsyncVidesk
) -> None:
    """One look tells; the next is for later."""
    held = sandbox.add_room(exp=sandbox.now - HOUR)
    async with videsk.rooms.access_stock(str(held["id"]), size=MANY):
        await until(lambda: len(sandbox.requests) == 1)
        await asyncio.sleep(0.2)
        assert operations(sandbox) == {"get": 1}


# -- what fails -----------------------------------------------------------------------------------


async def test_a_failure_to_fill_is_logged_once_and_tried_again(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever comes meanwhile is told the real error, and when it passes the stock is filled."""
    sandbox.faults.status(500, on=("get", "join"), times=None)
    with caplog.at_level(logging.WARNING, logger="videsk_rooms"):
        async with videsk.rooms.access_stock(room, size=3) as stock:
            await until(lambda: len(sandbox.requests) == 2)
            with pytest.raises(ServerError):
                await stock.take()
            sandbox.faults.clear()
            await full(stock)
            assert len(caplog.records) == 1
            sandbox.faults.status(500, on=("get", "join"), times=None)
            await stock.take()
            # What failed is no news after a success.
            await until(lambda: len(caplog.records) == 2)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert room.id in warnings[0].getMessage()
    assert "take() asks for each" in warnings[0].getMessage()


async def test_after_a_failure_to_fill_the_room_is_looked_at(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """It may be over, or gone."""
    async with videsk.rooms.access_stock(room, size=3) as stock:
        await full(stock)
        sandbox.faults.status(500, on="join")
        await stock.take()
        await until(lambda: operations(sandbox)["get"] == 2)
        await full(stock)


async def test_a_room_that_is_not_there_is_an_error_of_take(
    videsk: AsyncVidesk, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is raised where nobody waits."""
    async with videsk.rooms.access_stock("64f1a2b3c4d5e6f7a8b9c0d1", size=3) as stock:
        with pytest.raises(NotFoundError):
            await stock.take()
        await until(lambda: caplog.records)


async def test_after_a_failure_the_room_is_looked_at(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """It may be over: then nobody goes on trying to join it."""
    async with videsk.rooms.access_stock(room, size=3) as stock, client(sandbox) as other:
        await full(stock)
        await other.rooms.end(room)
        sandbox.requests.clear()
        await stock.take()
        await until(lambda: operations(sandbox)["get"])
        assert operations(sandbox) == {"join": 1, "get": 1}


async def test_what_cannot_pass_by_itself_is_not_tried_again(sandbox: Sandbox) -> None:
    """A callable that returns no token is asked once, and `take` raises what it meets."""
    asked: list[int] = []

    def no_token() -> str:
        asked.append(1)
        return ""

    videsk = AsyncVidesk(no_token, base_url=sandbox.url)
    async with videsk, videsk.rooms.access_stock("64f1a2b3c4d5e6f7a8b9c0d1", size=3) as stock:
        await until(lambda: asked)
        await asyncio.sleep(0.2)
        assert len(asked) == 1
        with pytest.raises(ConfigurationError):
            await stock.take()


async def test_time_in_the_queue_of_the_rate_limit_does_not_count(
    sandbox: Sandbox, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """Or the last ones of a large stock would fail, and nobody waits for them."""
    pace = RateLimit(at_most=2, per=1.0)
    async with (
        AsyncVidesk(
            sandbox.api_token, base_url=sandbox.url, rate_limit=pace, timeout=2.0
        ) as videsk,
        videsk.rooms.access_stock(room, size=8) as stock,
    ):
        await full(stock)
    assert caplog.records == []


async def test_leaving_the_block_ends_what_fills_it(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """Nothing goes on, nothing is in stock, and nothing can be taken."""
    sandbox.faults.delay(LATE, process="last", times=None)
    async with videsk.rooms.access_stock(room, size=3) as stock:
        await until(lambda: len(sandbox.requests) == 1)
    nothing_is_left(videsk)
    assert stock.level == 0
    with pytest.raises(ClosedError, match="not open"):
        await stock.take()


async def test_a_block_in_a_cancelled_scope_ends_it_too(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """Anyio cancels again in each turn of the loop, as where a browser has hung up."""
    sandbox.faults.delay(LATE, process="last", times=None)
    with anyio.CancelScope() as scope:
        async with videsk.rooms.access_stock(room, size=3):
            await until(lambda: len(sandbox.requests) == 1)
            scope.cancel()
    nothing_is_left(videsk)


async def test_the_end_of_the_block_by_an_error_ends_it_too(
    videsk: AsyncVidesk, room: Room
) -> None:
    """The error is the block's own."""
    stock = videsk.rooms.access_stock(room, size=3)

    async def fail() -> None:
        async with stock:
            await full(stock)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert stock.level == 0


async def test_a_block_that_a_blocked_loop_leaves_ends_it_too(
    videsk: AsyncVidesk, room: Room
) -> None:
    """Its look at the stock and its end are due at once. On Python 3.10 the one hid the other."""
    stock = videsk.rooms.access_stock(room, size=3)

    async def block() -> None:
        async with stock:
            await full(stock)
            asyncio.get_running_loop().call_soon(time.sleep, 0.6)
            await asyncio.sleep(0.01)

    await asyncio.wait_for(block(), LATE)
    nothing_is_left(videsk)


async def test_before_the_block_nothing_is_sent(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """Nor can anything be taken."""
    stock = videsk.rooms.access_stock(room, size=3)
    with pytest.raises(ClosedError, match=r"rooms\.join\(room\)"):
        await stock.take()
    assert len(sandbox.requests) == 0


async def test_a_closed_client_ends_it(sandbox: Sandbox, room: Room) -> None:
    """`take` says so when the stock is used up, and nothing is logged."""
    videsk = client(sandbox)
    async with videsk.rooms.access_stock(room, size=1) as stock:
        await full(stock)
        await videsk.close()
        await stock.take()
        with pytest.raises(ClosedError, match="closed"):
            await stock.take()


async def test_a_window_that_moved_is_noticed_after_a_failure_too(
    sandbox: Sandbox, videsk: AsyncVidesk, room: Room
) -> None:
    """The room is retrieved after a failure, and its window compared with the one before."""
    exp = sandbox.now.replace(microsecond=0) + 5 * HOUR
    async with videsk.rooms.access_stock(room, size=3) as stock, client(sandbox) as other:
        await full(stock)
        await other.rooms.update(room, exp=exp)
        sandbox.faults.status(500, on="join")
        await stock.take()
        await until(lambda: operations(sandbox)["get"] == 2)
        await full(stock)
        assert {(await stock.take()).exp for _ in range(3)} == {exp}


# -- what it says of itself -----------------------------------------------------------------------


async def test_it_tells_its_level_and_no_token(videsk: AsyncVidesk, room: Room) -> None:
    """In its repr, which may end up in a log."""
    stock = videsk.rooms.access_stock(room, size=2)
    assert repr(stock) == f"AsyncAccessStock(room='{room.id}', level=0/2)"
    async with stock:
        await full(stock)
        assert repr(stock) == f"AsyncAccessStock(room='{room.id}', level=2/2)"
        assert (stock.size, stock.level) == (2, 2)


async def test_it_is_not_pickled(videsk: AsyncVidesk, room: Room) -> None:
    """Or two processes would hand out the same tokens."""
    with pytest.raises(TypeError, match="each token is handed out once"):
        pickle.dumps(videsk.rooms.access_stock(room, size=2))


@pytest.mark.parametrize("size", [0, -1, 2.5, "3", None, True])
async def test_another_size_is_refused(videsk: AsyncVidesk, size: object) -> None:
    """Where the caller stands, with the argument's name."""
    with pytest.raises(InvalidRequestError, match="1 or more") as refused:
        videsk.rooms.access_stock("64f1a2b3c4d5e6f7a8b9c0d1", size=cast("Any", size))
    assert refused.value.argument == "size"


async def test_another_room_is_refused(videsk: AsyncVidesk) -> None:
    """Likewise."""
    with pytest.raises(InvalidRequestError) as refused:
        videsk.rooms.access_stock("a/b", size=1)
    assert refused.value.argument == "room"
