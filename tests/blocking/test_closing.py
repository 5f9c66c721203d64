"""Closing: what is under way ends, what comes later is refused, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

from tests import inside
from tests.blocking.support import (
    FOREVER,
    Thread,
    blocking_client,
    loop_threads,
    no_garbage_collection,
    under_way,
)
from tests.waiting import wait_until
from videsk_rooms import ClosedError, Hooks, RoomPage, Videsk
from videsk_rooms._blocking.loop_thread import Call

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from tests.blocking.support import Relay
    from videsk_rooms._blocking.loop_thread import LoopThread
    from videsk_rooms.sandbox import Sandbox


def outcome(call: Callable[[], object]) -> object:
    """Return what a call returns, or that the client was closed."""
    try:
        return call()
    except ClosedError:
        return ClosedError


# -- calls under way, and calls after -------------------------------------------------------------


def test_calls_under_way_are_refused(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """Whoever waits is told, and the requests end with their connections."""
    sandbox.faults.delay(FOREVER, times=None)
    waiting = [Thread(outcome, relayed.rooms.list) for _ in range(8)]
    under_way(sandbox, 8)
    relayed.close()
    assert [thread.result() for thread in waiting] == [ClosedError] * 8
    assert loop_threads() == []
    wait_until(lambda: relay.open == 0)


def test_an_iteration_under_way_is_refused(sandbox: Sandbox, client: Videsk) -> None:
    """The rooms at hand are given; the next page is not there any more."""
    sandbox.add_rooms(5)
    rooms = client.rooms.iter(page_size=2)
    seen = [next(rooms)]
    client.close()
    seen.append(next(rooms))
    with pytest.raises(ClosedError):
        next(rooms)
    assert [room.id for room in seen] == [room["id"] for room in sandbox.rooms[:2]]


@pytest.mark.parametrize("used", [True, False], ids=["used", "never used"])
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.rooms.list(),
        lambda client: client.request("GET", "/vpaas/rooms"),
        lambda client: client.with_options(timeout=1.0).rooms.list(),
        lambda client: next(client.rooms.iter()),
    ],
    ids=["resource", "request", "view", "iteration"],
)
def test_calls_after_closing_are_refused(
    sandbox: Sandbox, used: bool, call: Callable[[Videsk], object]
) -> None:
    """The error says what to do, and no thread is started for it."""
    client = blocking_client(sandbox)
    if used:
        client.rooms.list()
    client.close()
    with pytest.raises(ClosedError, match="make a new one"):
        call(client)
    assert loop_threads() == []


# -- from anywhere --------------------------------------------------------------------------------


def test_closing_twice(client: Videsk) -> None:
    """The second time there is nothing to do."""
    client.rooms.list()
    client.close()
    client.close()
    assert loop_threads() == []


def test_closing_from_many_threads(sandbox: Sandbox, client: Videsk) -> None:
    """Each of them returns when the client is closed."""
    client.rooms.list()

    def close() -> list[threading.Thread]:
        client.close()
        return loop_threads()

    assert [thread.result() for thread in [Thread(close) for _ in range(8)]] == [[]] * 8


def test_closing_by_with(sandbox: Sandbox) -> None:
    """The end of the block closes, also when an exception ends it."""
    client = blocking_client(sandbox)
    with contextlib.suppress(LookupError), client as entered:
        assert entered is client
        client.rooms.list()
        raise LookupError
    assert loop_threads() == []
    with pytest.raises(ClosedError):
        client.rooms.list()


def test_closing_what_was_never_used(sandbox: Sandbox) -> None:
    """There is no thread before the first call, and none is started to be ended."""
    with blocking_client(sandbox):
        assert loop_threads() == []
    assert loop_threads() == []


def test_closing_in_the_own_loop(sandbox: Sandbox) -> None:
    """An awaitable callable runs in the loop that it closes: it cannot wait for the end."""

    async def ask() -> str:
        client.close()
        return sandbox.api_token

    client = blocking_client(sandbox, api_token=ask)
    assert outcome(client.rooms.list) is ClosedError
    wait_until(lambda: loop_threads() == [])
    assert len(sandbox.requests) == 0


def test_closing_in_a_thread_of_the_own_loop(sandbox: Sandbox) -> None:
    """A plain callable runs in a thread that the loop has, and may close it."""

    def ask() -> str:
        client.close()
        return sandbox.api_token

    client = blocking_client(sandbox, api_token=ask)
    assert outcome(client.rooms.list) is ClosedError
    wait_until(lambda: loop_threads() == [])
    assert len(sandbox.requests) == 0


# -- what does not let itself be cancelled --------------------------------------------------------


@contextlib.contextmanager
def held_at_its_end(sandbox: Sandbox) -> Iterator[LoopThread]:
    """Close a client while a task of its loop goes on all the same, until the block is left."""
    asked, enough = threading.Event(), threading.Event()

    async def ask() -> str:
        asked.set()
        while not enough.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
        return sandbox.api_token

    client = blocking_client(sandbox, api_token=ask)
    waiting = Thread(outcome, client.rooms.list)
    asked.wait()
    closing = Thread(client.close)
    assert waiting.result() is ClosedError
    yield inside.loop_thread(client)
    enough.set()
    closing.result()
    wait_until(lambda: loop_threads() == [])


def test_a_task_that_goes_on_keeps_nobody_waiting(sandbox: Sandbox) -> None:
    """It keeps the thread for as long as it takes, but not the caller."""
    with held_at_its_end(sandbox):
        assert len(loop_threads()) == 1


def test_nothing_begins_while_the_loop_ends(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A call that comes through at the last moment is refused, and nothing is begun for it."""
    begun = []

    async def begin() -> None:
        begun.append(True)
        await asyncio.sleep(FOREVER)

    with held_at_its_end(sandbox) as inner:
        call = Call(inner, begin, (), {})
        inner.calls.add(call)
        assert inner.call_soon(call.start)
        assert inner.call_soon(inner.background, begin)
        Thread(call.wait).result()
        with pytest.raises(ClosedError):
            call.outcome()
    gc.collect()
    assert begun == []
    assert caplog.records == []


