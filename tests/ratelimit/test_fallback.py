"""Several processes with a store in common, in virtual time: while it answers and while not."""

from __future__ import annotations

import asyncio
import logging
from statistics import median
from typing import TYPE_CHECKING

import pytest

from tests.ratelimit.simulated import LIMIT, SOON, Shared, Way, World
from tests.ratelimit.virtual_time import VirtualLoop, leave_behind, simulate
from videsk_rooms import ClosedError
from videsk_rooms._ratelimit import Rank
from videsk_rooms._ratelimit.fallback_store import PROBE_EVERY, SHARE, FallbackStore
from videsk_rooms._ratelimit.limit import Limit, ObservedLimit
from videsk_rooms._ratelimit.memory_store import MemoryStore
from videsk_rooms._ratelimit.schedule import Ask, Message
from videsk_rooms._ratelimit.store import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONG = 60.0
TWENTY = Limit(20, 1.0)


async def results(tasks: Sequence[asyncio.Task[float]]) -> list[float]:
    """Tell when the requests of tasks left."""
    return [await task for task in tasks]


# -- while it answers -----------------------------------------------------------------------------


def test_processes_share_the_limit_and_its_order() -> None:
    """Who comes first leaves first, whatever process it is in."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 3, shared=True)
        tasks = []
        for number in range(9):
            tasks.append(world.sending(number % 3))
            await asyncio.sleep(0.001)
        left = await results(tasks)
        assert left == sorted(left)
        assert world.most() == LIMIT.requests
        await world.close()

    simulate(run)


def test_people_go_before_the_background_of_other_processes() -> None:
    """Of two processes that wait, the one with people has the next place."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 2, limit=Limit(1, 1.0), shared=True)
        await world.send()
        background = world.sending(0, Rank.BACKGROUND)
        await asyncio.sleep(0.1)
        person = world.sending(1)
        assert await person < await background
        await world.close()

    simulate(run)


def test_the_whole_limit_is_used_by_four_processes() -> None:
    """Over 15 s at least 97 %, none over it, the longest wait within twice the median."""
    seconds = 15.0

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 4, limit=TWENTY, shared=True, takes=0.0005)
        waits: list[float] = []

        async def caller(process: int) -> None:
            while world.now < seconds:
                asked = world.now
                waits.append(await world.send(process) - asked)
                await asyncio.sleep(0.005)

        await asyncio.gather(*(caller(number % 4) for number in range(32)))
        await world.close()
        within = [each for each in world.arrived if each - world.began < seconds]
        assert len(within) >= 0.97 * TWENTY.requests * seconds
        assert world.most() <= TWENTY.requests
        assert max(waits) <= 2 * median(waits)

    simulate(run)


@pytest.mark.parametrize("connects", [0.0, 0.004, 0.02, 0.3, 0.9, 3.0])
def test_what_is_still_connecting_does_not_come_too_close(connects: float) -> None:
    """A request counts when it leaves, however late; others have its place meanwhile, or not."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 2, shared=True, takes=0.0005)
        slow = [world.sending(0, connects=connects) for _ in range(3)]
        quick = [world.sending(1) for _ in range(20)]
        await results(slow)
        await results(quick)
        assert world.most() <= LIMIT.requests
        await world.close()

    simulate(run)


def test_a_pause_is_seen_by_all_processes() -> None:
    """By those that wait, and by those that come."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 2, shared=True)
        await world.use_up()
        tasks = [world.sending(number % 2) for number in range(4)]
        await asyncio.sleep(0.5)
        world.limiters[0].pause(3.0)
        await asyncio.sleep(0.1)
        tasks += [world.sending(number % 2) for number in range(2)]
        left = await results(tasks)
        assert min(left) >= 3.5 - 1e-6
        assert sum(each < 3.6 for each in left) == LIMIT.requests
        await world.close()

    simulate(run)


def test_a_pause_without_anybody_waiting_is_told_too() -> None:
    """Another process hears of it when it asks."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 2, shared=True)
        world.limiters[0].pause(2.0)
        await asyncio.sleep(0.01)
        assert 2.0 <= await world.send(1) <= 2.0 + SOON
        await world.close()

    simulate(run)


def test_when_all_of_a_process_are_cancelled_others_leave_as_if_they_had_not_been() -> None:
    """What they waited for is free."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 2, shared=True)
        await world.use_up()
        tasks = [world.sending(0) for _ in range(20)]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert 1.0 <= await world.send(1) <= 1.0 + SOON
        await world.close()

    simulate(run)


def test_a_request_that_never_left_gives_its_place_to_other_processes() -> None:
    """As soon as they ask again."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 2, shared=True)
        refused = [world.sending(0, connects=0.3, leaves=False) for _ in range(LIMIT.requests)]
        await results(refused)
        await asyncio.sleep(0)
        others = [world.sending(1) for _ in range(LIMIT.requests)]
        assert max(await results(others)) <= 0.3 + SOON
        await world.close()

    simulate(run)


def test_a_store_that_loses_its_memory_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """It counts from nothing, pauses are forgotten, nobody waits long."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 2, shared=True)
        tasks = [world.sending(number % 2) for number in range(12)]
        await asyncio.sleep(0.5)
        world.limiters[0].pause(LONG)
        await asyncio.sleep(0.1)
        world.shared.forget()
        assert max(await results(tasks)) < 7.0  # it is asked every five seconds at least
        await world.close()

    simulate(run)
    assert caplog.records == []


