"""What happens to a call at one moment: its time is up, it is answered, closed or cancelled.

The loop stands still while it happens, so that it finds all of it at once; and the cancellation
comes so many turns of the loop later, before, between and after the rest.
"""

from __future__ import annotations

import asyncio
import time
from itertools import combinations
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.inside import nothing_is_left
from tests.retrying import LATE, client
from tests.waiting import until
from videsk_rooms import (
    AsyncVidesk,
    ClosedError,
    DeadlineExceededError,
    Hooks,
    RateLimit,
    Retry,
    Timeout,
    Videsk,
)
from videsk_rooms.models import Room

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms.sandbox import Sandbox

ONCE = Retry(attempts=1)
STANDSTILL = 0.12
TURNS = 9
HAPPENINGS = [
    each for count in (1, 2, 3) for each in combinations(("time", "answer", "closing"), count)
]
happenings = pytest.mark.parametrize("happening", HAPPENINGS, ids="+".join)


def after(turns: int, do: Callable[[], object]) -> None:
    """Call a function so many turns of the loop from now."""
    if turns == 0:
        do()
    else:
        # A timer, not `call_soon`: it comes after the timers that are due already.
        asyncio.get_running_loop().call_later(0, after, turns - 1, do)


def meanwhile(sandbox: Sandbox, happening: tuple[str, ...]) -> AsyncVidesk:
    """Make a client to which so much happens while its loop stands still."""
    sandbox.faults.delay(0.04 if "answer" in happening else LATE, on="create")
    attempt = 0.06 if "time" in happening else None
    return client(sandbox, retry=ONCE, timeout=Timeout(total=None, attempt=attempt))


def stand_still(seconds: float) -> None:
    """Do what the caller's own work does to the loop."""
    time.sleep(seconds)


async def stand_still_once_sent(sandbox: Sandbox, call: asyncio.Task[Room], seen: int) -> None:
    await until(lambda: len(sandbox.requests) > seen or call.done())
    stand_still(STANDSTILL)


@happenings
async def test_a_cancellation_that_was_accepted_is_never_swallowed(
    sandbox: Sandbox, happening: tuple[str, ...]
) -> None:
    """Whatever happens to the call in the same turn of the loop, or in those before it."""
    for turns in range(TURNS):
        async with meanwhile(sandbox, happening) as videsk:
            seen = len(sandbox.requests)
            call = asyncio.ensure_future(videsk.rooms.create())
            await stand_still_once_sent(sandbox, call, seen)
            accepted: list[bool] = []
            after(turns, lambda call=call, accepted=accepted: accepted.append(call.cancel()))  # type: ignore[misc]  # the loop's own
            closing = asyncio.ensure_future(videsk.close()) if "closing" in happening else None
            await until(lambda accepted=accepted: accepted)  # type: ignore[misc]  # likewise
            await asyncio.wait([call], timeout=LATE)
            assert call.cancelled() is accepted[0], f"after {turns} turns"
            if not call.cancelled():
                call.exception()
            if closing is not None:
                await closing
            nothing_is_left(videsk)


@happenings
async def test_a_call_that_nobody_cancels_is_never_cancelled(
    sandbox: Sandbox, happening: tuple[str, ...]
) -> None:
    """It has its answer or its error, and its task may go on."""
    async with meanwhile(sandbox, happening) as videsk:
        call = asyncio.ensure_future(videsk.rooms.create())
        await stand_still_once_sent(sandbox, call, 0)
        if "closing" in happening:
            await videsk.close()
        await asyncio.wait([call], timeout=LATE)
        assert not call.cancelled()
        expected = {
            "time": DeadlineExceededError,
            "answer": Room,
            "closing": ClosedError,
        }
        outcome: object = call.exception() or call.result()
        assert isinstance(outcome, tuple(expected[each] for each in happening))
        nothing_is_left(videsk)


@pytest.mark.parametrize("turns", range(TURNS))
async def test_a_cancellation_in_the_line_is_never_swallowed(sandbox: Sandbox, turns: int) -> None:
    """Nor does it cost a place, when it comes as the call moves up or its time is up."""
    limit = RateLimit(requests=1, per=0.05)
    async with client(sandbox, rate_limit=limit, timeout=0.3) as videsk:
        await videsk.rooms.list()
        call = asyncio.ensure_future(videsk.rooms.list())
        await asyncio.sleep(0)
        stand_still(0.1)  # its turn has come
        accepted: list[bool] = []
        after(turns, lambda: accepted.append(call.cancel()))
        await until(lambda: accepted)
        await asyncio.wait([call])
        assert call.cancelled() is accepted[0]
        nothing_is_left(videsk)
        # Where the request had left, it counts for a moment longer.
        await videsk.with_options(timeout=5.0).rooms.list()


