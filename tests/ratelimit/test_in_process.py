"""One client alone: who leaves when, in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.peers import nobody_listening
from tests.ratelimit.virtual_time import VirtualLoop, simulate
from videsk_rooms import (
    AsyncVidesk,
    ClosedError,
    ConnectionFailedError,
    DeadlineExceededError,
    RateLimit,
    Retry,
    Timeout,
)
from videsk_rooms._http.tokens import account_of, token_source
from videsk_rooms._ratelimit import make_limiter
from videsk_rooms._ratelimit.limit import SPREAD, Limit
from videsk_rooms._ratelimit.memory_store import MemoryLimiter
from videsk_rooms._wire.message import Headers
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from videsk_rooms._ratelimit import Permit

LIMIT = Limit(3, 1.0)
WINDOW = LIMIT.per + SPREAD
GAP = LIMIT.gap


def paced(loop: VirtualLoop, limit: Limit = LIMIT) -> MemoryLimiter:
    """Pace by the loop's time."""
    return MemoryLimiter(limit, clock=loop.time)


def told(number: int) -> Headers:
    """Write the headers of an answer (docs/api.md, "Access")."""
    return Headers({"Ratelimit-Limit": str(number), "Ratelimit-Policy": f"{number};w=1"})


async def departed(pacing: MemoryLimiter) -> Permit:
    """Depart as `_http/call.py` does."""
    return pacing.try_acquire() or await pacing.acquire()


async def sent(pacing: MemoryLimiter) -> float:
    """Send a request that has its connection already; tell when it left."""
    departure = await departed(pacing)
    await departure.leave()
    departure.over()
    return asyncio.get_running_loop().time()


async def spent(pacing: MemoryLimiter) -> None:
    """Use up what may leave at once."""
    for _ in range(LIMIT.requests):
        await sent(pacing)


def times(loop: VirtualLoop, tasks: list[asyncio.Task[float]]) -> list[float]:
    """Tell when tasks left, from the beginning on."""
    return [round(task.result() - 1000.0, 6) for task in tasks]


def in_virtual_time(
    test: Callable[[VirtualLoop], Coroutine[Any, Any, None]],
) -> Callable[[], None]:
    """Run a test in virtual time."""

    def run() -> None:
        simulate(test)

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@in_virtual_time
async def test_what_is_under_the_limit_leaves_at_once(loop: VirtualLoop) -> None:
    """Nobody stands in line for nothing."""
    pacing = paced(loop)
    for _ in range(LIMIT.requests):
        departure = pacing.try_acquire()
        assert departure is not None
        await departure.leave()
    assert pacing.try_acquire() is None


@in_virtual_time
async def test_callers_leave_in_order_a_window_after_those_before(loop: VirtualLoop) -> None:
    """Each window lets as many go as the limit says, a little apart, first come, first served."""
    pacing = paced(loop)
    tasks = [asyncio.create_task(sent(pacing)) for _ in range(8)]
    await asyncio.wait(tasks)
    first, second = [0.0] * 3, [WINDOW, WINDOW + GAP, WINDOW + 2 * GAP]
    third = [2 * WINDOW, 2 * WINDOW + GAP]
    assert times(loop, tasks) == [round(each, 6) for each in first + second + third]


@in_virtual_time
async def test_nobody_overtakes_the_line(loop: VirtualLoop) -> None:
    """Whoever comes when a place is free, while others wait, stands behind them."""
    pacing = paced(loop)
    await spent(pacing)
    waiting = asyncio.create_task(sent(pacing))
    await asyncio.sleep(0)
    loop.now += 2 * WINDOW  # the loop was kept busy
    assert pacing.try_acquire() is None
    await waiting
    assert pacing.try_acquire() is not None


@in_virtual_time
async def test_those_that_are_connecting_count(loop: VirtualLoop) -> None:
    """They may leave at any moment, so nobody else may."""
    pacing = paced(loop)
    connecting = [pacing.try_acquire() for _ in range(LIMIT.requests)]
    waiting = asyncio.create_task(sent(pacing))
    await asyncio.sleep(100)
    assert not waiting.done()
    assert connecting[0] is not None
    await connecting[0].leave()
    await asyncio.wait([waiting])
    assert times(loop, [waiting]) == [round(100 + WINDOW, 6)]


