"""arq: jobs that are coroutines, with an awaited client for each worker."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest
from arq import create_pool
from arq.constants import default_queue_name
from arq.jobs import Job, JobStatus

from videsk_rooms import NotFoundError

from .workers import (
    NO_ROOM,
    End,
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

# The latest arq that takes redis 6 asks for the current event loop where none runs.
pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="there is no arq for Python 3.14 and redis 6"
)


class ArqPlace(Slot):
    example = "arq_worker"
    command = ("-m", "arq", "arq_worker.WorkerSettings")
    workers = 2
    calls_of_a_process = 10

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        super().__init__(stack, folder)
        self._loop = asyncio.new_event_loop()
        stack.callback(self._loop.close)
        self._arq = self._run(create_pool(self.tasks.WorkerSettings.redis_settings))
        stack.callback(lambda: self._run(self._arq.aclose(close_connection_pool=True)))

    def stop(self) -> list[End]:
        """Ask the workers to end, once they rest: arq breaks off badly what it just finishes."""
        asked = self._times_asked_for_work()
        self.wait_for(lambda: self._times_asked_for_work() >= asked + 2 * self.workers)
        return super().stop()

    def _times_asked_for_work(self) -> int:
        return int(self.inside.info("commandstats")["cmdstat_zrangebyscore"]["calls"])

    def _run(self, coroutine: Any) -> Any:
        return self._loop.run_until_complete(coroutine)

    def _send(self, task: str, *arguments: object) -> Callable[[], Any]:
        job = self.queued(task, *arguments)

        def outcome() -> Any:
            self.wait_for(lambda: self.status_of(job) is JobStatus.complete)
            return self._run(job.result())

        return outcome

    def queued(self, task: str, *arguments: object) -> Job:
        """Have a job done."""
        self.start()
        job = self._run(self._arq.enqueue_job(task, *arguments))
        assert isinstance(job, Job)
        return job

    def status_of(self, job: Job) -> JobStatus:
        """Tell how far a job is."""
        status = self._run(job.status())
        assert isinstance(status, JobStatus)
        return status


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArqPlace]:
    """Two workers, for all tests."""
    with opened(ArqPlace, tmp_path_factory.mktemp("arq")) as place:
        yield place


def shows(what: str) -> pytest.MarkDecorator:
    """Tell what a test shows of arq."""
    return pytest.mark.shows(place="arq", what=what)


@shows("calls")
def test_a_job_calls_and_returns_what_it_found(place: ArqPlace) -> None:
    """By the client that the worker has made when it started."""
    check_calls(place)


@shows("at once")
def test_jobs_call_side_by_side(place: ArqPlace) -> None:
    """In one loop or in two."""
    check_at_once(place)


@shows("one rate")
def test_all_workers_keep_one_rate(place: ArqPlace) -> None:
    """As many jobs at once as two workers take."""
    check_one_rate(place)


@shows("errors")
def test_an_error_reaches_the_caller_whole(place: ArqPlace) -> None:
    """By pickle: with its class and all that it carries."""
    with pytest.raises(NotFoundError, match="Check the room id") as caught:
        place.send("count_guests", NO_ROOM)()
    assert (caught.value.status, caught.value.class_name) == (404, "not-found")
    check_no_token_is_kept(place, told=caught.value.args[0])


@shows("errors")
def test_a_job_is_done_again_after_as_long_as_the_api_asks(place: ArqPlace) -> None:
    """What the client does not wait for itself, the queue does."""
    place.sandbox.faults.status(429, headers={"Retry-After": "600"}, on={"get", "list"})
    job = place.queued("open_room", place.appointment())
    place.wait_for(lambda: place.status_of(job) is JobStatus.deferred)
    due = place.inside.zscore(default_queue_name, job.job_id)
    (seconds, _) = place.inside.time()
    assert due is not None
    assert 300 < due / 1000 - seconds <= 616


@shows("leaves nothing")
def test_a_worker_that_is_told_to_end_leaves_nothing(place: ArqPlace) -> None:
    """In time and in silence, with all connections closed."""
    check_nothing_is_left(place)