@pytest.mark.parametrize("awaiting", ["pause", "hook", "token"])
@pytest.mark.parametrize("turns", range(5))
async def test_a_cancellation_as_another_wait_ends_is_never_swallowed(
    sandbox: Sandbox, awaiting: str, turns: int
) -> None:
    """A pause, a hook and the callable for the token end by a timer as well."""
    begun: list[bool] = []

    async def take_long(*_: object) -> str:
        begun.append(True)
        await asyncio.sleep(LATE)
        return ""

    async def note(*_: object) -> None:
        begun.append(True)

    if awaiting != "token":
        sandbox.faults.status(503, times=None)
    hang: Any = take_long
    options: dict[str, dict[str, Any]] = {
        "pause": {"hooks": Hooks(on_retry=note), "retry": Retry(base_delay=LATE, max_delay=0.1)},
        "hook": {"hooks": Hooks(on_attempt=hang)},
        "token": {},
    }
    async with client(sandbox, timeout=0.1, **options[awaiting]) as videsk:
        asked = videsk if awaiting != "token" else videsk.with_options(api_token=take_long)
        call = asyncio.ensure_future(asked.rooms.list())
        await until(lambda: begun or call.done())
        stand_still(0.15)
        accepted: list[bool] = []
        after(turns, lambda: accepted.append(call.cancel()))
        await until(lambda: accepted)
        await asyncio.wait([call])
        assert call.cancelled() is accepted[0]
        if not call.cancelled():
            call.exception()


async def test_a_scope_of_anyio_that_ends_as_the_time_is_up_ends_alone(sandbox: Sandbox) -> None:
    """Its cancellation stays its own: the code after it goes on, not cancelled."""
    sandbox.faults.delay(LATE, times=None)
    async with client(sandbox, retry=ONCE, timeout=0.1) as videsk:
        with anyio.move_on_after(0.1) as scope:
            await videsk.rooms.list()
        assert scope.cancelled_caught
        nothing_is_left(videsk)
        await asyncio.sleep(0)


# -- answers that are there when the time is up ---------------------------------------------------

BOUNDS = {
    "attempt": Timeout(total=None, attempt=0.5),
    "total": Timeout(total=0.5, attempt=None),
    "both": Timeout(total=0.5, attempt=0.5),
}
bounds = pytest.mark.parametrize("timeout", BOUNDS.values(), ids=BOUNDS)


@bounds
async def test_an_answer_that_arrived_in_time_counts_though_the_loop_stood_still(
    sandbox: Sandbox, timeout: Timeout
) -> None:
    """The caller's own work blocked the loop until after the deadline."""
    async with client(sandbox, retry=ONCE, timeout=timeout) as videsk:
        await videsk.rooms.list()  # has a connection
        call = asyncio.ensure_future(videsk.rooms.create(name="Support"))
        await until(lambda: len(sandbox.requests) == 2)
        stand_still(0.7)
        assert (await call).name == "Support"


async def test_a_long_answer_that_arrived_in_time_counts_likewise(sandbox: Sandbox) -> None:
    """It is read from the socket in several turns of the loop."""
    size = 2**20
    sandbox.faults.enormous(size)
    async with client(sandbox, retry=ONCE, timeout=Timeout(total=0.5, attempt=None)) as videsk:
        call = asyncio.ensure_future(videsk.request("GET", "/vpaas/rooms"))
        await until(lambda: sandbox.requests)
        stand_still(0.7)
        assert len((await call).body) >= size


@bounds
def test_the_blocking_face_takes_such_an_answer_too(sandbox: Sandbox, timeout: Timeout) -> None:
    """Its loop stands still in a hook of another call."""
    stood_still: list[bool] = []

    def hold_up(_: object) -> None:
        if not stood_still and len(sandbox.requests) == 2:
            stood_still.append(True)
            stand_still(0.7)

    hooks = Hooks(on_attempt=hold_up)
    with Videsk(
        sandbox.api_token,
        base_url=sandbox.url,
        retry=ONCE,
        rate_limit=None,
        timeout=timeout,
        hooks=hooks,
    ) as videsk:
        sandbox.faults.delay(0.2, on="create")
        outcomes = videsk.rooms.create_many([{"name": "Ana"}, {"name": "Luis"}])
        assert all(outcome.ok for outcome in outcomes)
    assert stood_still
