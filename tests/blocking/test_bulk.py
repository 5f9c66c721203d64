"""Many rooms at once: items are read in the thread that asks, while calls run in the client's."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests import inside
from tests.blocking.support import (
    FOREVER,
    Thread,
    blocking_client,
    no_garbage_collection,
    tasks_of,
    under_way,
)
from tests.waiting import wait_until
from videsk_rooms import ClosedError, InvalidRequestError, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.blocking.support import Relay
    from videsk_rooms import Outcomes, Room, RoomSpec, Videsk
    from videsk_rooms.sandbox import Sandbox

    Created = Outcomes[RoomSpec, Room]


class BodyError(Exception):
    """What goes wrong in the body of a loop."""


def endless() -> Iterator[RoomSpec]:
    """Specify rooms without end."""
    return ({"name": f"room {number}"} for number in itertools.count())


def begun(client: Videsk, sandbox: Sandbox) -> Created:
    """Begin with an outcome at hand, and two requests under way that are not answered."""
    sandbox.faults.delay(0, on="create")
    sandbox.faults.delay(FOREVER, on="create", times=None)
    outcomes = client.rooms.create_many(endless(), concurrency=3)
    next(outcomes)
    under_way(sandbox, 3)
    return outcomes


def is_closed(client: Videsk, relay: Relay) -> bool:
    """Tell whether nothing is under way any more, and its connections are gone."""
    # The one that was answered is kept for the next call.
    return tasks_of(client) == [] and relay.open <= 1


# -- reading --------------------------------------------------------------------------------------


def test_items_are_read_in_the_thread_that_asks(client: Videsk) -> None:
    """And progress is told there."""
    threads: set[int] = set()

    def specs() -> Iterator[RoomSpec]:
        for _ in range(5):
            threads.add(threading.get_ident())
            yield {}

    def note(_: Progress) -> None:
        threads.add(threading.get_ident())

    assert len(list(client.rooms.create_many(specs(), concurrency=2, on_progress=note))) == 5
    assert threads == {threading.get_ident()}


def test_the_iterable_may_call_the_client(client: Videsk, sandbox: Sandbox) -> None:
    """A call within the reading is a call like any other."""

    def changes() -> Iterator[Any]:
        for room in client.rooms.iter(page_size=2):
            yield {"room": room, "name": f"{client.rooms.get(room).name}, moved"}

    ids = sandbox.add_rooms(7)
    outcomes = list(client.rooms.update_many(changes(), concurrency=3))
    assert sorted(outcome.result().id for outcome in outcomes) == sorted(ids)
    assert all(str(room["name"]).endswith(", moved") for room in sandbox.rooms)


def test_an_iterable_that_blocks_holds_up_no_call(client: Videsk, sandbox: Sandbox) -> None:
    """What was read is sent and answered while the next item is waited for."""

    def specs() -> Iterator[RoomSpec]:
        for number in range(4):
            wait_until(lambda: len(sandbox.rooms) == number)  # noqa: B023 - called at once
            yield {}

    assert all(outcome.ok for outcome in client.rooms.create_many(specs()))
    assert len(sandbox.rooms) == 4


def test_what_is_finished_is_given_out_before_more_is_read(
    client: Videsk, sandbox: Sandbox
) -> None:
    """Where items are long in coming, outcomes are not kept back until there are many."""
    read: list[int] = []

    def specs() -> Iterator[RoomSpec]:
        for number in itertools.count():
            # Answered, and the answer noted: the loop has nothing more to do.
            wait_until(
                lambda: len(sandbox.rooms) == number and not tasks_of(client)  # noqa: B023 - at once
            )
            read.append(number)
            yield {}

    with client.rooms.create_many(specs(), concurrency=10) as outcomes:
        # An answer that is quicker than this thread is given out before even one more is read.
        assert next(outcomes).index == 0
        assert read in ([0], [0, 1])
        assert next(outcomes).index == 1
        assert read in ([0, 1], [0, 1, 2])


def test_so_many_are_in_the_works_and_no_more(client: Videsk, sandbox: Sandbox) -> None:
    """The outcome in the caller's hands is one of them."""
    read: list[RoomSpec] = []

    def specs() -> Iterator[RoomSpec]:
        for spec in endless():
            read.append(spec)
            yield spec

    in_the_works: list[int] = []
    with client.rooms.create_many(specs(), concurrency=4) as outcomes:
        for number, outcome in enumerate(outcomes):
            assert outcome.ok
            # Fewer where an answer came before the next item was read.
            in_the_works.append(len(read) - number)
            if number == 50:
                break
    assert max(in_the_works) == 4
    assert len(sandbox.requests) <= 54


