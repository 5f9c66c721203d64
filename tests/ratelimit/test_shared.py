"""Several processes with a store in common, in virtual time: who leaves when."""

from __future__ import annotations

import asyncio
import logging
from statistics import median
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from videsk_rooms._ratelimit.shared import Shared

from tests.ratelimit.memory_store import MemoryStore, Server
from tests.ratelimit.virtual_time import VirtualLoop, simulate
from videsk_rooms import ClosedError
from videsk_rooms._ratelimit.fallback import RETURN_AFTER, SHARE, FallbackStore, LocalFallback
from videsk_rooms._ratelimit.limit import Limit, ObservedLimit
from videsk_rooms._ratelimit.store import LATE, MARGIN, MICRO, PATIENCE
from videsk_rooms._wire.message import Headers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videsk_rooms._ratelimit.store import Slot

LIMIT = Limit(4, 1.0)
WINDOW = LIMIT.per + MARGIN
GAP = LIMIT.gap + 1 / MICRO
LONG = 60.0


class Processes:
    """Some processes and their store, and when their requests left."""

    def __init__(
        self, loop: VirtualLoop, count: int = 1, *, limit: Limit = LIMIT, way: float = 0.0
    ) -> None:
        self.loop = loop
        self.began = loop.now
        self.server = Server(loop.time)
        self.stores = [MemoryStore(self.server, loop.time, way=way) for _ in range(count)]
        self.pacings = [Shared(store, limit, clock=loop.time) for store in self.stores]
        self.left: list[float] = []

    @property
    def now(self) -> float:
        return round(self.loop.now - self.began, 4)

    async def send(self, process: int = 0, *, connects: float = 0.0, leaves: bool = True) -> float:
        """Send one request; tell when it left."""
        departure = await self.pacings[process].acquire()
        try:
            await asyncio.sleep(connects)
            if leaves:
                await departure.leave()
                self.left.append(self.loop.now)
        finally:
            departure.over()
        return self.now

    def sending(
        self, process: int = 0, *, connects: float = 0.0, leaves: bool = True
    ) -> asyncio.Task[float]:
        """Send one request in a task."""
        return asyncio.create_task(self.send(process, connects=connects, leaves=leaves))

    async def late_and_held(self) -> asyncio.Task[float]:
        """Have a request that is late and has its connection wait for the end of a hold."""
        late = self.sending(connects=0.1)
        await asyncio.sleep(0.05)
        self.pacings[0].hold(LONG)
        await asyncio.sleep(0.1)
        return late

    async def close(self) -> None:
        for pacing in self.pacings:
            await pacing.close()

    def promised(self) -> list[int]:
        """Find what is promised for later."""
        return [slot for slot in self.server.ring.times if slot > self.server.now() + 1000]

    def most(self, seconds: float = LIMIT.per) -> int:
        """Find how many left in any window of so many seconds."""
        return max(
            (sum(end - seconds < each <= end for each in self.left) for end in self.left),
            default=0,
        )


async def results(tasks: Sequence[asyncio.Task[float]]) -> list[float]:
    """Tell when tasks left."""
    return [await task for task in tasks]


def near(*expected: float) -> object:
    """Compare times to a tenth of a millisecond."""
    return pytest.approx(expected, abs=1e-4)


def is_near(one: float, other: float) -> bool:
    """Compare two times to a tenth of a millisecond."""
    return abs(one - other) < 1e-4


# -- one process ----------------------------------------------------------------------------------