def test_a_call_handed_over_to_a_loop_that_runs_no_more(sandbox: Sandbox) -> None:
    """A call that the loop never comes to is refused when it ends."""
    with held_at_its_end(sandbox) as inner:
        call = Call(inner, asyncio.sleep, (FOREVER,), {})
        inner.calls.add(call)
    Thread(call.wait).result()
    with pytest.raises(ClosedError):
        call.outcome()


def test_generators_are_closed_with_the_loop(client: Videsk) -> None:
    """What was begun in the loop and is still referred to is cleaned up in the loop."""
    cleaned = []

    async def generate() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            cleaned.append(True)

    generator = generate()
    assert inside.run_in_loop(client, anext, generator) == 1
    client.close()
    assert cleaned == [True]


# -- races ----------------------------------------------------------------------------------------


def test_closing_while_the_thread_starts(sandbox: Sandbox) -> None:
    """A first call and the end at once: an answer or a refusal, and no thread left."""
    for _ in range(100):
        client = blocking_client(sandbox)
        both = threading.Barrier(2)

        def call(client: Videsk = client, both: threading.Barrier = both) -> object:
            both.wait()
            return outcome(client.rooms.list)

        calling = Thread(call)
        both.wait()
        client.close()
        result = calling.result()
        assert result is ClosedError or isinstance(result, RoomPage)
        assert inside.loop_thread(client).calls == set()
    wait_until(lambda: loop_threads() == [])