def test_an_asynchronous_iterable_is_refused(client: Videsk) -> None:
    """At the call, and with what to do."""

    async def specs() -> AsyncIterator[RoomSpec]:
        yield {}

    given: Any = specs()  # which a type checker would refuse, too
    with pytest.raises(InvalidRequestError, match="use AsyncVidesk") as caught:
        client.rooms.create_many(given)
    assert caught.value.argument == "specs"


def test_what_the_iterable_raises_comes_after_all_outcomes(
    client: Videsk, sandbox: Sandbox
) -> None:
    """What was under way is finished, and told."""

    def specs() -> Iterator[RoomSpec]:
        yield {}
        yield {}
        raise BodyError("line 3 is no room")

    outcomes = client.rooms.create_many(specs())
    assert [next(outcomes).ok, next(outcomes).ok] == [True, True]
    with pytest.raises(BodyError, match="line 3"):
        next(outcomes)
    assert list(outcomes) == []
    assert len(sandbox.rooms) == 2


def test_what_no_call_should_raise_ends_it(sandbox: Sandbox) -> None:
    """It is raised where the outcomes are asked for."""

    def token() -> str:
        raise OSError("the vault is closed")

    with (
        blocking_client(sandbox, api_token=token) as client,
        pytest.raises(OSError, match="vault"),
    ):
        list(client.rooms.create_many(endless()))


# -- left early -----------------------------------------------------------------------------------


def break_off(outcomes: Created) -> None:
    for _ in outcomes:
        break


def raise_in_the_body(outcomes: Created) -> None:
    for _ in outcomes:
        raise BodyError


def begun_anew(client: Videsk, sandbox: Sandbox) -> Created:
    """Begin with requests under way, of which one is answered; no outcome is taken yet."""
    sandbox.faults.delay(0, on="create")
    sandbox.faults.delay(FOREVER, on="create", times=None)
    return client.rooms.create_many(endless(), concurrency=3)


