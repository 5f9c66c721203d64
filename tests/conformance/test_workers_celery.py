"""Celery, with a pool of forked processes and with one of threads."""

from __future__ import annotations

import gc
import os
import signal
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from tests.blocking.support import FOREVER, no_garbage_collection
from tests.waiting import PATIENCE, wait_until
from videsk_rooms import NotFoundError, RateLimitError

from .workers import (
    NO_ROOM,
    Slot,
    check_at_once,
    check_calls,
    check_no_token_is_kept,
    check_nothing_is_left,
    check_one_rate,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack
    from pathlib import Path

_WORKER = (
    *("-m", "celery", "--app", "celery_tasks", "worker", "--concurrency", "2"),
    *("--hostname", "{number}@here", "--without-mingle", "--without-gossip"),  # takes a second less
)


class CeleryPlace(Slot):
    example = "celery_tasks"

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        super().__init__(stack, folder)
        app = self.tasks.app
        stack.callback(app.close)
        stack.callback(app.backend.result_consumer.stop)
        # Results unsubscribe when they are collected. Collected amid another subscription, they
        # would wait for ever for the lock that it holds: in redis 6 it is not reentrant.
        stack.enter_context(no_garbage_collection())
        stack.callback(gc.collect)

    def _send(self, task: str, *arguments: object) -> Callable[[], Any]:
        result = self.sent(task, *arguments)

        def outcome() -> Any:
            # Celery's own waiting loses a second now and then, where it waits for many.
            self.wait_for(result.ready)
            return result.get()

        return outcome

    def sent(self, task: str, *arguments: object) -> Any:
        """Have a task done, and return its `AsyncResult`."""
        self.start()
        return getattr(self.tasks, task).delay(*arguments)

    def process_of(self, task: str) -> int:
        """Find the process that does a task."""
        (doing,) = [each for each in self._ask("active") if each["id"] == task]
        return int(doing["worker_pid"])

    def put_off(self, task: str) -> datetime | None:
        """Tell until when a task is put off, if a worker has it and it is."""
        for each in self._ask("scheduled"):
            if each["request"]["id"] == task:
                return datetime.fromisoformat(each["eta"])
        return None

    def _ask(self, what: str) -> list[dict[str, Any]]:
        """Ask the workers what they have at hand."""
        control = self.tasks.app.control.inspect(timeout=PATIENCE, limit=self.workers)
        return [task for tasks in getattr(control, what)().values() for task in tasks]


class Prefork(CeleryPlace):
    command = (*_WORKER, "--pool", "prefork")
    calls_of_a_process = 1


class ThreadBackend(CeleryPlace):
    command = (*_WORKER, "--pool", "threads")
    workers = 2
    calls_of_a_process = 2


_PLACES: dict[str, type[CeleryPlace]] = {"Celery prefork": Prefork, "Celery threads": ThreadBackend}


def shows(what: str, *names: str) -> pytest.MarkDecorator:
    """Have a test show something of some places, or of all."""
    return pytest.mark.parametrize(
        "place",
        [
            pytest.param(name, id=name, marks=pytest.mark.shows(place=name, what=what))
            for name in names or _PLACES
        ],
        indirect=True,
    )


@pytest.fixture(scope="module")
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CeleryPlace]:
    """Workers of one pool, for all tests of it."""
    with opened(_PLACES[request.param], tmp_path_factory.mktemp("celery")) as place:
        yield place


@shows("calls")
def test_a_task_calls_and_returns_what_it_found(place: CeleryPlace) -> None:
    """By the client that its module has made before the fork."""
    check_calls(place)


@shows("at once")
def test_tasks_call_side_by_side(place: CeleryPlace) -> None:
    """In two processes, or in two threads that share a client."""
    check_at_once(place)


@shows("one rate")
def test_all_processes_keep_one_rate(place: CeleryPlace) -> None:
    """The children of one worker, or several workers."""
    check_one_rate(place)


@shows("errors")
def test_an_error_reaches_the_caller_as_its_class_and_text(place: CeleryPlace) -> None:
    """By JSON, and nothing that has to be mended is tried again."""
    result = place.sent("count_guests", NO_ROOM)
    place.wait_for(result.ready)
    with pytest.raises(NotFoundError, match="Check the room id") as caught:
        result.get()
    assert (caught.value.status, caught.value.class_name) == (404, None)
    assert result.retries is None
    check_no_token_is_kept(place, told=str(caught.value))


@shows("errors")
def test_a_task_is_done_again_after_as_long_as_the_api_asks(place: CeleryPlace) -> None:
    """What the client does not wait for itself, the queue does."""
    place.sandbox.faults.status(429, headers={"Retry-After": "600"}, on={"get", "list"})
    before = datetime.now(timezone.utc)
    result = place.sent("open_room", place.appointment())
    place.wait_for(lambda: result.state == "RETRY")
    assert isinstance(result.result, RateLimitError)
    place.wait_for(lambda: place.put_off(result.id))
    until = place.put_off(result.id)
    assert until is not None
    assert before + timedelta(seconds=607.5) <= until
    assert until <= datetime.now(timezone.utc) + timedelta(seconds=615)
    result.revoke()


@shows("errors", "Celery prefork")
def test_a_time_limit_ends_a_call_that_waits(place: CeleryPlace) -> None:
    """At once, by Celery's signal; the request is given up, and the next task's call works."""
    (room,) = place.sandbox.add_rooms(1)
    place.sandbox.requests.clear()
    with place.relay.holding_answers():
        result = place.sent("count_guests", room)
        place.wait_for(lambda: len(place.sandbox.requests) == 1)
        closed = place.relay.closed
        os.kill(place.process_of(result.id), signal.SIGUSR1)
        place.wait_for(result.ready)
        wait_until(lambda: place.relay.closed == closed + 1)
    with pytest.raises(SoftTimeLimitExceeded):
        result.get()
    assert place.send("count_guests", room)() == 0


@shows("errors", "Celery prefork")
def test_a_task_whose_process_is_killed_is_done_again_and_makes_no_second_room(
    place: CeleryPlace,
) -> None:
    """Its room was made, and nobody was told; the appointment is the room's name."""
    before = len(place.sandbox.rooms)
    place.sandbox.faults.delay(FOREVER, on="create")
    appointment = place.appointment()
    result = place.sent("open_room", appointment)
    place.wait_for(lambda: len(place.sandbox.rooms) == before + 1)
    os.kill(place.process_of(result.id), signal.SIGKILL)
    place.wait_for(result.ready)
    assert result.get() == place.room_of(appointment)
    assert len(place.sandbox.rooms) == before + 1


@shows("leaves nothing")
def test_a_worker_that_is_told_to_end_leaves_nothing(place: CeleryPlace) -> None:
    """In time and in silence, with all connections closed."""
    check_nothing_is_left(place)