@in_virtual_time
async def test_what_counts_is_when_a_request_leaves(loop: VirtualLoop) -> None:
    """Its successor leaves a window after that, not after the permission."""
    pacing = paced(loop, Limit(1, 1.0))
    connecting = pacing.try_acquire()
    assert connecting is not None
    successor = asyncio.create_task(sent(pacing))
    await asyncio.sleep(0.3)
    await connecting.leave()
    await asyncio.wait([successor])
    assert times(loop, [successor]) == [round(0.3 + WINDOW, 6)]


@in_virtual_time
async def test_a_request_that_never_left_gives_its_place_back(loop: VirtualLoop) -> None:
    """The next in line leaves in its place, at once."""
    pacing = paced(loop)
    connecting = [pacing.try_acquire() for _ in range(LIMIT.requests)]
    waiting = asyncio.create_task(sent(pacing))
    await asyncio.sleep(0.5)
    assert connecting[1] is not None
    connecting[1].over()
    await asyncio.wait([waiting])
    assert times(loop, [waiting]) == [0.5]


@in_virtual_time
async def test_a_place_is_given_back_once(loop: VirtualLoop) -> None:
    """However often an attempt says that it left or is over."""
    pacing = paced(loop)
    left, stayed = pacing.try_acquire(), pacing.try_acquire()
    assert left is not None
    assert stayed is not None
    for _ in range(2):
        await left.leave()
        left.over()
        stayed.over()
        await stayed.leave()
    assert pacing._leaving.total() == 0
    assert len(pacing._left) == 1


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("at", [0.0, 0.5])
def test_whoever_is_cancelled_in_the_line_leaves_no_gap(which: int, at: float) -> None:
    """At its head, in its middle, at its end; before it has begun to wait, and after."""

    async def run(loop: VirtualLoop) -> None:
        pacing = paced(loop)
        await spent(pacing)
        tasks = [asyncio.create_task(sent(pacing)) for _ in range(3)]
        await asyncio.sleep(at)
        tasks.pop(which).cancel()
        await asyncio.wait(tasks)
        assert times(loop, tasks) == [round(WINDOW, 6), round(WINDOW + GAP, 6)]
        assert len(pacing._line) == 0

    simulate(run)


@in_virtual_time
async def test_whoever_is_cancelled_when_called_up_gives_the_place_on(loop: VirtualLoop) -> None:
    """The next one gets it at that moment; none is lost."""
    pacing = paced(loop)
    connecting = [pacing.try_acquire() for _ in range(LIMIT.requests)]
    first, second = (asyncio.create_task(sent(pacing)) for _ in range(2))
    await asyncio.sleep(0.5)
    assert connecting[0] is not None
    connecting[0].over()  # the first is called up
    first.cancel()
    await asyncio.wait([first, second])
    assert first.cancelled()
    assert times(loop, [second]) == [round(0.5 + GAP, 6)]
    assert pacing._leaving.total() == 2


@in_virtual_time
async def test_the_line_survives_the_cancelling_of_all(loop: VirtualLoop) -> None:
    """Whoever comes later is served as if nobody had been there."""
    pacing = paced(loop)
    await spent(pacing)
    tasks = [asyncio.create_task(sent(pacing)) for _ in range(50)]
    await asyncio.sleep(0.5)
    for task in reversed(tasks):
        task.cancel()
    await asyncio.wait(tasks)
    late = asyncio.create_task(sent(pacing))
    await asyncio.wait([late])
    assert times(loop, [late]) == [round(WINDOW, 6)]


@in_virtual_time
async def test_a_hold_keeps_everybody(loop: VirtualLoop) -> None:
    """Those that wait, those that come; a shorter hold shortens nothing."""
    pacing = paced(loop)
    await spent(pacing)
    waiting = asyncio.create_task(sent(pacing))
    await asyncio.sleep(0.5)
    pacing.hold(5.0)
    pacing.hold(1.0)
    await asyncio.sleep(3.0)
    assert pacing.try_acquire() is None
    coming = asyncio.create_task(sent(pacing))
    await asyncio.wait([waiting, coming])
    assert times(loop, [waiting, coming]) == [5.5, round(5.5 + GAP, 6)]


@in_virtual_time
async def test_a_higher_limit_lets_those_go_that_wait(loop: VirtualLoop) -> None:
    """At once, as soon as the server tells it."""
    pacing = paced(loop)
    await spent(pacing)
    tasks = [asyncio.create_task(sent(pacing)) for _ in range(3)]
    await asyncio.sleep(0.5)
    pacing.learn(told(5))
    await asyncio.wait(tasks)
    gap = Limit(5, 1.0).gap
    assert times(loop, tasks) == [0.5, round(0.5 + gap, 6), round(WINDOW, 6)]