def test_calls_while_closing(sandbox: Sandbox) -> None:
    """A call at whichever moment of the end is answered or refused; none waits for ever."""

    def call_on(client: Videsk) -> int:
        count = 0
        while isinstance(outcome(client.rooms.list), RoomPage):
            count += 1
        return count

    answered = 0
    for _ in range(20):
        client = blocking_client(sandbox)
        threads = [Thread(call_on, client) for _ in range(6)]
        under_way(sandbox, answered + 6)
        client.close()
        answered += sum(thread.result() for thread in threads)
        assert inside.loop_thread(client).calls == set()
        assert loop_threads() == []
    assert answered > 0


# -- a thread that cannot be had ------------------------------------------------------------------


def test_a_thread_that_cannot_be_started(client: Videsk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own words reach the caller, and the next call tries again."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            client.rooms.list()
    gc.collect()  # a loop left open would be told of
    assert client.rooms.list().total == 0


@pytest.mark.parametrize("left", range(4))  # a loop takes four
def test_a_loop_that_cannot_be_made(client: Videsk, left: int) -> None:
    """Short of file descriptors, the call says so and keeps none; the next works with some."""
    resource = pytest.importorskip("resource", reason="this system does not limit descriptors")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    numbers = [os.dup(0) for _ in range(left + 1)]
    for number in numbers:
        os.close(number)
    resource.setrlimit(resource.RLIMIT_NOFILE, (numbers[-1], hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            client.rooms.list()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    gc.collect()  # a loop left open would be told of
    next_free = os.dup(0)
    os.close(next_free)
    assert next_free == numbers[0]
    assert client.rooms.list().total == 0


# -- nobody closed it -----------------------------------------------------------------------------


def test_a_forgotten_client_ends_its_thread(
    sandbox: Sandbox, relay: Relay, recwarn: pytest.WarningsRecorder
) -> None:
    """As soon as nothing refers to it, the thread ends and the connection is closed."""
    client = blocking_client(sandbox, base_url=relay.url)
    client.rooms.list()
    (thread,) = loop_threads()
    del client
    wait_until(lambda: not thread.is_alive())
    wait_until(lambda: relay.open == 0)
    gc.collect()
    assert len(recwarn) == 0


@pytest.mark.parametrize("used", [True, False], ids=["used", "never used"])
def test_a_closed_client_whose_hook_refers_to_it_is_collected(sandbox: Sandbox, used: bool) -> None:
    """What ends clients at exit keeps none that has ended."""

    def make() -> weakref.ref[Videsk]:
        clients: list[Videsk] = []
        asked: list[int] = []
        hooks = Hooks(on_attempt=lambda _: asked.append(len(clients)))
        with blocking_client(sandbox, hooks=hooks) as client:
            clients.append(client)
            if used:
                client.rooms.list()
        return weakref.ref(client)

    gone = make()

    def is_collected() -> bool:
        gc.collect()
        return gone() is None

    wait_until(is_collected)


def test_a_client_forgotten_in_its_own_loop(sandbox: Sandbox) -> None:
    """Collected as garbage in the very thread that it ends."""
    client = blocking_client(sandbox)
    client.rooms.list()
    (thread,) = loop_threads()
    inner = inside.loop_thread(client)
    cycle: list[object] = [client]
    cycle.append(cycle)
    with no_garbage_collection():
        del client, cycle
        assert inner.call_soon(gc.collect)
        wait_until(lambda: not thread.is_alive())


@pytest.mark.parametrize("keep", ["view", "rooms", "iterator"])
def test_what_belongs_to_a_client_keeps_it(sandbox: Sandbox, keep: str) -> None:
    """A view, a resource or an iterator in use is as good as the client itself."""
    sandbox.add_rooms(5)
    client = blocking_client(sandbox)
    parts: dict[str, Callable[[], object]] = {
        "view": client.with_options(timeout=None).rooms.list,
        "rooms": client.rooms.list,
        "iterator": client.rooms.iter(page_size=2).__next__,
    }
    part = parts[keep]
    part()
    (thread,) = loop_threads()
    del client, parts
    gc.collect()
    for _ in range(4):
        part()
    assert thread.is_alive()
    del part
    wait_until(lambda: not thread.is_alive())