def test_callers_leave_in_order_a_window_after_those_before() -> None:
    """As many as the limit says at once, the others a window later, a little apart."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        tasks = [own.sending() for _ in range(9)]
        second = [WINDOW + GAP * number for number in range(4)]
        assert await results(tasks) == near(0, 0, 0, 0, *second, 2 * WINDOW)
        assert own.left == sorted(own.left)
        await own.close()

    simulate(run)


@pytest.mark.parametrize("which", range(6))
@pytest.mark.parametrize("at", [0.0, 0.5])
def test_whoever_is_cancelled_leaves_no_gap(which: int, at: float) -> None:
    """Those behind move up; what is left over in the end goes back to the store."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        await results([own.sending() for _ in range(LIMIT.requests)])
        tasks = [own.sending() for _ in range(6)]
        await asyncio.sleep(at)
        tasks.pop(which).cancel()
        second = [WINDOW + GAP * number for number in range(4)]
        assert await results(tasks) == near(*second, 2 * WINDOW)
        await asyncio.sleep(0)
        assert own.promised() == []
        await own.close()

    simulate(run)


def test_whoever_is_cancelled_when_called_up_gives_the_place_on() -> None:
    """The next one gets it at that moment."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        first, second = own.sending(), own.sending()
        for _ in range(100):
            if len(own.pacings[0]._line) == 0:
                break
            await asyncio.sleep(0)
        first.cancel()  # called up, and not yet told
        assert await second == 0.0
        assert first.cancelled()
        third = [own.sending() for _ in range(LIMIT.requests)]
        assert await results(third) == near(0, 0, 0, WINDOW)
        await own.close()

    simulate(run)


def test_when_all_are_cancelled_all_places_go_back() -> None:
    """Another process leaves as if nobody had been there."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 2)
        await results([own.sending(0) for _ in range(LIMIT.requests)])
        tasks = [own.sending(0) for _ in range(20)]
        await asyncio.sleep(0.5)
        assert len(own.promised()) == LIMIT.requests  # no more than a window ahead
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert is_near(await own.send(1), WINDOW)
        await own.close()

    simulate(run)


def test_a_request_that_never_left_gives_its_place_back() -> None:
    """To whoever waits in its process, at once; to the others, when nobody does."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 2)
        refused = [own.sending(0, connects=0.3, leaves=False) for _ in range(LIMIT.requests)]
        await asyncio.sleep(0.1)
        waiting = own.sending(0)
        await results(refused)
        assert is_near(await waiting, 0.3)
        others = [own.sending(1) for _ in range(LIMIT.requests)]
        assert await results(others) == near(0.3, 0.3, 0.3, 0.3 + WINDOW)
        await own.close()

    simulate(run)


def test_a_request_that_never_left_does_not_leave_an_old_place_behind() -> None:
    """After a long wait for a connection its place is worth nothing to the next one."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 2)
        refused = own.sending(0, connects=WINDOW + 0.5, leaves=False)
        await asyncio.sleep(WINDOW + 0.4)
        await results([own.sending(1) for _ in range(LIMIT.requests)])
        waiting = own.sending(0)
        await refused
        assert is_near(await waiting, 2 * WINDOW + 0.4)
        await own.close()

    simulate(run)


def test_a_place_is_given_back_once() -> None:
    """However often an attempt says that it left or is over."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        left, stayed = [await own.pacings[0].acquire() for _ in range(2)]
        for _ in range(2):
            await left.leave()
            left.over()
            stayed.over()
            await stayed.leave()
            await asyncio.sleep(0.1)
        assert len(own.server.ring.times) == 1
        await own.close()

    simulate(run)


def test_what_the_server_tells_is_asked_for_from_then_on() -> None:
    """A higher limit lets those go that wait; places promised before keep their time."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        tasks = [own.sending() for _ in range(6)]
        await asyncio.sleep(0.1)
        own.pacings[0].learn(Headers({"Ratelimit-Limit": "6"}))
        tasks += [own.sending() for _ in range(2)]
        assert max(await results(tasks)) < WINDOW + 4 * GAP
        await own.close()

    simulate(run)


