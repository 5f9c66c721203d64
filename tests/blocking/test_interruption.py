"""Ctrl-C and other signals: the wait ends at once, the request with it, and the client goes on."""

from __future__ import annotations

import ctypes
import gc
import inspect
import os
import random
import selectors
import signal
import sys
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests import inside
from tests.blocking.support import (
    FOREVER,
    Script,
    Thread,
    blocking_client,
    calls_alive,
    loop_threads,
    no_garbage_collection,
    tasks_of,
    under_way,
)
from tests.waiting import PATIENCE, wait_until
from videsk_rooms import AccessStock, ClosedError
from videsk_rooms._blocking import loop_thread, portal
from videsk_rooms._blocking.portal import Portal
from videsk_rooms._operations import bulk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import CodeType, FrameType

    from _typeshed import TraceFunction

    from tests.blocking.support import Relay
    from videsk_rooms import Rooms, Videsk
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGALRM"), reason="this system sends no signals to one process"
)


# What a caller's thread runs to hand calls over to the loop's.
_HAND_OVER = {bulk.__file__, loop_thread.__file__, portal.__file__}


class AlarmError(RuntimeError):
    """What the handler of a signal raises; of a kind that asyncio raises too."""


@contextmanager
def on_alarm(handler: Callable[[], None]) -> Iterator[None]:
    """Have the main thread do something at each SIGALRM."""
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: handler())
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def raise_alarm() -> None:
    raise AlarmError


def alarm_once(condition: Callable[[], object]) -> Thread:
    """Send the signal when something has come about."""

    def send() -> None:
        wait_until(condition)
        os.kill(os.getpid(), signal.SIGALRM)

    return Thread(send)


def alarm_once_under_way(sandbox: Sandbox, count: int = 1) -> Thread:
    """Send the signal when so many requests have reached the sandbox."""
    return alarm_once(lambda: len(sandbox.requests) >= count)


# -- Ctrl-C in a program of its own ---------------------------------------------------------------


@pytest.mark.parametrize(("what", "requests"), [("calling", 1), ("iterating", 2), ("joining", 2)])
def test_ctrl_c(sandbox: Sandbox, relay: Relay, what: str, requests: int) -> None:
    """The request is given up with its connection, and the client is usable after it."""
    sandbox.add_rooms(5)
    for _ in range(requests - 1):
        sandbox.faults.delay(0)
    sandbox.faults.delay(FOREVER)
    script = Script("interrupted", what, url=relay.url, token=sandbox.api_token)
    under_way(sandbox, requests)
    began = time.monotonic()
    script.send_signal(signal.SIGINT)
    assert script.says() == "interrupted"
    assert time.monotonic() - began < PATIENCE
    wait_until(lambda: relay.closed == 1)
    script.go_on()
    assert script.finish() == (0, "5\n", "")


# -- what strikes another thread ------------------------------------------------------------------


def test_an_exception_from_another_thread(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """As time limits of workers come, Dramatiq's for one: it ends the wait, and the request."""
    sandbox.faults.delay(FOREVER)
    waiting = Thread(relayed.rooms.list)
    under_way(sandbox)
    assert waiting.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(waiting.ident), ctypes.py_object(AlarmError)
    )
    with pytest.raises(AlarmError):
        waiting.result()
    wait_until(lambda: relay.open == 0)
    assert relayed.rooms.list().total == 0


# -- other signals, in this one -------------------------------------------------------------------


def test_what_a_handler_raises_reaches_the_caller(
    sandbox: Sandbox, relayed: Videsk, relay: Relay
) -> None:
    """Any exception ends the wait, cancels the request and leaves nothing behind."""
    sandbox.faults.delay(FOREVER)
    with on_alarm(raise_alarm):
        sender = alarm_once_under_way(sandbox)
        with pytest.raises(AlarmError):
            relayed.rooms.list()
        sender.result()
    wait_until(lambda: relay.open == 0)
    assert relayed.rooms.list().total == 0
    assert tasks_of(relayed) == []


