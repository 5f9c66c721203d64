"""Iterating over rooms: left early, struck, shared, forgotten."""

from __future__ import annotations

import gc
import random
from typing import TYPE_CHECKING

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
from videsk_rooms import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.blocking.support import Relay
    from videsk_rooms import Room, Videsk
    from videsk_rooms.sandbox import Sandbox

    Rooms = Generator[Room, None, None]


class BodyError(Exception):
    """What goes wrong in the body of a loop."""


def begun(client: Videsk, sandbox: Sandbox) -> Rooms:
    """Begin an iteration whose second page is being fetched, and does not come."""
    sandbox.add_rooms(5)
    sandbox.faults.delay(0, on="list")
    sandbox.faults.delay(FOREVER, on="list", times=None)
    rooms = client.rooms.iter(page_size=2)
    next(rooms)
    under_way(sandbox, 2)
    return rooms


def break_off(rooms: Rooms) -> None:
    for _ in rooms:
        break


def raise_in_the_body(rooms: Rooms) -> None:
    for _ in rooms:
        raise BodyError


def is_closed(client: Videsk, relay: Relay) -> bool:
    """Tell whether nothing is being fetched any more, and the connection for it is gone."""
    return tasks_of(client) == [] and relay.open == 0


# -- left early -----------------------------------------------------------------------------------


def test_break_stops_fetching(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """The page that was being fetched ahead is given up, with its connection."""
    # Passed on and not kept, as the iterator of a `for` loop is.
    break_off(begun(relayed, sandbox))
    wait_until(lambda: is_closed(relayed, relay))
    assert len(sandbox.requests) == 2


def test_an_exception_in_the_body_stops_fetching(
    sandbox: Sandbox, relayed: Videsk, relay: Relay
) -> None:
    """The exception goes on as it was raised, and its traceback keeps the iterator only so long."""
    with pytest.raises(BodyError) as caught:
        raise_in_the_body(begun(relayed, sandbox))
    assert caught.value.__context__ is None
    del caught
    wait_until(lambda: is_closed(relayed, relay))
    assert len(sandbox.requests) == 2


def test_an_exception_thrown_in_stops_fetching(
    sandbox: Sandbox, relayed: Videsk, relay: Relay
) -> None:
    """What is thrown into the iterator comes out of it."""
    rooms = begun(relayed, sandbox)
    with pytest.raises(BodyError) as caught:
        rooms.throw(BodyError())
    assert next(rooms, None) is None
    wait_until(lambda: is_closed(relayed, relay))
    assert caught.value.__context__ is None  # kept until here, and with it all that it refers to


def test_closing_an_iterator(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """It is closed at once, waits for nothing, and gives no more rooms."""
    rooms = begun(relayed, sandbox)
    rooms.close()
    rooms.close()
    assert next(rooms, None) is None
    wait_until(lambda: is_closed(relayed, relay))


def test_an_iterator_that_was_never_begun(sandbox: Sandbox, client: Videsk) -> None:
    """Nothing is fetched for it, and nothing is left of it."""
    client.rooms.iter().close()
    client.rooms.iter()
    assert client.rooms.list().total == 0
    assert tasks_of(client) == []
    assert len(sandbox.requests) == 1


def test_an_error_under_way_ends_it(sandbox: Sandbox, client: Videsk) -> None:
    """After an error there is nothing more, and nothing to clean up."""
    sandbox.add_rooms(5)
    sandbox.faults.delay(0, on="list")
    sandbox.faults.status(503, on="list")
    rooms = client.rooms.iter(page_size=2)
    assert [next(rooms).id, next(rooms).id] == [room["id"] for room in sandbox.rooms[:2]]
    with pytest.raises(ServerError):
        next(rooms)
    assert next(rooms, None) is None
    assert tasks_of(client) == []


def test_an_iterator_that_outlives_its_client(sandbox: Sandbox) -> None:
    """Closed after the client, there is nothing left to be closed, and nothing is said."""
    client = blocking_client(sandbox)
    rooms = begun(client, sandbox)
    client.close()
    rooms.close()
    assert next(rooms, None) is None


# -- collected as garbage -------------------------------------------------------------------------


async def collect_garbage() -> None:
    gc.collect()


def in_another_thread(_client: Videsk, _other: Videsk) -> None:
    Thread(gc.collect).result()


def in_its_own_loop(client: Videsk, _other: Videsk) -> None:
    # There it cannot wait for what only this thread does.
    inside.run_in_loop(client, collect_garbage)


def in_the_loop_of_another(_client: Videsk, other: Videsk) -> None:
    inside.run_in_loop(other, collect_garbage)


@pytest.mark.parametrize("collect", [in_another_thread, in_its_own_loop, in_the_loop_of_another])
def test_a_forgotten_iterator(
    sandbox: Sandbox,
    relayed: Videsk,
    relay: Relay,
    client: Videsk,
    collect: Callable[[Videsk, Videsk], None],
) -> None:
    """Whichever thread finds it, it is closed."""
    with no_garbage_collection():
        cycle: list[object] = [begun(relayed, sandbox)]
        cycle.append(cycle)
        del cycle
        assert tasks_of(relayed) != []
        collect(relayed, client)
        wait_until(lambda: is_closed(relayed, relay))


# -- several at once ------------------------------------------------------------------------------


def test_two_iterators_in_turns(sandbox: Sandbox, client: Videsk) -> None:
    """Each goes its own way, whatever the other does."""
    ids = list(sandbox.add_rooms(25))
    turns = random.Random(1)
    up, down = client.rooms.iter(page_size=4), client.rooms.iter(sort="-created_at", page_size=3)
    seen: dict[bool, list[str]] = {True: [], False: []}
    for _ in range(60):
        first = turns.random() < 0.5
        room = next(up if first else down, None)
        if room is not None:
            seen[first].append(room.id)
    seen[True] += [room.id for room in up]
    seen[False] += [room.id for room in down]
    assert seen == {True: ids, False: list(reversed(ids))}


def test_an_iterator_within_another(sandbox: Sandbox, client: Videsk) -> None:
    """Calls in the body of a loop are calls like any other."""
    ids = sandbox.add_rooms(5)
    pairs = [
        (outer.id, inner.id)
        for outer in client.rooms.iter(page_size=2)
        for inner in client.rooms.iter(page_size=3)
        if client.rooms.get(outer).id == outer.id
    ]
    assert pairs == [(first, second) for first in ids for second in ids]


def test_iterators_of_many_threads(sandbox: Sandbox, client: Videsk) -> None:
    """Each thread sees all rooms, each once."""
    ids = list(sandbox.add_rooms(60))

    def read(page_size: int) -> list[str]:
        return [room.id for room in client.rooms.iter(page_size=page_size)]

    threads = [Thread(read, page_size) for page_size in range(5, 21)]
    assert [thread.result() for thread in threads] == [ids] * 16


def test_an_iterator_that_changes_threads(sandbox: Sandbox, client: Videsk) -> None:
    """It may be begun in one thread, go on in others, and be closed in yet another."""
    ids = list(sandbox.add_rooms(10))
    rooms = client.rooms.iter(page_size=2)
    seen = [Thread(next, rooms).result().id for _ in range(7)]
    Thread(rooms.close).result()
    assert seen == ids[:7]
    assert next(rooms, None) is None
    wait_until(lambda: tasks_of(client) == [])