@in_virtual_time
async def test_a_lower_limit_counts_who_has_left(loop: VirtualLoop) -> None:
    """From then on no window holds more than it allows, those before it included."""
    pacing = paced(loop)
    await sent(pacing)
    await asyncio.sleep(0.4)
    await sent(pacing)
    await sent(pacing)
    pacing.learn(told(1))
    tasks = [asyncio.create_task(sent(pacing)) for _ in range(2)]
    await asyncio.wait(tasks)
    assert times(loop, tasks) == [round(0.4 + WINDOW, 6), round(0.4 + 2 * WINDOW, 6)]


@in_virtual_time
async def test_closing_sends_home_who_waits(loop: VirtualLoop) -> None:
    """At once, and whoever stands in line later too."""
    pacing = paced(loop)
    await spent(pacing)
    waiting = asyncio.create_task(sent(pacing))
    await asyncio.sleep(0.5)
    await pacing.close()
    with pytest.raises(ClosedError):
        await waiting
    with pytest.raises(ClosedError):
        await sent(pacing)
    assert loop.now == 1000.5


def test_a_loop_that_was_closed_holds_up_no_other() -> None:
    """Callers that it left in the line are passed over."""
    first, second = VirtualLoop(), VirtualLoop()
    pacing = paced(second)

    async def occupy() -> asyncio.Task[float]:
        await spent(pacing)
        waiting = asyncio.create_task(sent(pacing))
        await asyncio.sleep(0)
        return waiting

    left_behind = first.run_until_complete(occupy())
    first.close()
    assert second.run_until_complete(sent(pacing)) == 1000.0 + WINDOW
    assert len(pacing._line) == 0
    second.close()
    # It will never end, and asyncio complains of such tasks.
    left_behind._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own


@in_virtual_time
async def test_a_coroutine_that_is_thrown_away_leaves_the_line(loop: VirtualLoop) -> None:
    """No task, no cancelling: what is collected while it waits holds up nobody."""
    pacing = paced(loop)
    await spent(pacing)
    thrown_away = pacing.acquire()
    thrown_away.send(None)
    thrown_away.close()
    assert len(pacing._line) == 0
    waiting = asyncio.create_task(sent(pacing))
    await asyncio.wait([waiting])
    assert times(loop, [waiting]) == [round(WINDOW, 6)]


@in_virtual_time
async def test_after_a_fork_only_who_left_counts(loop: VirtualLoop) -> None:
    """Who waits or connects does so in the parent."""
    pacing = paced(loop)
    await sent(pacing)
    connecting = [pacing.try_acquire() for _ in range(2)]
    assert None not in connecting
    parents = asyncio.create_task(sent(pacing))
    await asyncio.sleep(0)
    pacing.reset_after_fork()
    own = [asyncio.create_task(sent(pacing)) for _ in range(3)]
    await asyncio.wait(own)
    assert times(loop, own) == [0.0, 0.0, round(WINDOW, 6)]
    parents.cancel()


# -- many at once ---------------------------------------------------------------------------------

MOMENTS = st.integers(0, 3000).map(lambda milliseconds: milliseconds / 1000)


@st.composite
def callers(draw: st.DrawFn) -> tuple[float, float, bool, float | None]:
    """Draw when one comes, how long it connects, whether it leaves, when it is cancelled."""
    comes = draw(MOMENTS)
    connects = draw(st.sampled_from([0.0, 0.0, 0.002, 0.05, 0.3, 2.0]))
    cancelled = draw(st.none() | MOMENTS)
    return comes, connects, draw(st.booleans()) or draw(st.booleans()), cancelled