def test_an_error_that_is_not_foreseen_goes_to_whoever_waits() -> None:
    """And holds up nobody later."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, shared=True)
        world.ways[0].error = ZeroDivisionError("a fault of the store")
        waiting = [world.sending() for _ in range(2)]
        for task in waiting:
            with pytest.raises(ZeroDivisionError):
                await task
        world.ways[0].error = None
        await world.send()
        await world.close()

    simulate(run)


@pytest.mark.parametrize(("pause", "waits"), [(0.0, 0.0), (3.0, 3.0)])
def test_what_a_cancelled_task_was_about_to_tell_is_told_with_the_next_question(
    pause: float, waits: float
) -> None:
    """Somebody cancels all tasks of the loop: places that are free stay free, and a pause holds."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, shared=True, takes=0.01)
        permits = [await world.permit() for _ in range(LIMIT.requests)]
        for permit in permits:
            permit.release()
        if pause:
            world.limiters[0].pause(pause)
        await asyncio.sleep(0.005)  # on its way
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.1)
        began = world.now
        await world.send()
        assert waits <= world.now - began <= waits + 0.1
        await world.close()

    simulate(run)


# -- closing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("takes", [0.0, 0.01])
@pytest.mark.parametrize("silent", [False, True])
def test_closing_ends_the_waiting_and_tells_the_store(takes: float, silent: bool) -> None:
    """Also while the store is being asked; whoever comes later need not begin to wait."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, shared=True, takes=takes)
        await results([world.sending() for _ in range(LIMIT.requests)])
        tasks = [world.sending() for _ in range(LIMIT.requests)]
        await asyncio.sleep(0.4)
        world.ways[0].reachable, world.ways[0].silent = not silent, silent
        began = world.now
        await world.close()
        assert world.now - began <= 1.1
        for task in tasks:
            with pytest.raises(ClosedError):
                await task
        with pytest.raises(ClosedError):
            await world.send()
        assert world.ways[0].asked["close"] == 1

    simulate(run)


def test_closing_tells_the_store_what_it_does_not_know_yet() -> None:
    """Another process need not wait for requests that never left."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 2, shared=True, takes=0.01)
        permits = [await world.permit(0) for _ in range(LIMIT.requests)]
        for permit in permits:
            permit.release()
        await world.limiters[0].close()
        began = world.now
        await world.send(1)
        assert world.now - began < 0.1
        await world.close()

    simulate(run)


def test_a_loop_that_was_closed_while_it_asked_holds_up_no_other() -> None:
    """Nor does the question that it left behind."""
    first, second = VirtualLoop(), VirtualLoop()
    world = World(second, shared=True, takes=0.01)

    async def begin() -> None:
        world.sending()
        for _ in range(3):
            await asyncio.sleep(0)

    first.run_until_complete(begin())
    leave_behind(first)
    assert second.run_until_complete(world.send()) == pytest.approx(0.02, abs=SOON)
    second.run_until_complete(world.close())
    second.close()