def test_a_handler_that_returns_interrupts_nothing(sandbox: Sandbox, client: Videsk) -> None:
    """The wait goes on, and the result comes."""
    sandbox.faults.delay(1.0)
    handled: list[bool] = []
    with on_alarm(lambda: handled.append(True)):
        sender = alarm_once_under_way(sandbox)
        assert client.rooms.list().total == 0
        sender.result()
    assert handled == [True]


def test_a_handler_may_call_the_client(sandbox: Sandbox, client: Videsk) -> None:
    """A call within a waiting call is a call like any other."""
    sandbox.faults.delay(1.0, on="list")
    created: list[str] = []
    with on_alarm(lambda: created.append(client.rooms.create().id)):
        sender = alarm_once_under_way(sandbox)
        page = client.rooms.list(limit=1)
        sender.result()
    assert page.total == 0  # it was processed before the room was created
    assert created == [sandbox.rooms[0]["id"]]


def test_a_handler_may_close_the_client(sandbox: Sandbox, client: Videsk) -> None:
    """The call that it interrupts is refused as any other call under way."""
    sandbox.faults.delay(FOREVER)
    with on_alarm(client.close):
        sender = alarm_once_under_way(sandbox)
        with pytest.raises(ClosedError):
            client.rooms.list()
        sender.result()
    wait_until(lambda: loop_threads() == [])


