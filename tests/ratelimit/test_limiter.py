"""One client alone: which request leaves when, in virtual time."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ratelimit.simulated import LIMIT, SOON, World
from tests.ratelimit.virtual_time import VirtualLoop, leave_behind, simulate
from videsk_rooms import ClosedError, ConfigurationError, RateLimit
from videsk_rooms._ratelimit import Rank, make_limiter
from videsk_rooms._ratelimit.latency import FEW
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.limiter import FIRST_PAUSE
from videsk_rooms._wire.message import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

WINDOW = LIMIT.per


def headers(number: int) -> Headers:
    """Write the headers of an answer (docs/api.md, "Access")."""
    return Headers({"Ratelimit-Limit": str(number), "Ratelimit-Policy": f"{number};w=1"})


async def results(tasks: Sequence[asyncio.Task[float]]) -> list[float]:
    """Tell when the requests of tasks left."""
    return [await task for task in tasks]


class Soon:
    """Equal to times that are these, or a moment later."""

    def __init__(self, *expected: float) -> None:
        self._expected = expected

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list) or len(other) != len(self._expected):
            return False
        return all(
            earliest - 1e-6 <= each <= earliest + SOON
            for earliest, each in zip(self._expected, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # as of all that is compared loosely

    def __repr__(self) -> str:
        return f"about {list(self._expected)}"


def in_virtual_time(
    test: Callable[[VirtualLoop], Coroutine[Any, Any, None]],
) -> Callable[[], None]:
    """Run a test in virtual time."""

    def run() -> None:
        simulate(test)

    run.__doc__ = test.__doc__
    return run


# -- who leaves when ------------------------------------------------------------------------------


@in_virtual_time
async def test_what_is_under_the_limit_leaves_at_once(loop: VirtualLoop) -> None:
    """Without waiting, and then no more."""
    (limiter,) = World(loop).limiters
    permits = [limiter.try_acquire(Rank.INTERACTIVE, "list") for _ in range(LIMIT.requests)]
    assert None not in permits
    assert limiter.try_acquire(Rank.INTERACTIVE, "list") is None


@in_virtual_time
async def test_callers_leave_in_order_a_window_after_those_before(loop: VirtualLoop) -> None:
    """Each window lets as many go as the limit says, first come, first served."""
    world = World(loop)
    left = await results([world.sending() for _ in range(9)])
    assert left == Soon(*[0.0] * 4, *[WINDOW] * 4, 2 * WINDOW)
    assert left == sorted(left)
    assert world.most() == LIMIT.requests


@in_virtual_time
async def test_nobody_overtakes_those_who_wait(loop: VirtualLoop) -> None:
    """Whoever comes when a place is free, while others wait, stands behind them."""
    world = World(loop)
    (limiter,) = world.limiters
    await world.use_up()
    waiting = world.sending()
    await asyncio.sleep(0)
    loop.now += 2 * WINDOW  # the loop was kept busy
    assert limiter.try_acquire(Rank.INTERACTIVE, "list") is None
    await waiting
    permit = limiter.try_acquire(Rank.INTERACTIVE, "list")
    assert permit is not None
    permit.release()


@in_virtual_time
async def test_who_connects_for_long_needs_another_permit(loop: VirtualLoop) -> None:
    """Others have taken its place meanwhile, so it waits for one when it would leave."""
    world = World(loop)
    slow = world.sending(connects=3 * WINDOW - 0.1)
    await asyncio.sleep(3 * WINDOW - 0.2)
    await world.use_up()
    assert await results([slow]) == Soon(4 * WINDOW - 0.2)
    assert world.most() == LIMIT.requests


@in_virtual_time
async def test_what_counts_is_when_a_request_leaves(loop: VirtualLoop) -> None:
    """Its successor leaves a window after that, not after the permission."""
    world = World(loop, limit=Limit(1, 1.0))
    slow = world.sending(connects=0.3)
    await asyncio.sleep(0.1)
    successor = world.sending()
    assert await results([slow, successor]) == Soon(0.3, 1.3)


@in_virtual_time
async def test_an_answer_tells_that_its_request_was_counted_before(loop: VirtualLoop) -> None:
    """Until then it may be under way; so the next window begins where the answer is known."""
    world = World(loop, limit=Limit(1, 1.0), way=0.2)
    (limiter,) = world.limiters
    for _ in range(FEW):
        await world.send()
    permit = await world.permit()
    await permit.commit()
    began = world.now
    successor = world.sending()
    await asyncio.sleep(0.5)
    permit.answered(200)
    permit.release()
    assert limiter.waiting == 1
    # Of the 0.4 s there and back, half is taken for the way out; 0.1 s were lost on one of them.
    assert [await successor - began] == Soon(1.1)


@in_virtual_time
async def test_an_answer_lets_those_leave_sooner_who_wait_already(loop: VirtualLoop) -> None:
    """They were told to ask again when it would be in time if the answer came late."""
    world = World(loop, limit=Limit(1, 0.15))
    for _ in range(FEW):
        await world.send()
    permit = await world.permit()
    await permit.commit()
    began = world.now
    successor = world.sending()
    await asyncio.sleep(0.001)
    permit.answered(200)
    permit.release()
    assert [await successor - began] == Soon(0.151)


@in_virtual_time
async def test_what_a_proxy_answers_says_nothing_of_the_way(loop: VirtualLoop) -> None:
    """It is nearer than the server, and refuses at once what it does not pass on."""
    world = World(loop, limit=Limit(1, 1.0), way=0.2)
    for _ in range(FEW):
        await world.send()
    for status in (429, 502, 503):
        permit = await world.permit()
        await permit.commit()
        await asyncio.sleep(0.01)
        permit.answered(status)
    permit = await world.permit()
    await permit.commit()
    began = world.now
    successor = world.sending()
    await asyncio.sleep(0.4)
    permit.answered(200)
    assert [await successor - began] == Soon(1.0)


@in_virtual_time
async def test_the_first_answers_tell_no_more_than_that_their_requests_were_counted(
    loop: VirtualLoop,
) -> None:
    """A cold server may have held them back before it counted them, or afterwards."""
    world = World(loop, limit=Limit(1, 1.0), way=0.2)
    left = await results([world.sending() for _ in range(3)])
    assert left == Soon(0.0, 1.4, 2.8)


@in_virtual_time
async def test_a_request_that_never_left_gives_its_place_back(loop: VirtualLoop) -> None:
    """The next one leaves in its place, at once."""
    world = World(loop)
    connecting = [await world.permit() for _ in range(LIMIT.requests)]
    waiting = world.sending()
    await asyncio.sleep(0.5)
    connecting[1].release()
    assert await results([waiting]) == Soon(0.5)


@in_virtual_time
async def test_a_place_is_given_back_once(loop: VirtualLoop) -> None:
    """However often an attempt says that it left or is over."""
    world = World(loop, limit=Limit(2, 1.0))
    left, stayed = await world.permit(), await world.permit()
    for _ in range(2):
        await left.commit()
        left.answered(200)
        left.release()
        stayed.release()
        await stayed.commit()
        stayed.answered(200)
    assert await results([world.sending() for _ in range(2)]) == Soon(0.0, WINDOW)


@in_virtual_time
async def test_ranks_go_before_others_and_in_order(loop: VirtualLoop) -> None:
    """What is begun, then what somebody waits for, then the background; in each, in order."""
    world = World(loop, limit=Limit(1, 1.0))
    await world.use_up()
    ranks = [rank for rank in reversed(Rank) for _ in range(2)]
    tasks = []
    for rank in ranks:
        tasks.append(world.sending(rank=rank))
        await asyncio.sleep(0.001)
    left = await results(tasks)
    in_order = [ranks[number] for number in sorted(range(len(left)), key=left.__getitem__)]
    assert in_order == sorted(ranks)
    for rank in Rank:
        first, second = (each for each, its in zip(left, ranks, strict=True) if its is rank)
        assert first < second


@in_virtual_time
async def test_the_background_never_stands_still(loop: VirtualLoop) -> None:
    """While others always wait, it has a tenth."""
    world = World(loop, limit=Limit(20, 1.0))

    async def caller() -> None:
        while world.now < 10.0:
            await world.send()

    async def background() -> None:
        while world.now < 10.0:
            await world.send(rank=Rank.BACKGROUND)
            sent.append(world.now)

    sent: list[float] = []
    await asyncio.gather(*(caller() for _ in range(40)), *(background() for _ in range(16)))
    assert sum(each < 10 for each in sent) >= 0.09 * 200
    assert world.most() <= 20
    assert len(world.arrived) >= 0.95 * 200


# -- whoever goes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("at", [0.0, 0.5])
def test_whoever_is_cancelled_leaves_no_gap(which: int, at: float) -> None:
    """The first, one in the middle, the last; before it has begun to wait, and after."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, limit=Limit(2, 1.0))
        await world.use_up()
        tasks = [world.sending() for _ in range(3)]
        await asyncio.sleep(at)
        gone = tasks.pop(which)
        gone.cancel()
        assert await results(tasks) == Soon(WINDOW, WINDOW)
        assert gone.cancelled()
        assert world.limiters[0].waiting == 0

    simulate(run)