def test_a_store_that_is_full_is_asked_again_soon() -> None:
    """It gives fewer places than wanted, or none; nobody waits for ever, nor asks all the time."""

    class FullStore(MemoryStore):
        async def reserve(self, count: int, limit: Limit) -> Sequence[Slot]:
            return await super().reserve(0 if loop_of(self).now < 1001 else count, limit)

    def loop_of(store: MemoryStore) -> VirtualLoop:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return loop

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        store = FullStore(own.server, loop.time)
        own.pacings = [Shared(store, LIMIT, clock=loop.time)]
        assert 1.0 <= await own.send() <= 1.1
        assert store.asked["reserve"] < 30
        await own.close()

    simulate(run)


# -- several processes ----------------------------------------------------------------------------


def test_processes_share_the_limit_and_its_order() -> None:
    """Who asks first leaves first, whatever process it is in."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 3)
        tasks = []
        for number in range(9):
            tasks.append(own.sending(number % 3))
            await asyncio.sleep(0.001)
        left = await results(tasks)
        assert left == sorted(left)
        assert own.most() == LIMIT.requests
        await own.close()

    simulate(run)


def test_the_whole_limit_is_used_by_four_processes() -> None:
    """Over 15 s at least 97 %, none over it, the longest wait within twice the median."""
    limit, seconds = Limit(20, 1.0), 15.0

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 4, limit=limit, way=0.0005)
        waits: list[float] = []

        async def caller(process: int) -> None:
            while own.now < seconds:
                asked = own.now
                waits.append(await own.send(process) - asked)
                await asyncio.sleep(0.005)

        await asyncio.gather(*(caller(number % 4) for number in range(32)))
        await own.close()
        within = [each for each in own.left if each - own.began < seconds]
        assert len(within) >= 0.97 * limit.requests * seconds
        assert own.most() <= limit.requests
        assert max(waits) <= 2 * median(waits)

    simulate(run)


@pytest.mark.parametrize("connects", [0.0, 0.004, 0.02, 0.3, 0.9, 3.0])
def test_what_is_still_connecting_does_not_come_too_close(connects: float) -> None:
    """A request counts at the time at which it leaves, however late, and the others move on."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 2, way=0.0005)
        slow = [own.sending(0, connects=connects) for _ in range(3)]
        quick = [own.sending(1) for _ in range(20)]
        left = await results(slow)
        assert all(each <= connects + 0.01 + 2 * WINDOW for each in left)
        await results(quick)
        assert own.most() <= LIMIT.requests
        await own.close()

    simulate(run)


def test_a_late_request_costs_no_more_than_its_lateness() -> None:
    """The places behind it move on by it; none is lost."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 2)
        late = 0.3
        tasks = [own.sending(0, connects=late) for _ in range(LIMIT.requests)]
        await asyncio.sleep(0.001)
        tasks += [own.sending(1) for _ in range(LIMIT.requests)]
        left = await results(tasks)
        assert left[:4] == near(*[late] * 4)
        assert all(late + WINDOW <= each + 1e-3 <= late + WINDOW + 0.02 for each in left[4:])
        await own.close()

    simulate(run)


def test_a_late_request_keeps_its_turn() -> None:
    """It has its connection already; those of its process that wait in the line have none."""
    limit = Limit(1, 1.0)

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, limit=limit)
        late = own.sending(connects=0.3)
        await asyncio.sleep(0.1)
        waiting = own.sending()
        assert await results([late, waiting]) == near(0.3, 0.3 + WINDOW)
        await own.close()

    simulate(run)


def test_a_punctual_request_asks_once() -> None:
    """One question for a place at once; one more for a promise whose time has come."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        await own.send(connects=LATE / 2)
        assert own.stores[0].asked == {"reserve": 1}
        await results([own.sending() for _ in range(LIMIT.requests)])
        assert own.stores[0].asked["confirm"] == 1
        await own.close()

    simulate(run)