def test_break_cancels_what_is_under_way(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """The requests are given up, with their connections."""
    # Passed on and not kept, as the iterator of a `for` loop is.
    break_off(begun_anew(relayed, sandbox))
    wait_until(lambda: is_closed(relayed, relay))
    assert len(sandbox.requests) <= 3


def test_an_exception_in_the_body_cancels_what_is_under_way(
    sandbox: Sandbox, relayed: Videsk, relay: Relay
) -> None:
    """It goes on as it was raised."""
    with pytest.raises(BodyError) as caught:
        raise_in_the_body(begun_anew(relayed, sandbox))
    assert caught.value.__context__ is None
    del caught
    wait_until(lambda: is_closed(relayed, relay))


def test_closing_cancels_what_is_under_way(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """It waits for nothing, and there are no more outcomes."""
    outcomes = begun(relayed, sandbox)
    outcomes.close()
    outcomes.close()
    assert next(outcomes, None) is None
    wait_until(lambda: is_closed(relayed, relay))


def test_the_end_of_with_cancels_what_is_under_way(
    sandbox: Sandbox, relayed: Videsk, relay: Relay
) -> None:
    """Though the iterator is still referred to."""
    with begun(relayed, sandbox) as outcomes:
        pass
    assert list(outcomes) == []
    wait_until(lambda: is_closed(relayed, relay))


def test_what_the_callback_raises_comes_out(
    sandbox: Sandbox, relayed: Videsk, relay: Relay
) -> None:
    """And cancels what is under way."""

    def fail(_: Progress) -> None:
        raise BodyError

    sandbox.faults.delay(0, on="create")
    sandbox.faults.delay(FOREVER, on="create", times=None)
    outcomes = relayed.rooms.create_many(endless(), concurrency=3, on_progress=fail)
    with pytest.raises(BodyError):
        next(outcomes)
    wait_until(lambda: is_closed(relayed, relay))


async def collect_garbage() -> None:
    gc.collect()


def in_another_thread(_: Videsk) -> None:
    Thread(gc.collect).result()


def in_its_own_loop(client: Videsk) -> None:
    inside.run_in_loop(client, collect_garbage)


@pytest.mark.parametrize("collect", [in_another_thread, in_its_own_loop])
def test_a_forgotten_iterator(
    sandbox: Sandbox, relayed: Videsk, relay: Relay, collect: Callable[[Videsk], None]
) -> None:
    """Whichever thread finds it, what is under way is cancelled."""
    with no_garbage_collection():
        cycle: list[object] = [begun(relayed, sandbox)]
        cycle.append(cycle)
        del cycle
        assert tasks_of(relayed) != []
        collect(relayed)
        wait_until(lambda: is_closed(relayed, relay))


def test_an_iterator_that_was_never_iterated_says_so(client: Videsk, sandbox: Sandbox) -> None:
    """Whoever only calls it would take the work for done; the warning names the line."""
    with pytest.warns(RuntimeWarning, match="delete_many was never iterated") as told:
        client.rooms.delete_many(sandbox.add_rooms(1))
    assert [warning.filename for warning in told] == [__file__]
    client.rooms.delete_many([]).close()
    assert len(sandbox.requests) == 0


# -- closing the client ---------------------------------------------------------------------------


def ask_on(outcomes: Created) -> None:
    for outcome in outcomes:
        assert isinstance(outcome.error, ClosedError)


def test_closing_the_client_under_an_iterator(sandbox: Sandbox) -> None:
    """Asked on, it raises what every call raises then; of what was under way, it may tell."""
    client = blocking_client(sandbox)
    outcomes = begun(client, sandbox)
    client.close()
    with pytest.raises(ClosedError):
        ask_on(outcomes)
    assert list(outcomes) == []


def test_closing_the_client_while_an_outcome_is_waited_for(sandbox: Sandbox) -> None:
    """Another thread may do so: whoever waits is told."""
    client = blocking_client(sandbox)
    asking = Thread(ask_on, begun(client, sandbox))
    under_way(sandbox, 4)
    client.close()
    with pytest.raises(ClosedError):
        asking.result()


def test_a_closed_client(sandbox: Sandbox) -> None:
    """Nothing is read for it."""
    client = blocking_client(sandbox)
    client.close()
    read: list[int] = []

    def specs() -> Iterator[RoomSpec]:
        read.append(0)
        yield {}

    with pytest.raises(ClosedError):
        next(client.rooms.create_many(specs()))
    assert read == []


# -- threads and loops ----------------------------------------------------------------------------


def test_an_iterator_that_changes_threads(client: Videsk, sandbox: Sandbox) -> None:
    """It may be begun in one thread, go on in others, and be closed in yet another."""
    outcomes = client.rooms.create_many(endless(), concurrency=2)
    seen = [Thread(next, outcomes).result().index for _ in range(5)]
    Thread(outcomes.close).result()
    assert len({*seen}) == 5
    wait_until(lambda: tasks_of(client) == [])
    assert len(sandbox.requests) <= 6


def test_iterators_of_many_threads(client: Videsk, sandbox: Sandbox) -> None:
    """Each thread has the outcomes of its own items."""

    def create(name: str) -> set[str | None]:
        specs: list[RoomSpec] = [{"name": name}] * 20
        return {each.result().name for each in client.rooms.create_many(specs, concurrency=4)}

    threads = [Thread(create, f"thread {number}") for number in range(8)]
    assert [thread.result() for thread in threads] == [{f"thread {n}"} for n in range(8)]
    assert len(sandbox.rooms) == 160


def test_in_its_own_loop_nothing_is_read(client: Videsk) -> None:
    """It would wait for itself, as any call would there."""
    read: list[int] = []

    def specs() -> Iterator[RoomSpec]:
        read.append(0)
        yield {}

    async def ask() -> None:
        next(client.rooms.create_many(specs()))

    with pytest.raises(RuntimeError, match="from its own event loop"):
        inside.run_in_loop(client, ask)
    assert read == []


async def test_a_coroutine_is_told_of_the_awaited_client(client: Videsk) -> None:
    """The warning names the line of the loop that waits."""
    with pytest.warns(RuntimeWarning, match="use AsyncVidesk") as told:
        assert [outcome.ok for outcome in client.rooms.create_many([{}])] == [True]
    assert [warning.filename for warning in told] == [__file__]
    assert asyncio.get_running_loop().is_running()