# -- out of reach ---------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", [False, True])
def test_out_of_reach_a_process_limits_itself_to_a_share(
    silent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so once, goes on by a quarter of the limit, and comes back by itself."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, limit=TWENTY, shared=True)
        (way,) = world.ways

        async def caller() -> None:
            while world.now < 30.0:
                await world.send()

        callers = [asyncio.create_task(caller()) for _ in range(8)]
        await asyncio.sleep(5.0)
        way.reachable, way.silent = False, silent
        await asyncio.sleep(15.0)
        way.reachable = True
        await asyncio.wait(callers)
        await world.close()
        left = [each - world.began for each in world.arrived]
        alone = sum(8.0 <= each < 18.0 for each in left)
        assert 0.9 * SHARE * 200 <= alone <= SHARE * 200
        assert sum(5.0 <= each < 20.0 for each in left) <= SHARE * 300 + 20
        careful = [each for each in left if 20.0 <= each < 22.0]
        for end in careful:
            assert sum(end - 1.0 < each <= end for each in careful) <= SHARE * TWENTY.requests
        assert sum(25.0 <= each < 30.0 for each in left) >= 0.9 * 100
        assert world.most() <= TWENTY.requests

    simulate(run)
    warnings = [record.getMessage() for record in caplog.records]
    assert [("out of reach" in each, "limit is back" in each) for each in warnings] == [
        (True, False),
        (False, True),
    ]
    assert "25 %" in warnings[0]
    assert "out of order" in warnings[0]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_window_passes_when_the_store_is_lost() -> None:
    """What left by its permits counts: the share on top of it would be over the limit."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, shared=True)
        await world.use_up()
        world.ways[0].reachable = False
        assert await world.send() >= 1.0
        assert world.most() <= LIMIT.requests
        await world.close()

    simulate(run)


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("way", [0.0, 0.06])
def test_four_processes_stay_within_the_limit_while_their_store_fails(
    forgets: bool, silent: bool, way: float
) -> None:
    """When it goes, while it is away, and when it comes back, with its memory or without."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, 4, limit=TWENTY, shared=True, takes=0.0005, way=way)

        async def caller(process: int) -> None:
            while world.now < 30.0:
                await world.send(process)
                await asyncio.sleep(0.003)

        callers = [asyncio.create_task(caller(number % 4)) for number in range(32)]
        await asyncio.sleep(5.3)
        for each in world.ways:
            each.reachable, each.silent = False, silent
        await asyncio.sleep(5.0)
        if forgets:
            world.shared.forget()
        for each in world.ways:
            each.reachable = True
        await asyncio.wait(callers)
        await world.close()
        assert world.most() <= TWENTY.requests

    simulate(run)


@pytest.mark.parametrize("lost_again_after", [0.5, 1.1, 1.6, 2.3])
def test_a_store_that_comes_and_goes_lets_nobody_go_twice(lost_again_after: float) -> None:
    """A process that is still careful has no permit from its share, and none from the store."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, limit=TWENTY, shared=True)
        (way,) = world.ways
        way.reachable = False

        async def caller() -> None:
            while world.now < 16.0:
                await world.send()
                await asyncio.sleep(0.001)

        callers = [asyncio.create_task(caller()) for _ in range(30)]
        await asyncio.sleep(3.0)
        for _ in range(3):
            way.reachable = True
            await asyncio.sleep(lost_again_after)
            way.reachable = False
            await asyncio.sleep(1.2)
        await asyncio.wait(callers)
        share = int(SHARE * TWENTY.requests)
        left = [each - world.began for each in world.arrived if each - world.began < 16.0]
        for end in left:
            assert sum(end - 1.0 < each <= end for each in left) <= share
        await world.close()

    simulate(run)


@pytest.mark.parametrize("known", [True, False])
def test_a_pause_while_the_store_is_away_pauses_this_process(known: bool) -> None:
    """And is not told to the others, which cannot be reached; though it be what shows that."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, shared=True)
        world.ways[0].reachable = not known
        await world.send()
        world.ways[0].reachable = False
        until = world.now + 3.0
        world.limiters[0].pause(3.0)
        await world.send()
        assert world.now >= until - 0.001
        await world.close()

    simulate(run)


def test_the_store_is_not_asked_again_and_again_while_it_is_away() -> None:
    """Once a second, in the background: nobody waits for it."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, limit=TWENTY, shared=True)
        (way,) = world.ways
        way.reachable, way.silent = False, True
        while world.now < 20.0:
            await world.send()
        assert way.asked["apply"] <= 20.0 / (PROBE_EVERY + PATIENCE) + 3
        assert len(world.arrived) >= 0.9 * SHARE * 20 * 17
        await world.close()

    simulate(run)


@pytest.mark.parametrize("requests", [1, 2, 3, 4, 5, 7, 20])
def test_alone_every_limit_has_its_share(requests: int) -> None:
    """A quarter of one in a second is one in four."""

    async def run(loop: VirtualLoop) -> None:
        limit = Limit(requests, 1.0)
        world = World(loop, limit=limit, shared=True)
        world.ways[0].reachable = False
        while world.now < 200.0:
            await world.send()
        sent = len(world.arrived)
        assert 0.9 * 198 * int(100 * SHARE * requests) / 100 <= sent + 1
        assert sent <= 200 * SHARE * requests + max(2, int(SHARE * requests))
        await world.close()

    simulate(run)


def test_after_a_fork_the_child_looks_for_the_store_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What looked for it in the parent will not tell the child."""
    parent, child = VirtualLoop(), VirtualLoop()
    way = Way(Shared(child))
    store = FallbackStore(way, MemoryStore(child.time), ObservedLimit(LIMIT), clock=child.time)
    asks: Callable[[int], Message] = lambda number: Message(  # noqa: E731 - one line of a test
        ask=Ask(str(number), Rank.INTERACTIVE, 0.0, 4, 1.0, 0.0, 0.0)
    )
    way.reachable, way.silent = False, True
    parent.run_until_complete(store.apply(asks(1)))
    child.now += 2 * PROBE_EVERY
    parent.run_until_complete(store.apply(asks(2)))  # begins to look
    parents = asyncio.all_tasks(parent)
    assert len(parents) == 1
    store.reset_after_fork()
    way.reachable = True
    child.run_until_complete(store.apply(asks(3)))
    child.run_until_complete(asyncio.sleep(0.1))
    assert "the shared rate limit is back" in caplog.messages
    parent.run_until_complete(asyncio.gather(*parents))
    parent.close()
    child.close()