def test_a_hold_is_seen_by_all_processes() -> None:
    """Those with a promise for earlier too."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 2)
        await results([own.sending() for _ in range(LIMIT.requests)])
        tasks = [own.sending(number % 2) for number in range(4)]
        await asyncio.sleep(0.5)
        own.pacings[0].hold(3.0)
        own.pacings[0].hold(1.0)
        await asyncio.sleep(0.1)
        tasks += [own.sending(number % 2) for number in range(2)]
        left = await results(tasks)
        assert sum(3.5 - 1e-6 < each < 3.6 for each in left) == LIMIT.requests
        assert min(left) > 3.5 - 1e-6
        assert own.most() <= LIMIT.requests
        await own.close()

    simulate(run)


def test_a_hold_without_anybody_waiting_is_told_too() -> None:
    """Another process hears of it when it asks."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 2)
        own.pacings[0].hold(2.0)
        await asyncio.sleep(0.01)
        assert is_near(await own.send(1), 2.0)
        await own.close()

    simulate(run)


# -- errors, closing, forks -----------------------------------------------------------------------


def test_what_a_callable_for_the_token_raises_goes_to_whoever_asked() -> None:
    """To each its own, and the next one is served."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        own.stores[0].error = OSError("no vault")
        for _ in range(2):
            with pytest.raises(OSError, match="no vault"):
                await own.send()
        own.stores[0].error = None
        await own.send()
        await own.close()

    simulate(run)


def test_an_error_of_the_store_ends_the_waiting() -> None:
    """One that is not foreseen is told to those that wait, and holds up nobody later."""

    class BrokenStore(MemoryStore):
        async def reserve(self, count: int, limit: Limit) -> Sequence[Slot]:
            if self.asked["reserve"] == 0:
                self.asked["reserve"] += 1
                raise ZeroDivisionError
            return await super().reserve(count, limit)

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        own.pacings = [Shared(BrokenStore(own.server, loop.time), LIMIT, clock=loop.time)]
        with pytest.raises(ZeroDivisionError):
            await own.send()
        await own.send()
        await own.close()

    simulate(run)


@pytest.mark.parametrize("way", [0.0, 0.01])
@pytest.mark.parametrize("silent", [False, True])
def test_closing_sends_home_who_waits_and_gives_places_back(way: float, silent: bool) -> None:
    """Also while the store is being asked; whoever stands in line later is sent home too."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, way=way)
        await results([own.sending() for _ in range(LIMIT.requests)])
        tasks = [own.sending() for _ in range(LIMIT.requests)]
        await asyncio.sleep(0.5)
        assert len(own.promised()) == LIMIT.requests
        own.stores[0].reachable, own.stores[0].silent = not silent, silent
        await own.close()
        for task in tasks:
            with pytest.raises(ClosedError):
                await task
        with pytest.raises(ClosedError):
            await own.send()
        assert silent or own.promised() == []
        assert own.stores[0].asked["close"] == 1

    simulate(run)


def test_closing_reaches_a_request_that_waits_with_its_connection() -> None:
    """It was late, and a hold keeps it."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        late = await own.late_and_held()
        assert not late.done()
        await own.close()
        with pytest.raises(ClosedError):
            await late
        assert own.left == []
        assert loop.now < 1001

    simulate(run)


def test_a_request_cancelled_while_it_waits_with_its_connection_gives_its_place_back() -> None:
    """Its time was moved; now it is free."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        late = await own.late_and_held()
        assert len(own.promised()) == 1
        late.cancel()
        await asyncio.wait([late])
        await asyncio.sleep(0.1)
        assert own.promised() == []
        await own.close()

    simulate(run)


def test_a_loop_that_was_closed_holds_up_no_other() -> None:
    """Nor does the errand that it left behind."""
    first, second = VirtualLoop(), VirtualLoop()
    own = Processes(second, way=0.01)

    async def ask() -> asyncio.Task[float]:
        task = own.sending()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return task

    left_behind = [first.run_until_complete(ask()), own.pacings[0]._errand]
    assert left_behind[1] is not None
    first.close()
    assert second.run_until_complete(own.send()) == 0.02
    second.run_until_complete(own.close())
    second.close()
    for task in left_behind:
        # It will never end, and asyncio complains of such tasks.
        task._log_destroy_pending = False  # type: ignore[union-attr]  # asyncio's own


