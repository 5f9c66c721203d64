"""RQ: a worker that forks a child for each job."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from rq import Queue

from tests.docs.blocks import EXAMPLES

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

    from rq.job import Job
    from rq.results import Result


class RQPlace(Slot):
    example = "rq_jobs"
    command = (str(EXAMPLES / "rq_worker.py"),)
    workers = 2
    calls_of_a_process = 1

    def _send(self, task: str, *arguments: object) -> Callable[[], Any]:
        job = self.queued(task, *arguments)
        return lambda: self.result_of(job).return_value

    def queued(self, task: str, *arguments: object, **options: Any) -> Job:
        """Have a job done, with options of RQ's."""
        self.start()
        queue = Queue(connection=self.inside)
        return queue.enqueue(getattr(self.tasks, task), *arguments, **options)

    def result_of(self, job: Job) -> Result:
        """Wait for what came of a job."""
        self.wait_for(lambda: job.get_status() in {"finished", "failed"})
        result = job.latest_result()
        assert result is not None
        return result


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RQPlace]:
    """Two workers, for all tests."""
    with opened(RQPlace, tmp_path_factory.mktemp("rq")) as place:
        yield place


def shows(what: str) -> pytest.MarkDecorator:
    """Tell what a test shows of RQ."""
    return pytest.mark.shows(place="RQ", what=what)


@shows("calls")
def test_a_job_calls_and_returns_what_it_found(place: RQPlace) -> None:
    """By the client that the worker has made before the fork."""
    check_calls(place)


@shows("at once")
def test_jobs_call_side_by_side(place: RQPlace) -> None:
    """In the children of two workers."""
    check_at_once(place)


@shows("one rate")
def test_all_children_keep_one_rate(place: RQPlace) -> None:
    """Though each lives for one job alone."""
    check_one_rate(place)


@shows("errors")
def test_an_error_is_kept_as_its_text(place: RQPlace) -> None:
    """With its class and its traceback, as RQ keeps every error."""
    result = place.result_of(place.queued("count_guests", NO_ROOM))
    told = f"videsk_rooms.errors.NotFoundError: GET {place.relay.url}/vpaas/rooms/{NO_ROOM}: 404"
    assert told in str(result.exc_string)
    check_no_token_is_kept(place, told)


@shows("errors")
def test_a_job_is_done_again_after_as_long_as_the_api_asks(place: RQPlace) -> None:
    """What the client does not wait for itself, the queue does."""
    place.sandbox.faults.status(429, headers={"Retry-After": "600"}, on={"get", "list"})
    place.start()
    before = datetime.now(timezone.utc)
    job = place.tasks.open_soon(place.appointment())
    scheduled = Queue(connection=place.inside).scheduled_job_registry
    place.wait_for(lambda: job.id in scheduled)
    until = scheduled.get_scheduled_time(job)
    # From 607.5 s to 615 s, and RQ counts whole seconds.
    assert before + timedelta(seconds=607) <= until
    assert until <= datetime.now(timezone.utc) + timedelta(seconds=615)
    job.delete()


@shows("errors")
def test_a_job_with_something_to_be_mended_is_not_done_again(place: RQPlace) -> None:
    """It fails at once, and whoever asks is told."""
    place.sandbox.faults.status(403, on="list")
    place.start()
    job = place.tasks.open_soon(place.appointment())
    assert "PermissionDeniedError" in str(place.result_of(job).exc_string)
    assert job not in Queue(connection=place.inside).scheduled_job_registry


@shows("errors")
def test_a_time_limit_ends_a_call_that_waits(place: RQPlace) -> None:
    """At once, by a signal, and the next job's call works."""
    (room,) = place.sandbox.add_rooms(1)
    with place.relay.holding_answers():
        result = place.result_of(place.queued("count_guests", room, job_timeout=1))
    assert "rq.timeouts.JobTimeoutException" in str(result.exc_string)
    assert place.send("count_guests", room)() == 0


@shows("leaves nothing")
def test_a_worker_that_is_told_to_end_leaves_nothing(place: RQPlace) -> None:
    """In time and in silence, with all connections closed."""
    check_nothing_is_left(place)
