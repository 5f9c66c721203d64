"""Workers of task queues, run as people run them, with the examples of `docs/examples`."""

from __future__ import annotations

import importlib
import os
import re
import sys
from abc import ABC, abstractmethod
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pytest
import redis

from tests.blocking.support import Relay
from tests.docs.blocks import EXAMPLES, ROOT
from tests.ratelimit.redis_server import MISSING, PROGRAM, serving
from tests.waiting import wait_until
from videsk_rooms import Videsk
from videsk_rooms.sandbox import Sandbox

from .broker import everything_in
from .program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from videsk_rooms.sandbox import RequestRecord

NO_ROOM = "0" * 24

# A machine with more to do than it can may take long to start workers.
_PATIENCE = 60.0
RATE = 20
_ROUNDS = 5
_OPENINGS = 15  # a look-up and a create each: more than the limit, less than twice as many
_WEB_TOKEN = re.compile(rb"eyJ[\w-]+\.eyJ[\w-]+\.")
# What Python and aiohttp say of what was left open or went wrong, and whatever is of this package.
_COMPLAINT = re.compile(r"Traceback|Unclosed|never awaited|never retrieved|videsk")


@dataclass(frozen=True)
class End:
    """How a worker went.

    Attributes:
        code: Its exit code.
        last_words: What it wrote after it was told to end.
        unclosed: What it wrote of things that were left open, in all its life.
    """

    code: int
    last_words: str
    unclosed: list[str]


class Slot(ABC):
    """Workers of one kind, their broker, the sandbox that they call, and a relay in between.

    Attributes:
        example: The file of `docs/examples` that has the tasks.
        command: What starts a worker, after `python`; `{number}` is its own.
        workers: How many are started.
        calls_of_a_process: How many calls one of their processes makes at once.
        settings: Environment variables that they need besides.
    """

    example: ClassVar[str]
    command: ClassVar[tuple[str, ...]]
    workers: ClassVar[int] = 1
    calls_of_a_process: ClassVar[int]
    settings: ClassVar[dict[str, str]] = {}

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.sandbox = stack.enter_context(Sandbox(rate=RATE, window="sliding"))
        self.relay = stack.enter_context(Relay(self.sandbox.url))
        broker = stack.enter_context(serving())
        self.inside = stack.enter_context(redis.Redis.from_url(broker.url))
        self._environment = {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{EXAMPLES}",
            "REDIS_URL": broker.url,
            "VIDESK_API_TOKEN": self.sandbox.api_token,
            "VIDESK_BASE_URL": self.relay.url,
            **self.settings,
        }
        self._folder = folder
        self._running: list[Program] = []
        stack.callback(self._kill)
        self.tasks = stack.enter_context(imported(self.example, self._environment))
        self._appointments = count(1)

    @abstractmethod
    def _send(self, task: str, *arguments: object) -> Callable[[], Any]: ...

    def send(self, task: str, *arguments: object) -> Callable[[], Any]:
        """Have a task done, and return what waits for its outcome."""
        self.start()
        return self._send(task, *arguments)

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait for what workers do, who may have to be loaded first."""
        wait_until(condition, _PATIENCE)

    def appointment(self) -> int:
        """Name an appointment that has no room yet."""
        return next(self._appointments)

    def room_of(self, appointment: int) -> str:
        """Find the one room of an appointment."""
        (room,) = [
            room
            for room in self.sandbox.rooms
            if room["externalId"] == f"appointment-{appointment}"
        ]
        return str(room["id"])

    def start(self) -> None:
        """Start the workers, unless they are at work."""
        if not self._running:
            self._running = [self._started(number) for number in range(self.workers)]

    def stop(self) -> list[End]:
        """Ask the workers to end, and see how they do."""
        lengths = [len(log.read_bytes()) for log in self._logs]
        for worker in self._running:
            worker.ask_to_end()
        codes = [worker.exit_code() for worker in self._running]
        self._kill()
        return [
            _end(code, log.read_bytes(), length)
            for code, log, length in zip(codes, self._logs, lengths, strict=True)
        ]

    def said(self) -> str:
        """What the workers wrote."""
        return "\n".join(log.read_text() for log in self._logs)

    @property
    def _logs(self) -> list[Path]:
        return [self._folder / f"{self.example}-{number}.txt" for number in range(self.workers)]

    def _started(self, number: int) -> Program:
        return Program(
            # Shown and not raised: the queues have warnings of their own.
            [
                *(sys.executable, "-u", "-W", "default"),
                *(part.format(number=number) for part in self.command),
            ],
            folder=self._folder,
            environment={**os.environ, **self._environment},
            log=self._logs[number],
        )

    def _kill(self) -> None:
        running, self._running = self._running, []
        for worker in running:
            worker.kill()


def _end(code: int, log: bytes, length: int) -> End:
    lines = log.decode().splitlines()
    unclosed = [line for line in lines if "Unclosed" in line]
    return End(code, log[length:].decode(), unclosed)


@contextmanager
def imported(example: str, environment: dict[str, str]) -> Iterator[Any]:
    """Import an example, as whoever sends tasks does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        for name, value in environment.items():
            patch.setenv(name, value)
        module = importlib.import_module(example)
    try:
        yield module
    finally:
        del sys.modules[example]