def test_after_a_fork_the_parents_places_are_not_used() -> None:
    """Who waits there waits there; the child asks for its own."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        await results([own.sending() for _ in range(LIMIT.requests)])
        parents = [own.sending() for _ in range(2)]
        await asyncio.sleep(0.5)
        own.pacings[0].reset_after_fork()
        assert own.stores[0].asked["begin anew"] == 1
        assert is_near(await own.send(), WINDOW + 2 * GAP)
        for task in parents:
            task.cancel()
        await asyncio.wait(parents)
        await own.close()

    simulate(run)


# -- out of reach ---------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", [False, True])
def test_out_of_reach_a_process_paces_itself_by_a_share(
    silent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so once, goes on by a quarter of the limit, and comes back by itself."""
    limit = Limit(20, 1.0)

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, limit=limit)
        store = own.stores[0]

        async def caller() -> None:
            while own.now < 30.0:
                await own.send()

        callers = [asyncio.create_task(caller()) for _ in range(8)]
        await asyncio.sleep(5.0)
        store.reachable, store.silent = False, silent
        await asyncio.sleep(15.0)
        store.reachable = True
        await asyncio.wait(callers)
        await own.close()
        left = [each - own.began for each in own.left]
        alone = sum(8.0 <= each < 18.0 for each in left)
        assert 0.9 * SHARE * 200 <= alone <= SHARE * 200
        assert sum(5.0 <= each < 20.0 for each in left) <= SHARE * 300 + 20
        careful = [each for each in left if 20.0 <= each < 22.0]
        for end in careful:
            assert sum(end - 1.0 < each <= end for each in careful) <= SHARE * limit.requests
        assert sum(25.0 <= each < 30.0 for each in left) >= 0.9 * 100
        assert own.most() <= limit.requests

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
    """What left by its promises counts: the share on top of it would be over the limit."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        assert await results([own.sending() for _ in range(LIMIT.requests)]) == near(0, 0, 0, 0)
        own.stores[0].reachable = False
        assert await own.send() >= WINDOW - 1e-4
        assert own.most() <= LIMIT.requests
        await own.close()

    simulate(run)


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("silent", [False, True])
def test_four_processes_stay_within_the_limit_while_their_store_fails(
    lost: bool, silent: bool
) -> None:
    """When it goes, while it is away, and when it comes back, with its memory or without."""
    limit = Limit(20, 1.0)

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 4, limit=limit, way=0.0005)

        async def caller(process: int) -> None:
            while own.now < 30.0:
                await own.send(process)
                await asyncio.sleep(0.003)

        callers = [asyncio.create_task(caller(number % 4)) for number in range(32)]
        await asyncio.sleep(5.3)
        for store in own.stores:
            store.reachable, store.silent = False, silent
        await asyncio.sleep(5.0)
        if lost:
            own.server.lose_everything()
        for store in own.stores:
            store.reachable = True
        await asyncio.wait(callers)
        await own.close()
        assert own.most() <= limit.requests

    simulate(run)


def test_a_store_that_loses_its_memory_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Promises that it knows nothing of are made anew, holds are forgotten, nobody waits long."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, 2)
        tasks = [own.sending(number % 2) for number in range(12)]
        await asyncio.sleep(0.5)
        own.pacings[0].hold(LONG)
        await asyncio.sleep(0.1)
        own.server.lose_everything()
        assert max(await results(tasks)) < 3 * WINDOW
        await own.close()

    simulate(run)
    assert caplog.records == []


@pytest.mark.parametrize("known", [True, False])
def test_a_hold_while_the_store_is_away_holds_this_process(known: bool) -> None:
    """And is not told to the others, which cannot be reached; though it be what shows that."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop)
        if known:
            own.stores[0].reachable = False
        await own.send()
        own.stores[0].reachable = False
        own.pacings[0].hold(3.0)
        until = loop.now + 3.0
        await own.send()
        assert loop.now >= until or is_near(loop.now, until)
        await own.close()

    simulate(run)


