"""Concurrent calls for the same room: one looks it up or creates it, the others follow."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.inside import nothing_is_left
from tests.retrying import LATE, client
from tests.waiting import until
from videsk_rooms import DeadlineExceededError, Retry, Room, ServerError, Videsk
from videsk_rooms._operations.leaders import Leader, Leaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videsk_rooms import AsyncVidesk
    from videsk_rooms.sandbox import Sandbox

MANY = 30
HOUR = timedelta(hours=1)


def operations(sandbox: Sandbox) -> Counter[str | None]:
    return Counter(request.operation for request in sandbox.requests)


def each_has_a_token_of_its_own(rooms: Sequence[Room]) -> bool:
    """Whether all have the same room, and no two the same token."""
    assert len({room.id for room in rooms}) == 1
    tokens = {room.access_token for room in rooms}
    return None not in tokens and len(tokens) == len(rooms)


async def arrived(sandbox: Sandbox, count: int) -> None:
    """Wait until so many requests have come."""
    await until(lambda: len(sandbox.requests) >= count)


def leaders_alive() -> int:
    """Count the leaders that something still refers to."""
    gc.collect()
    return sum(type(kept) is Leader for kept in gc.get_objects())


# -- what it costs --------------------------------------------------------------------------------


async def test_a_new_room_is_looked_up_and_created_once(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Each other caller costs one request, for a token of its own."""
    rooms = await asyncio.gather(*(fast.rooms.get_or_create("new") for _ in range(MANY)))
    assert each_has_a_token_of_its_own(rooms)
    assert operations(sandbox) == {"get": 1 + MANY - 1, "list": 1, "create": 1}