def test_a_handler_may_close_while_the_thread_starts(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call that starts the thread is refused, and the thread ends."""
    start = threading.Thread.start

    def start_and_be_struck(thread: threading.Thread) -> None:
        start(thread)
        signal.raise_signal(signal.SIGALRM)

    client = blocking_client(sandbox)
    with on_alarm(client.close), monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start_and_be_struck)
        with pytest.raises(ClosedError):
            client.rooms.list()
    wait_until(lambda: loop_threads() == [])
    assert len(sandbox.requests) == 0


@pytest.mark.parametrize("runs", [False, True], ids=["before it runs", "once it runs"])
def test_a_handler_may_call_while_the_thread_starts(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *, runs: bool
) -> None:
    """Both calls are answered, by one thread, and it goes on."""
    start, in_the_handler = threading.Thread.start, []

    def be_struck_once(thread: threading.Thread) -> None:
        patch.undo()
        if runs:
            start(thread)
        signal.raise_signal(signal.SIGALRM)
        if not runs:
            start(thread)

    client = blocking_client(sandbox)
    with (
        on_alarm(lambda: in_the_handler.append(client.rooms.list().total)),
        monkeypatch.context() as patch,
    ):
        patch.setattr(threading.Thread, "start", be_struck_once)
        assert client.rooms.list().total == 0
    assert in_the_handler == [0]
    wait_until(lambda: len(loop_threads()) == 1)
    assert client.rooms.list().total == 0
    client.close()
    assert loop_threads() == []


@pytest.mark.parametrize("raises", [False, True], ids=["calls", "raises"])
def test_a_handler_may_strike_while_the_loop_is_made(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *, raises: bool
) -> None:
    """Calls are answered by one thread, and no loop is left open."""
    selector, handled = selectors.DefaultSelector, []

    def be_struck_once() -> selectors.BaseSelector:
        patch.undo()
        signal.raise_signal(signal.SIGALRM)
        return selector()

    def handle() -> None:
        handled.append(True)
        if raises:
            raise_alarm()
        assert client.rooms.list().total == 0

    client = blocking_client(sandbox)
    with on_alarm(handle), monkeypatch.context() as patch:
        patch.setattr(selectors, "DefaultSelector", be_struck_once)
        with pytest.raises(AlarmError) if raises else nullcontext():
            client.rooms.list()
    assert handled == [True]
    assert client.rooms.list().total == 0
    wait_until(lambda: len(loop_threads()) == 1)
    client.close()
    assert loop_threads() == []
    gc.collect()  # a loop left open would be told of


def test_an_interrupted_iteration(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """The exception stays what it was, although the next page was being fetched."""
    sandbox.add_rooms(5)
    sandbox.faults.delay(0)
    sandbox.faults.delay(FOREVER)
    rooms = relayed.rooms.iter(page_size=2)
    seen = [next(rooms), next(rooms)]
    with on_alarm(raise_alarm):
        # The second request is no sign of it: the next page is fetched ahead.
        sender = alarm_once(lambda: inside.loop_thread(relayed).calls)
        with pytest.raises(AlarmError) as caught:
            next(rooms)
        sender.result()
    assert next(rooms, None) is None
    assert [room.id for room in seen] == [room["id"] for room in sandbox.rooms[:2]]
    wait_until(lambda: relay.open == 0)
    wait_until(lambda: tasks_of(relayed) == [])
    assert caught.value.__context__ is None  # kept until here, and with it all that it refers to


def test_an_interrupted_call_leaves_no_cycle(sandbox: Sandbox, client: Videsk) -> None:
    """Once the exception is gone, so is the call."""
    sandbox.faults.delay(FOREVER)
    with no_garbage_collection(), on_alarm(raise_alarm):
        sender = alarm_once_under_way(sandbox)
        with pytest.raises(AlarmError):
            client.rooms.list()
        sender.result()
        wait_until(lambda: calls_alive() == 0)


class RandomAlarm:
    """Raises once at some moment within the next milliseconds, unless it is stilled before."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._set = False

    def set(self, longest: float) -> None:
        self._set = True
        signal.setitimer(signal.ITIMER_REAL, self._random.uniform(1e-6, longest))

    def still(self) -> None:
        self._set = False

    def ring(self) -> None:
        if self._set:
            self._set = False
            raise AlarmError


def interrupted_at_random(
    alarm: RandomAlarm, function: Callable[[], object], longest: float
) -> int:
    """Call a function and interrupt it at some moment; return 1 if that came in time."""
    try:
        alarm.set(longest)
        function()
        alarm.still()
    except AlarmError:
        return 1
    except RuntimeError as error:
        # Python's own way of starting a thread, struck between a lock and its `with`.
        assert str(error) == "release unlocked lock"  # noqa: PT017 - raised or not, both are right
        return 1
    except KeyError as error:
        # Likewise, struck after the thread has started: it has left the list of starting threads.
        struck = isinstance(error.__context__, AlarmError)
        assert struck
        return 1
    return 0


@pytest.mark.usefixtures("finalizers_may_fail")
def test_interruptions_at_any_moment(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """Wherever the exception strikes, no task is left and the next call is answered."""
    room_ids = sandbox.add_rooms(3)
    relayed.rooms.list()
    alarm, came = RandomAlarm(seed=1), 0
    with on_alarm(alarm.ring):
        for turn in range(300):
            came += interrupted_at_random(
                alarm, lambda: list(relayed.rooms.iter(page_size=2)), longest=0.006
            )
            assert relayed.rooms.get(room_ids[turn % 3]).id == room_ids[turn % 3]
    assert came > 0
    wait_until(lambda: tasks_of(relayed) == [])
    assert inside.loop_thread(relayed).calls == set()
    relayed.close()
    wait_until(lambda: relay.open == 0)


@pytest.mark.usefixtures("finalizers_may_fail")
def test_interruptions_of_many_calls(sandbox: Sandbox, relayed: Videsk, relay: Relay) -> None:
    """Wherever the exception strikes, nothing of them goes on, and the next call is answered."""
    room_ids = sandbox.add_rooms(8)
    relayed.rooms.list()
    alarm, came = RandomAlarm(seed=3), 0
    with on_alarm(alarm.ring):
        for turn in range(150):
            came += interrupted_at_random(
                alarm, lambda: list(relayed.rooms.join_many(room_ids, concurrency=3)), longest=0.01
            )
            assert relayed.rooms.get(room_ids[turn % 8]).id == room_ids[turn % 8]
    assert came > 0
    wait_until(lambda: tasks_of(relayed) == [])
    assert inside.loop_thread(relayed).calls == set()
    relayed.close()
    wait_until(lambda: relay.open == 0)


@pytest.mark.usefixtures("finalizers_may_fail")
def test_interruptions_of_first_calls(sandbox: Sandbox) -> None:
    """Wherever the start of the thread is struck, the client works, and its thread ends with it."""
    alarm, came = RandomAlarm(seed=2), 0
    with on_alarm(alarm.ring):
        for _ in range(150):
            with blocking_client(sandbox) as client:
                came += interrupted_at_random(alarm, client.rooms.list, longest=0.003)
                # A start that was struck is repeated; of two threads one finds the loop taken.
                wait_until(lambda: len(loop_threads()) <= 1)
                assert client.rooms.list().total == 0
            assert not inside.loop_thread(client).calls
    assert came > 0
    wait_until(lambda: loop_threads() == [])


@contextmanager
def struck_in(*functions: CodeType) -> Iterator[list[bool]]:
    """Raise an error once, from the handler of a signal, where all these functions run."""
    struck: list[bool] = []

    def strike() -> None:
        frame = inspect.currentframe()
        running: set[CodeType] = set()
        while frame is not None:
            running.add(frame.f_code)
            frame = frame.f_back
        if running.issuperset(functions):
            struck.append(True)
            raise AlarmError
        signal.setitimer(signal.ITIMER_REAL, 50e-6)

    with on_alarm(strike):
        signal.setitimer(signal.ITIMER_REAL, 50e-6)
        yield struck


@pytest.mark.usefixtures("finalizers_may_fail")
@pytest.mark.parametrize(
    "method", [AccessStock.__enter__.__code__, AccessStock.__exit__.__code__], ids=["start", "end"]
)
def test_interruptions_of_a_stock(sandbox: Sandbox, client: Videsk, method: CodeType) -> None:
    """Wherever its start or its end is struck, nothing fills it any more."""
    (room_id,) = sandbox.add_rooms(1)
    client.rooms.list()  # starts the thread
    came = 0
    for _ in range(100):
        stock = client.rooms.access_stock(room_id, size=1)
        with struck_in(method, Portal.call.__code__) as struck, suppress(AlarmError):
            stock.__enter__()
            stock.__exit__(None, None, None)
        came += len(struck)
    assert came > 0
    wait_until(lambda: tasks_of(client) == [])


def strike_at(number: int, function: Callable[[], object]) -> bool:
    """Raise an error at one of the lines that hand calls over; return whether it came to that."""
    ahead = number

    def trace(frame: FrameType, event: str, _: object) -> TraceFunction | None:
        nonlocal ahead
        if frame.f_code.co_filename not in _HAND_OVER:
            return None
        if event in {"line", "return"}:
            ahead -= 1
            if ahead == 0:
                raise AlarmError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except AlarmError:
        assert ahead <= 0
    finally:
        sys.settrace(before)
    return ahead <= 0


@pytest.mark.usefixtures("finalizers_may_fail")
@pytest.mark.parametrize(
    "use",
    [
        lambda rooms, ids: rooms.get(ids[0]),
        lambda rooms, ids: list(rooms.iter(page_size=1)),
        lambda rooms, ids: list(rooms.join_many(ids, concurrency=1)),
        lambda rooms, ids: list(rooms.join_many(ids)),
    ],
    ids=["get", "iter", "join_many one by one", "join_many"],
)
def test_an_interruption_at_any_line(
    sandbox: Sandbox, client: Videsk, use: Callable[[Rooms, Sequence[str]], object]
) -> None:
    """It ends the call, the next one is answered, and nothing of either is left."""
    room_ids = sandbox.add_rooms(2)
    client.rooms.list()  # starts the thread
    number, struck = 0, True
    while struck:
        number += 1
        struck = Thread(strike_at, number, partial(use, client.rooms, room_ids)).result()
        assert Thread(client.rooms.list).result().total == 2
    assert number > 20
    wait_until(lambda: tasks_of(client) == [])
    assert inside.loop_thread(client).calls == set()


def test_only_the_main_thread_is_interrupted(sandbox: Sandbox, client: Videsk) -> None:
    """A call of another thread goes on: Python runs handlers in the main thread alone."""
    sandbox.faults.delay(FOREVER, on="get")
    (room_id,) = sandbox.add_rooms(1)
    other = Thread(client.rooms.get, room_id)
    under_way(sandbox)
    sandbox.faults.delay(FOREVER, on="list")
    with on_alarm(raise_alarm):
        sender = alarm_once_under_way(sandbox, 2)
        with pytest.raises(AlarmError):
            client.rooms.list()
        sender.result()
    wait_until(lambda: len(tasks_of(client)) == 2)  # the other's call and its attempt
    assert other.is_alive()
    client.close()
    with pytest.raises(ClosedError):
        other.result()
