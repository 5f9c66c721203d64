"""One client in many threads: what comes back belongs to who asked for it."""

from __future__ import annotations

import asyncio
import random
import threading
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import inside
from tests.blocking.support import Thread, blocking_client, calls_alive, loop_threads, tasks_of
from tests.waiting import wait_until
from videsk_rooms import NotFoundError
from videsk_rooms._blocking.portal import Portal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.blocking.support import Relay
    from videsk_rooms import Videsk
    from videsk_rooms.sandbox import Sandbox


@pytest.mark.videsk_sandbox(deletion=True)
def test_calls_of_32_threads(sandbox: Sandbox, relay: Relay) -> None:
    """640 calls, one loop, each room with the thread that created it, and nothing left."""
    threads_before = threading.active_count()
    begin = threading.Barrier(32)

    def work(client: Videsk, number: int) -> list[str]:
        begin.wait()
        room = client.rooms.create(external_id=f"thread-{number}")
        names = []
        for turn in range(6):
            changed = client.rooms.update(room, name=f"{number}.{turn}")
            found = client.rooms.get_by_external_id(f"thread-{number}")
            assert changed.id == found.id == room.id
            names.append(str(client.rooms.get(room).name))
        client.rooms.delete(room)
        return names

    with blocking_client(sandbox, base_url=relay.url) as client:
        threads = [Thread(work, client, number) for number in range(32)]
        for number, thread in enumerate(threads):
            assert thread.result() == [f"{number}.{turn}" for turn in range(6)]
        assert len(loop_threads()) == 1
    assert len(sandbox.requests) == 32 * 20
    assert sandbox.rooms == ()
    assert loop_threads() == []
    wait_until(lambda: relay.open == 0)
    relay.stop()
    wait_until(lambda: threading.active_count() <= threads_before)


def test_a_mix_of_results_and_errors(sandbox: Sandbox, client: Videsk) -> None:
    """An error names the room that its own caller asked for."""
    known = set(sandbox.add_rooms(20))

    def work(seed: int) -> int:
        chance, missing = random.Random(seed), 0
        for _ in range(30):
            if chance.random() < 0.5:
                room_id = chance.choice(sorted(known))
                assert client.rooms.get(room_id).id == room_id
                continue
            room_id = f"{chance.randrange(16**24):024x}"
            with pytest.raises(NotFoundError, match=room_id):
                client.rooms.get(room_id)
            missing += 1
        return missing

    missing = sum(thread.result() for thread in [Thread(work, seed) for seed in range(8)])
    assert missing == sum(record.status == 404 for record in sandbox.requests)


def test_200_clients(sandbox: Sandbox, relay: Relay) -> None:
    """Made, used and closed, they leave neither threads nor tasks nor connections."""
    threads_before = set(threading.enumerate())
    loops = []
    for _ in range(200):
        with blocking_client(sandbox, base_url=relay.url) as client:
            assert client.rooms.list().total == 0
            loops.append(inside.loop_thread(client).loop)
    assert loop_threads() == []
    assert all(loop is not None and loop.is_closed() for loop in loops)
    assert sum(len(asyncio.all_tasks(loop)) for loop in loops) == 0
    assert relay.opened == 200
    wait_until(lambda: relay.open == 0)
    relay.stop()
    wait_until(lambda: set(threading.enumerate()) <= threads_before)


# -- the hand-off itself --------------------------------------------------------------------------


class Plan(NamedTuple):
    """What a call is to come to."""

    value: int
    fails: bool
    steps: int


class PlannedError(Exception):
    """The error that a plan asked for."""


async def follow(plan: Plan) -> Plan:
    """Come to what a plan says, after so many turns of the loop."""
    for _ in range(plan.steps):
        await asyncio.sleep(0)
    if plan.fails:
        raise PlannedError(plan)
    return plan


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """A loop in a thread, without a client."""

    async def last() -> None:
        pass

    portal = Portal(last)
    yield portal
    portal.close()


@given(
    plans=st.lists(
        st.lists(st.builds(Plan, st.integers(), st.booleans(), st.integers(0, 5)), max_size=8),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_each_outcome_reaches_its_caller(portal: Portal, plans: list[list[Plan]]) -> None:
    """Whatever the mix and the order, a call returns or raises the very thing that it came to."""

    def work(own: list[Plan]) -> list[Plan]:
        outcomes = []
        for plan in own:
            try:
                outcome, failed = portal.call(follow, plan), False
            except PlannedError as error:
                outcome, failed = error.args[0], True
            assert failed == plan.fails
            outcomes.append(outcome)
        return outcomes

    threads = [Thread(work, own) for own in plans]
    for thread, own in zip(threads, plans, strict=True):
        outcomes = thread.result()
        assert len(outcomes) == len(own)
        assert all(outcome is plan for outcome, plan in zip(outcomes, own, strict=True))
    assert calls_alive() == 0


def test_no_task_is_left_when_calls_are_over(sandbox: Sandbox, client: Videsk) -> None:
    """Between two calls nothing runs in the loop but what keeps it."""
    for _ in range(20):
        client.rooms.create()
        assert tasks_of(client) == []
    assert len(list(client.rooms.iter(page_size=3))) == 20
    assert tasks_of(client) == []