async def test_a_room_that_is_there_costs_one_request_a_caller(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """The first retrieves it by the external id, the others by its id."""
    sandbox.add_room(external_id="there")
    rooms = await asyncio.gather(*(fast.rooms.get_or_create("there") for _ in range(MANY)))
    assert each_has_a_token_of_its_own(rooms)
    assert operations(sandbox) == {"get": MANY}


@pytest.mark.videsk_sandbox(external_ids=False)
async def test_a_room_of_the_listing_is_listed_once(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """Where the server takes ids only, the look-up takes two requests, or three at first."""
    sandbox.add_room(external_id="there")
    rooms = await asyncio.gather(*(fast.rooms.get_or_create("there") for _ in range(MANY)))
    assert each_has_a_token_of_its_own(rooms)
    assert operations(sandbox) == {"get": 1 + MANY, "list": 1}


async def test_calls_one_after_another_share_nothing(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """Each looks for itself: the room may have gone meanwhile."""
    for _ in range(2):
        await fast.rooms.get_or_create("there")
    assert operations(sandbox) == {"get": 2, "list": 1, "create": 1}


async def test_views_share_with_their_client(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """A view with another time limit is the same account and the same session."""
    views = [fast.with_options(timeout=float(9 + number)) for number in range(MANY)]
    rooms = await asyncio.gather(*(view.rooms.get_or_create("new") for view in views))
    assert each_has_a_token_of_its_own(rooms)
    assert operations(sandbox)["create"] == 1


# -- what each asked for --------------------------------------------------------------------------


async def test_what_racers_ask_for_counts_for_the_creation_only(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """The room is the one of whoever came first, as it is when they come one after another."""
    first, second = await asyncio.gather(
        fast.rooms.get_or_create("new", name="First"),
        fast.rooms.get_or_create("new", name="Second", settings={"a": 1}),
    )
    assert (first.id, first.name) == (second.id, second.name)
    assert first.name == "First"
    assert operations(sandbox)["create"] == 1


async def test_a_room_that_is_over_is_renewed_for_who_asks_for_it(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Also beside one who does not, and once for all who do."""
    sandbox.add_room(external_id="over", exp=sandbox.now - HOUR)
    _, *renewed = await asyncio.gather(
        fast.rooms.get_or_create("over"),
        *(fast.rooms.get_or_create("over", renew=True) for _ in range(3)),
    )
    assert all(room.is_open() for room in renewed)
    assert each_has_a_token_of_its_own(renewed)
    assert operations(sandbox)["update"] == 1


async def test_an_interactive_call_does_not_wait_for_one_in_the_background(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Or it would be as late as that one."""
    sandbox.add_room(external_id="there")
    sandbox.faults.delay(LATE, on="get")
    behind = asyncio.ensure_future(
        fast.with_options(priority="background").rooms.get_or_create("there")
    )
    await arrived(sandbox, 1)
    found = await asyncio.wait_for(fast.rooms.get_or_create("there"), LATE / 2)
    assert found.external_id == "there"
    behind.cancel()


# -- a leader that does not get so far ------------------------------------------------------------


async def test_a_cancelled_leader_is_followed_by_another(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Those who waited for it have one of them do it."""
    sandbox.faults.delay(LATE, process="last", on="get")
    leader = asyncio.ensure_future(fast.rooms.get_or_create("new"))
    await arrived(sandbox, 1)
    followers = [asyncio.ensure_future(fast.rooms.get_or_create("new")) for _ in range(MANY)]
    await asyncio.sleep(0)
    leader.cancel()
    rooms = await asyncio.gather(*followers)
    assert each_has_a_token_of_its_own(rooms)
    # The leader's, and then as if it had not been.
    assert operations(sandbox) == {"get": 1 + MANY, "list": 1, "create": 1}


async def test_the_time_of_a_leader_is_not_that_of_its_followers(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Whose time is up first is not the fault of those who wait for it."""
    sandbox.faults.delay(LATE, process="last", on="get")
    hasty = fast.with_options(timeout=0.2)
    leader = asyncio.ensure_future(hasty.rooms.get_or_create("new"))
    await arrived(sandbox, 1)
    rooms = await asyncio.gather(*(fast.rooms.get_or_create("new") for _ in range(MANY)))
    assert each_has_a_token_of_its_own(rooms)
    assert operations(sandbox)["create"] == 1
    with pytest.raises(DeadlineExceededError):
        await leader


async def test_a_follower_waits_for_no_longer_than_its_own_time(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """However long its leader takes."""
    sandbox.faults.delay(LATE, on="get")
    leader = asyncio.ensure_future(fast.rooms.get_or_create("new"))
    await arrived(sandbox, 1)
    with pytest.raises(DeadlineExceededError, match="while another call looked up") as late:
        await fast.with_options(timeout=0.1).rooms.get_or_create("new")
    assert (late.value.external_id, late.value.outcome_unknown) == ("new", False)
    leader.cancel()


async def test_a_cancelled_follower_leaves_the_others_alone(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Neither its leader nor the other followers notice."""
    sandbox.faults.delay(0.2, on="get")
    calls = [asyncio.ensure_future(fast.rooms.get_or_create("new")) for _ in range(4)]
    await arrived(sandbox, 1)
    calls[1].cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(done.pop(1), asyncio.CancelledError)
    assert each_has_a_token_of_its_own([room for room in done if isinstance(room, Room)])
    assert len(done) == 3
    assert operations(sandbox)["create"] == 1


async def test_those_behind_a_leader_that_fails_try_for_themselves(sandbox: Sandbox) -> None:
    """And get errors of their own, if any."""
    sandbox.faults.status(500, on="create", times=2)
    async with client(sandbox, retry=Retry(attempts=1)) as videsk:
        done = await asyncio.gather(
            *(videsk.rooms.get_or_create("new") for _ in range(4)), return_exceptions=True
        )
    failed = [error for error in done if not isinstance(error, Room)]
    assert len(failed) == 2
    assert all(isinstance(error, ServerError) for error in failed)
    assert failed[0] is not failed[1]
    assert each_has_a_token_of_its_own([room for room in done if isinstance(room, Room)])


async def test_those_behind_a_leader_that_fails_try_at_the_same_time(sandbox: Sandbox) -> None:
    """One after another, each would wait for the failures of all before it."""
    sandbox.faults.status(500, on="create")
    sandbox.faults.status(404, on="get")  # the leader's look-up; those of the others take for ever
    sandbox.faults.delay(LATE, on="get", times=None)
    async with client(sandbox, retry=Retry(attempts=1), timeout=None) as videsk:
        calls = [asyncio.ensure_future(videsk.rooms.get_or_create("new")) for _ in range(4)]
        await until(lambda: operations(sandbox)["get"] == 4)
        for call in calls:
            call.cancel()
        failed, *_ = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(failed, ServerError)


async def test_a_room_that_is_gone_when_a_follower_comes_is_made_again(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """A 404 after the leader's success ends in a try of its own."""
    sandbox.faults.delay(0.2, on="create")
    calls = [asyncio.ensure_future(fast.rooms.get_or_create("new")) for _ in range(2)]
    await arrived(sandbox, 3)
    sandbox.faults.status(404, on="get")
    assert each_has_a_token_of_its_own(await asyncio.gather(*calls))


async def test_nothing_is_kept_of_a_leader(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """Neither of one that has ended, nor of one that failed."""
    sandbox.faults.status(403, on="create")
    await asyncio.gather(
        *(fast.rooms.get_or_create(each) for each in ("a", "a", "b")), return_exceptions=True
    )
    await until(lambda: leaders_alive() == 0)
    nothing_is_left(fast)


# -- loops and threads ----------------------------------------------------------------------------


async def test_each_loop_has_a_leader_of_its_own(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """A future of one loop cannot be awaited in another."""
    start = threading.Barrier(2)

    async def race() -> list[Room]:
        start.wait(LATE)
        return await asyncio.gather(*(fast.rooms.get_or_create("new") for _ in range(MANY)))

    both = await asyncio.gather(*(asyncio.to_thread(asyncio.run, race()) for _ in range(2)))
    assert each_has_a_token_of_its_own([room for rooms in both for room in rooms])
    assert len(sandbox.rooms) == 1
    assert operations(sandbox)["create"] <= 2


def test_a_leader_left_behind_by_its_loop_leads_no_more() -> None:
    """Its coroutine is closed after the loop was, and nobody can be told of it."""
    leaders = Leaders()

    async def lead() -> None:
        with leaders.lead("new"):
            await asyncio.sleep(LATE)

    left_behind = lead()

    async def begin() -> Leader | None:
        left_behind.send(None)
        return leaders.find("new")

    leader = asyncio.run(begin())
    left_behind.close()
    assert leader is not None
    assert leader.gave_up

    async def find() -> Leader | None:
        return leaders.find("new")

    assert asyncio.run(find()) is None


def test_threads_of_a_blocking_client_share(sandbox: Sandbox) -> None:
    """Its calls run in one loop, whichever thread waits for them."""
    with (
        Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None) as videsk,
        ThreadPoolExecutor(MANY) as threads,
    ):
        sandbox.faults.delay(0.3, on="get")
        rooms = list(threads.map(lambda _: videsk.rooms.get_or_create("new"), range(MANY)))
    assert each_has_a_token_of_its_own(rooms)
    assert operations(sandbox) == {"get": MANY, "list": 1, "create": 1}