class Crowd:
    """Callers of one client, and what happened when."""

    def __init__(self, loop: VirtualLoop, limit: Limit) -> None:
        self._loop = loop
        self.pacing = paced(loop, limit)
        self.asked: list[int] = []
        self.granted: list[tuple[float, int, bool]] = []
        self.left: list[float] = []
        self.events: list[float] = []

    async def call(
        self, number: int, *, comes: float, connects: float, leaves: bool, cancelled: float | None
    ) -> None:
        await asyncio.sleep(comes)
        task = asyncio.create_task(self._attempt(number, connects, leaves=leaves))
        if cancelled is not None:
            await asyncio.sleep(cancelled)
            task.cancel()
            self.events.append(self._loop.now)
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None

    async def _attempt(self, number: int, connects: float, *, leaves: bool) -> None:
        self.asked.append(number)
        at_once = self.pacing.try_acquire()
        departure: Permit = at_once or await self.pacing.acquire()
        self.granted.append((self._loop.now, number, at_once is None))
        try:
            await asyncio.sleep(connects)
            if leaves:
                await departure.leave()
                self.left.append(self._loop.now)
                await asyncio.sleep(0.01)
        finally:
            departure.over()
            self.events.append(self._loop.now)

    async def hold(self, at: float, seconds: float) -> None:
        await asyncio.sleep(at)
        self.pacing.hold(seconds)
        self.events.append(self._loop.now + seconds)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(callers(), max_size=25),
    st.lists(st.tuples(MOMENTS, MOMENTS), max_size=2),
)
def test_a_crowd_is_paced_exactly(
    requests: int,
    crowd: list[tuple[float, float, bool, float | None]],
    holds: list[tuple[float, float]],
) -> None:
    """Never more than the limit, in order, never later than needed, nothing lost."""
    limit = Limit(requests, 1.0)

    async def run(loop: VirtualLoop) -> Crowd:
        own = Crowd(loop, limit)
        calls = [
            own.call(number, comes=comes, connects=connects, leaves=leaves, cancelled=cancelled)
            for number, (comes, connects, leaves, cancelled) in enumerate(crowd)
        ]
        await asyncio.gather(*calls, *(own.hold(*each) for each in holds))
        return own

    own = simulate(run)
    assert own.pacing._leaving.total() == 0
    assert len(own.pacing._line) == 0
    for end in own.left:
        assert sum(end - limit.per < each <= end for each in own.left) <= requests
    order = [number for _, number, _ in own.granted]
    assert order == [number for number in own.asked if number in order]
    reasons = [
        *own.events,
        *(each + limit.per + SPREAD for each in own.left),
        *(at + limit.gap for at, _, _ in own.granted),
        *(at + limit.gap for at in own.events),  # called up, and cancelled at that moment
    ]
    for at, _, waited in own.granted:
        assert not waited or any(abs(at - reason) < 1e-6 for reason in reasons)


# -- through the client ---------------------------------------------------------------------------

ONE_A_MINUTE = RateLimit(requests=1, per=60.0)


async def test_a_refused_connection_uses_nothing_up() -> None:
    """Nothing left, so the next call may leave at once: it does not wait a minute."""
    with nobody_listening() as port:
        videsk = AsyncVidesk(
            "a-token",
            base_url=f"http://127.0.0.1:{port}",
            retry=Retry(attempts=1),
            rate_limit=ONE_A_MINUTE,
            timeout=30.0,
        )
        async with videsk:
            for _ in range(3):
                with pytest.raises(ConnectionFailedError):
                    await videsk.rooms.list()


async def test_a_call_whose_time_is_up_in_the_line_leaves_it(sandbox: Sandbox) -> None:
    """Waiting for the rate limit counts against the deadline, and its place is free again."""
    videsk = AsyncVidesk(
        sandbox.api_token,
        base_url=sandbox.url,
        rate_limit=ONE_A_MINUTE,
        timeout=Timeout(total=0.2),
    )
    async with videsk:
        await videsk.rooms.list()
        with pytest.raises(DeadlineExceededError, match="rate limit"):
            await videsk.rooms.list()
        pacing = videsk._pipeline.pacing
        assert isinstance(pacing, MemoryLimiter)
        assert len(pacing._line) == 0
    assert len(sandbox.requests) == 1


async def test_the_limit_of_the_answers_is_obeyed() -> None:
    """`Ratelimit-Limit` is believed over the setting (docs/api.md, "Access")."""
    async with Sandbox(rate=7) as sandbox:
        videsk = AsyncVidesk(sandbox.api_token, base_url=sandbox.url)
        async with videsk:
            await videsk.rooms.list()
            pacing = videsk._pipeline.pacing
            assert isinstance(pacing, MemoryLimiter)
            assert pacing._limit.limit == Limit(7, 1.0)


def test_without_a_rate_limit_nothing_is_paced() -> None:
    """`rate_limit=None` switches pacing off, holds included."""
    pacing = make_limiter(None, account_of(token_source("a-token")))
    pacing.hold(60.0)
    assert all(pacing.try_acquire() for _ in range(1000))