def test_the_store_is_not_asked_again_and_again_while_it_is_away() -> None:
    """Once a second, in the background: nobody waits for it."""

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, limit=Limit(20, 1.0))
        own.stores[0].reachable, own.stores[0].silent = False, True
        while own.now < 20.0:
            await own.send()
        assert own.stores[0].asked["reserve"] <= 20.0 / (1.0 + PATIENCE) + 2
        assert len(own.left) >= 0.9 * SHARE * 20 * 17
        await own.close()

    simulate(run)


@pytest.mark.parametrize("requests", [1, 2, 3, 4, 5, 7, 20])
def test_alone_every_limit_has_its_share(requests: int) -> None:
    """A quarter of one in a second is one in four."""

    async def run(loop: VirtualLoop) -> None:
        alone = LocalFallback(loop.time)
        limit = Limit(requests, 1.0)
        end = loop.now + 200.0
        found = 0
        while loop.now < end:
            found += len(await alone.reserve(1, limit))
            await asyncio.sleep(0.01)
        assert 0.9 * 200 * SHARE * requests <= found <= 200 * SHARE * requests + 2

    simulate(run)


def test_after_a_fork_the_child_looks_for_the_store_itself() -> None:
    """What looked for it in the parent will not tell the child."""
    parent, child = VirtualLoop(), VirtualLoop()
    store = MemoryStore(Server(child.time), child.time)
    reachable = FallbackStore(store, ObservedLimit(LIMIT), clock=child.time)
    store.reachable, store.silent = False, True
    parent.run_until_complete(reachable.reserve(1))
    child.now += 2 * RETURN_AFTER
    parent.run_until_complete(reachable.reserve(1))
    parents = reachable._look
    assert parents is not None
    reachable.reset_after_fork()
    store.reachable = True
    child.run_until_complete(reachable.reserve(1))
    child.run_until_complete(asyncio.sleep(0.1))
    assert not reachable._away
    parent.run_until_complete(parents)
    parent.close()
    child.close()


# -- many at once ---------------------------------------------------------------------------------

MOMENTS = st.integers(0, 4000).map(lambda milliseconds: milliseconds / 1000)
CONNECTING = st.sampled_from([0.0, 0.0, 0.004, 0.006, 0.05, 0.3, 1.5])


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_crowd_is_paced_exactly(data: st.DataObject) -> None:
    """Whatever is cancelled, held, late or refused: never over, nobody forgotten, nothing lost."""
    limit = Limit(data.draw(st.integers(1, 5)), 1.0)
    processes = data.draw(st.integers(1, 3))
    way = data.draw(st.sampled_from([0.0, 0.0005, 0.003]))
    calls = data.draw(
        st.lists(
            st.tuples(
                st.integers(0, processes - 1),
                MOMENTS,
                CONNECTING,
                st.booleans() | st.just(value=True),
                st.none() | MOMENTS,
            ),
            max_size=25,
        )
    )
    holds = data.draw(
        st.lists(st.tuples(st.integers(0, processes - 1), MOMENTS, MOMENTS), max_size=2)
    )

    async def run(loop: VirtualLoop) -> None:
        own = Processes(loop, processes, limit=limit, way=way)

        async def call(
            process: int, comes: float, connects: float, leaves: bool, cancelled: float | None
        ) -> None:
            await asyncio.sleep(comes)
            task = own.sending(process, connects=connects, leaves=leaves)
            if cancelled is not None:
                await asyncio.sleep(cancelled)
                task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or task.exception() is None

        async def hold(process: int, at: float, seconds: float) -> None:
            await asyncio.sleep(at)
            own.pacings[process].hold(seconds)

        await asyncio.gather(*(call(*each) for each in calls), *(hold(*each) for each in holds))
        for pacing in own.pacings:
            assert len(pacing._line) == 0
        await own.close()
        assert own.promised() == []
        assert own.most() <= limit.requests

    simulate(run)
