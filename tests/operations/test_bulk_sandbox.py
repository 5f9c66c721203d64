"""Many rooms through the awaited client, at the sandbox."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.inside import nothing_is_left
from tests.operations.bulk_calls import asked, asynchronous, errors, other_tasks
from tests.retrying import ID, LATE, client
from tests.waiting import until
from videsk_rooms import (
    AsyncVidesk,
    ClosedError,
    ConflictError,
    Hooks,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownAtDeadlineError,
    RateLimit,
    Retry,
    Room,
    RoomSpec,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from videsk_rooms.sandbox import Sandbox

FOR_EVER: dict[str, Any] = {"timeout": None}


def endless() -> Iterator[RoomSpec]:
    """Specify rooms without end."""
    return ({"name": f"room {number}"} for number in itertools.count())


# -- side by side, and no more than that ----------------------------------------------------------


async def test_so_many_requests_are_under_way_and_no_more(sandbox: Sandbox) -> None:
    """The sandbox sees them all at once, though it answers none; a call besides them gets by."""
    sandbox.faults.delay(LATE, on="create", times=None)
    async with client(sandbox, **FOR_EVER) as videsk:
        async with videsk.rooms.create_many(endless(), concurrency=8) as outcomes:
            first = asked(outcomes)
            await until(lambda: len(sandbox.requests.of("create")) == 8)
            await videsk.rooms.list()
            assert len(sandbox.requests.of("create")) == 8
            first.cancel()
            await asyncio.wait([first])
        nothing_is_left(videsk)
    assert other_tasks() == set()


async def test_outcomes_come_in_the_order_of_the_answers(sandbox: Sandbox) -> None:
    """One room that takes long holds up no other."""
    sandbox.faults.delay(LATE, on="create")
    async with (
        client(sandbox, **FOR_EVER) as videsk,
        videsk.rooms.create_many(endless(), concurrency=3) as outcomes,
    ):
        seen = [(await anext(outcomes)).item.get("name") for _ in range(20)]
        (slow, *others) = [_name(record.json) for record in sandbox.requests.of("create")]
    assert slow not in seen
    assert {*seen} <= {*others}


def _name(body: Any) -> str:
    return str(body["name"])


async def test_the_rate_limit_paces_all_of_them(sandbox: Sandbox) -> None:
    """However many may be under way, so many leave in a window."""
    rate_limit = RateLimit(requests=3, per=8.0)  # of which background calls wait for half
    async with client(sandbox, rate_limit=rate_limit) as videsk:
        async with videsk.rooms.create_many(endless(), concurrency=16) as outcomes:
            for _ in range(3):
                assert (await anext(outcomes)).ok
            fourth = asked(outcomes)
            await until(lambda: videsk.rate_limit_status.waiting == 16)
            fourth.cancel()
            await asyncio.wait([fourth])
        nothing_is_left(videsk)
    assert len(sandbox.requests) == 3


# -- the time of a call ---------------------------------------------------------------------------


async def test_time_in_line_is_none_of_a_calls_time(sandbox: Sandbox) -> None:
    """Who waits there longer than a call may take is created, and so is who has to wait again."""
    waits: list[float] = []
    sandbox.faults.status(503, on="create")
    async with client(
        sandbox,
        rate_limit=RateLimit(requests=2, per=1.5),
        timeout=2.5,
        hooks=Hooks(on_pace=lambda event: waits.append(event.waited)),
    ) as videsk:
        specs: list[RoomSpec] = [{}] * 5
        seen = [outcome async for outcome in videsk.rooms.create_many(specs)]
    assert errors(seen) == {}
    assert len([waited for waited in waits if waited > 2.5]) == 2


async def test_the_time_of_each_call_is_bounded(sandbox: Sandbox) -> None:
    """From when its request may leave, over all that it does."""
    sandbox.faults.delay(LATE, on="create", times=2)
    async with client(sandbox, timeout=2.0) as videsk:
        specs: list[RoomSpec] = [{"external_id": name} for name in ("a", "b", "c")]
        seen = {
            each.item.get("external_id"): each async for each in videsk.rooms.create_many(specs)
        }
    for record in sandbox.requests.of("create")[:2]:
        name = record.json["externalId"]  # type: ignore[index]  # a body of ours
        error = seen[name].error
        assert isinstance(error, OutcomeUnknownAtDeadlineError)
        assert error.external_id == name


# -- items ----------------------------------------------------------------------------------------


async def test_what_is_refused_is_an_outcome(once: AsyncVidesk, sandbox: Sandbox) -> None:
    """Nothing of it is sent, and the others are created."""
    specs: list[Any] = [
        {"name": "right"},
        {"nmae": "x"},
        {"name": 1},
        {"external_id": ""},
        "Support",
        None,
        {1: 2},
    ]
    seen = [outcome async for outcome in once.rooms.create_many(specs)]
    failed = errors(seen)
    told = {
        index: error.argument
        for index, error in failed.items()
        if isinstance(error, InvalidRequestError)
    }
    assert told == {1: "nmae", 2: "name", 3: "external_id", 4: "specs", 5: "specs", 6: "1"}
    assert failed[1].args == (
        "nmae='x': there is no such argument; give any of exp, external_id, name, nbf, settings",
    )
    assert failed[4].args == (
        "specs='Support': give mappings of exp, external_id, name, nbf, settings",
    )
    assert [room["name"] for room in sandbox.rooms] == ["right"]
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    ("change", "argument"),
    [({"name": "x"}, "changes"), ({"room": ID}, "name"), ({"room": 7, "name": "x"}, "room")],
)
async def test_a_change_that_cannot_be_is_an_outcome(
    once: AsyncVidesk, sandbox: Sandbox, change: Any, argument: str
) -> None:
    """A change needs a room, and something to change."""
    (outcome,) = [each async for each in once.rooms.update_many([change])]
    assert isinstance(outcome.error, InvalidRequestError)
    assert outcome.error.argument == argument
    assert len(sandbox.requests) == 0


async def test_a_room_that_cannot_be_is_an_outcome(once: AsyncVidesk) -> None:
    """Neither an id nor a `Room`."""
    rooms: list[Any] = ["..", None, Room(id="")]
    seen = [outcome async for outcome in once.rooms.delete_many(rooms)]
    refused = [isinstance(error, InvalidRequestError) for error in errors(seen).values()]
    assert (sorted(errors(seen)), refused) == ([0, 1, 2], [True] * 3)


async def test_a_mapping_may_be_used_again(once: AsyncVidesk, sandbox: Sandbox) -> None:
    """It counts as it was when it was read."""

    def specs() -> Iterator[RoomSpec]:
        spec: RoomSpec = {}
        for name in "abc":
            spec["name"] = name
            yield spec

    assert len([outcome async for outcome in once.rooms.create_many(specs())]) == 3
    assert sorted(_name(room) for room in sandbox.rooms) == ["a", "b", "c"]


async def test_two_of_one_name(once: AsyncVidesk, sandbox: Sandbox) -> None:
    """One is created and the other refused, as by two calls."""
    specs: list[RoomSpec] = [{"external_id": "ticket-1"}] * 2
    seen = [outcome async for outcome in once.rooms.create_many(specs)]
    assert [type(outcome.error) for outcome in seen if not outcome.ok] == [ConflictError]
    assert len(sandbox.rooms) == 1


async def test_every_room_is_sent_with_a_name(once: AsyncVidesk, sandbox: Sandbox) -> None:
    """A generated one, so that it is made once, whatever becomes of the answer."""
    sandbox.faults.drop("after", on="create")
    specs: list[RoomSpec] = [{}, {}, {}]
    seen = [outcome async for outcome in once.rooms.create_many(specs)]
    ((_, error),) = errors(seen).items()
    names = {room["externalId"] for room in sandbox.rooms}
    assert len(names) == 3
    assert error.outcome_unknown
    assert error.external_id in names


@pytest.mark.videsk_sandbox(deletion=True)
async def test_rooms_may_come_from_a_listing(once: AsyncVidesk, sandbox: Sandbox) -> None:
    """All are deleted while they are listed, each once."""
    sandbox.add_rooms(30)
    rooms = once.rooms.iter(page_size=5)
    seen = [outcome async for outcome in once.rooms.delete_many(rooms, concurrency=4)]
    assert errors(seen) == {}
    assert len(seen) == 30
    assert sandbox.rooms == ()


async def test_other_options_hold_for_many(sandbox: Sandbox) -> None:
    """A view's calls are the view's."""
    sandbox.faults.status(503, on="join", times=None)
    (room_id,) = sandbox.add_rooms(1)
    async with client(sandbox) as videsk:
        view = videsk.with_options(retry=Retry(attempts=2, base_delay=0.01))
        (outcome,) = [each async for each in view.rooms.join_many([room_id])]
    assert isinstance(outcome.error, ServerError)
    assert len(outcome.error.attempts) == 2


# -- the end of it --------------------------------------------------------------------------------


async def test_left_early_nothing_is_under_way(sandbox: Sandbox) -> None:
    """No request, no connection, no place in line, no task."""
    async with client(sandbox, **FOR_EVER) as videsk:
        await videsk.rooms.list()
        sandbox.faults.delay(LATE, on="create", times=None)
        sandbox.faults.delay(0, on="get", times=None)
        async with videsk.rooms.create_many(asynchronous(endless()), concurrency=8) as outcomes:
            first = asked(outcomes)
            await until(lambda: len(sandbox.requests.of("create")) == 8)
            first.cancel()
            await asyncio.wait([first])
            assert other_tasks() == set()
            nothing_is_left(videsk)


async def test_left_in_a_cancelled_scope_nothing_is_under_way_either(sandbox: Sandbox) -> None:
    """Anyio cancels again in each turn of the loop, as where a browser has hung up."""
    sandbox.faults.delay(LATE, on="create", times=None)
    scope = anyio.CancelScope()

    async def cancel_when_all_are_under_way() -> None:
        await until(lambda: len(sandbox.requests.of("create")) == 8)
        scope.cancel()

    async with client(sandbox, **FOR_EVER) as videsk:
        cancelling = asyncio.ensure_future(cancel_when_all_are_under_way())
        with scope:
            async for _ in videsk.rooms.create_many(asynchronous(endless()), concurrency=8):
                pass
        nothing_is_left(videsk)
        await cancelling


async def test_closing_the_client_ends_it(sandbox: Sandbox) -> None:
    """What was under way tells whether it was sent; then nothing more is read, and it is raised."""
    sandbox.faults.delay(LATE, on="create", times=None)
    videsk = client(sandbox, **FOR_EVER)
    outcomes = videsk.rooms.create_many(endless(), concurrency=4)
    first = asked(outcomes)
    await until(lambda: len(sandbox.requests) == 4)
    await videsk.close()
    seen = [await first, *[await anext(outcomes) for _ in range(3)]]
    with pytest.raises(ClosedError):
        await anext(outcomes)
    assert other_tasks() == set()
    for error in errors(seen).values():
        assert isinstance(error, ClosedError)
        assert error.outcome_unknown
    assert sorted(outcome.index for outcome in seen) == [0, 1, 2, 3]


async def test_a_callable_for_the_token_that_raises_ends_it(sandbox: Sandbox) -> None:
    """It is no error of a room."""

    def token() -> str:
        raise OSError("the vault is closed")

    async with client(sandbox) as videsk:
        view = videsk.with_options(api_token=token)
        with pytest.raises(OSError, match="vault"):
            await anext(view.rooms.create_many(endless()))
    assert other_tasks() == set()
    assert len(sandbox.requests) == 0


async def test_rooms_that_are_not_there_stop_nothing(once: AsyncVidesk, sandbox: Sandbox) -> None:
    """Each is an outcome, as many as there are."""

    async def ids() -> AsyncIterator[str]:
        yield from_thin_air(1)
        for room_id in sandbox.add_rooms(3):
            yield room_id
        yield from_thin_air(2)

    seen = [outcome async for outcome in once.rooms.join_many(ids())]
    assert {index: type(error) for index, error in errors(seen).items()} == {
        0: NotFoundError,
        4: NotFoundError,
    }


def from_thin_air(number: int) -> str:
    return f"{number:024x}"