@pytest.mark.parametrize("turns", range(6))
def test_whoever_is_cancelled_when_permitted_gives_the_place_on(turns: int) -> None:
    """The next one gets it at that moment; none is lost, however far the news had come."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop)
        connecting = [await world.permit() for _ in range(LIMIT.requests)]
        first, second = world.sending(connects=60.0), world.sending()
        await asyncio.sleep(0.5)
        connecting[0].release()
        for _ in range(turns):
            await asyncio.sleep(0)
        first.cancel()
        assert await results([second]) == Soon(0.5)
        assert first.cancelled()

    simulate(run)


@in_virtual_time
async def test_all_may_be_cancelled(loop: VirtualLoop) -> None:
    """Whoever comes later is served as if nobody had been there."""
    world = World(loop)
    await world.use_up()
    tasks = [world.sending() for _ in range(50)]
    await asyncio.sleep(0.5)
    for task in reversed(tasks):
        task.cancel()
    await asyncio.wait(tasks)
    assert await results([world.sending()]) == Soon(WINDOW)


@in_virtual_time
async def test_a_coroutine_that_is_thrown_away_waits_no_more(loop: VirtualLoop) -> None:
    """No task, no cancelling: what is collected while it waits holds up nobody."""
    world = World(loop)
    (limiter,) = world.limiters
    await world.use_up()
    thrown_away = limiter.acquire(Rank.INTERACTIVE, "list")
    thrown_away.send(None)
    assert limiter.waiting == 1
    del thrown_away
    gc.collect()
    assert limiter.waiting == 0
    assert await results([world.sending()]) == Soon(WINDOW)


@in_virtual_time
async def test_tasks_that_are_cancelled_by_the_dozen_hold_up_nobody(loop: VirtualLoop) -> None:
    """Somebody cancels all tasks of the loop but those that he knows: our own ask again."""
    world = World(loop)
    await world.use_up()
    known = {asyncio.current_task()}
    waiting = world.sending()
    known.add(waiting)
    await asyncio.sleep(0.1)
    for task in asyncio.all_tasks() - known:
        task.cancel()
    assert await results([waiting]) == Soon(WINDOW)


@in_virtual_time
async def test_closing_ends_the_waiting(loop: VirtualLoop) -> None:
    """At once, and whoever comes later need not begin to wait."""
    world = World(loop)
    await world.use_up()
    waiting = world.sending()
    await asyncio.sleep(0.5)
    await world.close()
    with pytest.raises(ClosedError):
        await waiting
    with pytest.raises(ClosedError):
        await world.send()
    assert world.now == 0.5


@in_virtual_time
async def test_after_closing_a_shared_store_is_told_nothing(loop: VirtualLoop) -> None:
    """It would connect again, and nobody would close that."""
    world = World(loop, shared=True)
    connecting, sent = await world.permit(), await world.permit()
    await sent.commit()
    await world.close()
    asked = world.ways[0].asked.copy()
    connecting.release()
    sent.answered(200)
    await asyncio.sleep(WINDOW)
    assert world.ways[0].asked == asked


@in_virtual_time
async def test_closing_reaches_a_request_that_waits_with_its_connection(loop: VirtualLoop) -> None:
    """It was late, and needs another permit."""
    world = World(loop)
    late = world.sending(connects=0.5)
    await asyncio.sleep(0.4)
    world.limiters[0].pause(60.0)
    await asyncio.sleep(0.2)
    assert world.limiters[0].waiting == 1
    await world.close()
    with pytest.raises(ClosedError):
        await late
    assert world.arrived == []
    assert world.now < 1.0


# -- what the server says -------------------------------------------------------------------------


@in_virtual_time
async def test_a_pause_holds_everybody(loop: VirtualLoop) -> None:
    """Those that wait, those that come; a shorter one shortens nothing."""
    world = World(loop)
    (limiter,) = world.limiters
    await world.use_up()
    waiting = world.sending()
    await asyncio.sleep(0.5)
    limiter.pause(5.0)
    limiter.pause(1.0)
    await asyncio.sleep(3.0)
    assert limiter.try_acquire(Rank.CONTINUED, "list") is None
    coming = world.sending()
    assert await results([waiting, coming]) == Soon(5.5, 5.5)


@in_virtual_time
async def test_a_refusal_pauses_for_a_moment_and_the_next_ones_for_longer(
    loop: VirtualLoop,
) -> None:
    """One may be the fault of a moment; a row of them is not."""
    world = World(loop, limit=Limit(1000, 1.0))
    (limiter,) = world.limiters
    pauses = []
    for _ in range(6):
        limiter.pause(None)
        began = world.now
        pauses.append(round(await world.send() - began, 2))
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0], abs=SOON)
    await asyncio.sleep(3.0)
    limiter.pause(None)
    began = world.now
    assert await world.send() - began == pytest.approx(0.1, abs=SOON)


@in_virtual_time
async def test_refusals_of_what_was_sent_before_a_pause_do_not_lengthen_it(
    loop: VirtualLoop,
) -> None:
    """A whole window of requests may be refused at once."""
    world = World(loop)
    (limiter,) = world.limiters
    for _ in range(LIMIT.requests):
        limiter.pause(None)
    assert await results([world.sending()]) == Soon(FIRST_PAUSE)


@in_virtual_time
async def test_a_higher_limit_lets_those_go_that_wait(loop: VirtualLoop) -> None:
    """At once, as soon as the server tells it."""
    world = World(loop)
    await world.use_up()
    tasks = [world.sending() for _ in range(3)]
    await asyncio.sleep(0.5)
    world.limiters[0].update_limit(headers(6))
    assert await results(tasks) == Soon(0.5, 0.5, WINDOW)


@in_virtual_time
async def test_a_lower_limit_counts_who_has_left(loop: VirtualLoop) -> None:
    """From then on no window holds more than it allows, those before it included."""
    world = World(loop, limit=Limit(3, 1.0))
    await world.send()
    await asyncio.sleep(0.4)
    await world.send()
    await world.send()
    world.limiters[0].update_limit(headers(1))
    assert await results([world.sending() for _ in range(2)]) == Soon(1.4, 2.4)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_quick_refusal_was_counted_no_sooner_than_it_can_have_come(status: int) -> None:
    """The answers before it took the server 0.4 s of work; this one none."""

    async def run(loop: VirtualLoop) -> None:
        world = World(loop, limit=Limit(1, 1.0))
        for _ in range(FEW):
            permit = await world.permit()
            await permit.commit()
            await asyncio.sleep(0.5)
            permit.answered(200)
        other = await world.permit()
        await other.commit()
        began = world.now
        await asyncio.sleep(0.1)
        other.answered(status)
        # The way out is at most half of the shortest trip, and not all of it goes back.
        assert await world.send() - began >= 0.95

    simulate(run)


@in_virtual_time
async def test_a_server_that_takes_half_a_minute_costs_no_throughput(loop: VirtualLoop) -> None:
    """So long a way is none of a clock that was set back."""
    world = World(loop, way=15.0)
    await asyncio.gather(*(world.send() for _ in range(8)))
    began = world.now
    tasks = [world.sending() for _ in range(5 * LIMIT.requests)]
    left = await results(tasks)
    assert max(left) - began <= 5 * WINDOW + 4.0
    assert world.most() <= LIMIT.requests


# -- loops and forks ------------------------------------------------------------------------------


def test_a_loop_that_was_closed_holds_up_no_other() -> None:
    """What it left waiting is passed over, and says nothing when it is collected."""
    first, second = VirtualLoop(), VirtualLoop()
    world = World(second)

    async def occupy() -> None:
        await world.use_up()
        world.sending()
        await asyncio.sleep(0.1)

    first.run_until_complete(occupy())
    leave_behind(first)
    assert [second.run_until_complete(world.send())] == Soon(WINDOW)
    gc.collect()
    second.run_until_complete(world.close())
    second.close()


def test_after_a_fork_only_who_left_counts() -> None:
    """Who waits does so in the parent."""
    parent, child = VirtualLoop(), VirtualLoop()
    world = World(child, limit=Limit(1, 4.0))
    (limiter,) = world.limiters

    async def wait() -> None:
        await world.send()
        world.sending()
        await asyncio.sleep(0.1)

    parent.run_until_complete(wait())
    world.shared.memory.reset_after_fork()
    limiter.reset_after_fork()
    assert limiter.waiting == 0
    assert [child.run_until_complete(world.send())] == Soon(4.0)
    child.run_until_complete(world.close())
    child.close()
    leave_behind(parent)


# -- many at once ---------------------------------------------------------------------------------

MOMENTS = st.integers(0, 3000).map(lambda milliseconds: milliseconds / 1000)
CONNECTS = st.sampled_from([0.0, 0.0, 0.002, 0.004, 0.006, 0.05, 0.3, 2.0])
CALLS = st.tuples(
    st.integers(0, 2),  # which process
    MOMENTS,  # when it comes
    st.sampled_from(Rank),
    CONNECTS,
    st.booleans() | st.just(value=True),  # whether it leaves
    st.none() | MOMENTS,  # when it is cancelled
)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 6),
    st.sampled_from([0.0, 0.01, 0.1]),
    st.none() | st.sampled_from([0.0, 0.0005, 0.003]),
    st.lists(CALLS, max_size=25),
    st.lists(st.tuples(MOMENTS, MOMENTS), max_size=2),
)
def test_a_crowd_keeps_to_the_limit(
    requests: int,
    way: float,
    takes: float | None,
    calls: list[tuple[int, float, Rank, float, bool, float | None]],
    pauses: list[tuple[float, float]],
) -> None:
    """Whoever comes, is late, cancelled or paused: never over, nobody forgotten, nothing lost."""

    async def run(loop: VirtualLoop) -> None:
        limit = Limit(requests, 1.0)
        shared = takes is not None
        world = World(loop, 3, limit=limit, shared=shared, takes=takes or 0.0, way=way)

        async def call(
            one: tuple[int, float, Rank, float, bool, float | None],
        ) -> None:
            process, comes, rank, connects, leaves, cancelled = one
            await asyncio.sleep(comes)
            task = world.sending(process, rank, connects=connects, leaves=leaves)
            if cancelled is not None:
                await asyncio.sleep(cancelled)
                task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or task.exception() is None

        async def pause(at: float, seconds: float) -> None:
            await asyncio.sleep(at)
            world.limiters[0].pause(seconds)

        await asyncio.gather(*(call(each) for each in calls), *(pause(*each) for each in pauses))
        assert world.most() <= requests
        # Each takes a window at most, and one more to connect too late.
        assert world.now <= 3 + 3 + 2 * len(calls) / requests + 4 * len(calls) + 4
        assert all(limiter.waiting == 0 for limiter in world.limiters)
        await asyncio.sleep(0.1)
        await world.close()

    simulate(run)


def test_a_scheme_without_a_store_is_not_taken_for_redis() -> None:
    """Whoever lets `RateLimit` take another scheme has to add its store."""
    with attrs.validators.disabled():
        rate_limit = RateLimit(shared="memcached://:secret@host")
    with pytest.raises(ConfigurationError, match="shared has no store; give 'file:") as caught:
        make_limiter(rate_limit, "account", lambda: "token")
    assert "secret" not in str(caught.value)