P = TypeVar("P", bound=Slot)


@contextmanager
def opened(kind: type[P], folder: Path) -> Iterator[P]:
    """Open a place; its workers start with the first task."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with ExitStack() as stack:
        place = kind(stack, folder)
        yield place
        print(place.said())  # pytest shows it where something has failed


# -- what holds everywhere ------------------------------------------------------------------------


def check_calls(place: Slot) -> None:
    """See tasks call, and return what they found."""
    appointment = place.appointment()
    room = place.send("open_room", appointment)()
    assert room == place.room_of(appointment)
    assert place.send("open_room", appointment)() == room
    with Videsk(place.sandbox.api_token, base_url=place.sandbox.url, rate_limit=None) as videsk:
        videsk.rooms.join(room)
    assert place.send("count_guests", room)() == 1


def check_at_once(place: Slot) -> None:
    """See the calls of two tasks under way at the same time: neither has an answer yet."""
    rooms = place.sandbox.add_rooms(2)
    place.sandbox.requests.clear()
    with place.relay.holding_answers():
        waits = [place.send("count_guests", room) for room in rooms]
        wait_until(lambda: {request.path for request in place.sandbox.requests} == _paths(rooms))
    assert [wait() for wait in waits] == [0, 0]


def _paths(rooms: tuple[str, ...]) -> set[str]:
    return {f"/vpaas/rooms/{room}" for room in rooms}


def check_one_rate(place: Slot) -> None:
    """See the API refuse none of the requests that all processes send as fast as they are let.

    A busy machine may keep a request on its way for longer than the pacing allows for, so there
    are several rounds. With a pace for each process, all requests of a round come at once.
    """
    for _ in range(_ROUNDS):
        came = _as_fast_as_they_are_let(place)
        if all(request.status != 429 for request in came):
            return
        assert not _come_too_fast(came)


def _as_fast_as_they_are_let(place: Slot) -> list[RequestRecord]:
    place.sandbox.requests.clear()
    with place.relay.holding_answers():
        waits = [place.send("open_room", place.appointment()) for _ in range(_OPENINGS)]
        # More than one process can have under way at once: all take part.
        place.wait_for(lambda: len(place.sandbox.requests) > place.calls_of_a_process)
    for wait in waits:
        wait()
    assert len(place.sandbox.requests) >= 2 * _OPENINGS
    return list(place.sandbox.requests)


def _come_too_fast(came: list[RequestRecord]) -> bool:
    """Tell whether half a second brings more than the limit allows in a whole one."""
    pairs = zip(came, came[RATE:], strict=False)
    return any(later.monotonic - earlier.monotonic < 0.5 for earlier, later in pairs)


def check_no_token_is_kept(place: Slot, told: str) -> None:
    """See what is told in what the broker keeps, and neither an API token nor one of a room."""
    kept = everything_in(place.inside)
    assert any(told.encode() in text for text in kept)
    assert not [text for text in kept if place.sandbox.api_token.encode() in text]
    assert not [text for text in kept if _WEB_TOKEN.search(text)]


def check_nothing_is_left(place: Slot) -> None:
    """See workers that are told to end do so in time and in silence, and close all connections."""
    place.send("open_room", place.appointment())()
    for end in place.stop():
        assert (end.code, end.unclosed) == (0, [])
        assert not _COMPLAINT.search(end.last_words), end.last_words
    wait_until(lambda: place.relay.open == 0)
