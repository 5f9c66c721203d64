"""The base of Celery's tasks, and errors in Celery's results; workers are in tests/conformance."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery
from celery.exceptions import Retry, SoftTimeLimitExceeded

from tests.test_errors import SAMPLES
from videsk_rooms import ConnectionFailedError, NotFoundError, RateLimitError, VideskError
from videsk_rooms.integrations.celery import VideskTask

if TYPE_CHECKING:
    from collections.abc import Iterator


PATIENCE = 60.0


class Tasks:
    """An app of which each task fails, and how often it was tried."""

    def __init__(self) -> None:
        self.app = Celery("tests", broker="memory://", backend="cache+memory://")
        self.tries = 0

    def failing_with(self, error: Exception, **options: object) -> Any:
        @self.app.task(base=VideskTask, name=f"fails {id(error)}", **options)
        def fails() -> None:
            self.tries += 1
            raise error

        return fails


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    """An app of its own."""
    tasks = Tasks()
    yield tasks
    tasks.app.close()


def test_what_passes_is_tried_five_times_and_fails_as_itself(tasks: Tasks) -> None:
    """The caller is told why, and not that retries were exceeded."""
    result = tasks.failing_with(ConnectionFailedError("refused")).apply()
    assert (tasks.tries, type(result.result)) == (5, ConnectionFailedError)


def test_a_task_says_itself_how_often(tasks: Tasks) -> None:
    """By Celery's own option."""
    tasks.failing_with(ConnectionFailedError("refused"), max_retries=1).apply()
    assert tasks.tries == 2


@pytest.mark.parametrize(
    "error", [NotFoundError("no room"), SoftTimeLimitExceeded(60), ValueError("of its own")]
)
def test_what_does_not_pass_fails_at_once(tasks: Tasks, error: Exception) -> None:
    """An error to be mended, a time limit, and what is no business of this package."""
    result = tasks.failing_with(error).apply()
    assert (tasks.tries, result.result) == (1, error)


def test_a_task_that_is_called_directly_raises(tasks: Tasks) -> None:
    """As in the tests of an application."""
    with pytest.raises(ConnectionFailedError):
        tasks.failing_with(ConnectionFailedError("refused"))()
    assert tasks.tries == 1


@pytest.mark.parametrize(
    "error", [NotFoundError("not there yet"), ConnectionFailedError("refused")], ids=repr
)
def test_a_retry_of_the_tasks_own_may_say_when(tasks: Tasks, error: VideskError) -> None:
    """What is said counts, also of an error that would not be tried again."""
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    for when, seconds in ({"countdown": 3600}, 3600), ({"eta": tomorrow}, 86_400):
        assert put_off(tasks, error, **when) == pytest.approx(seconds, abs=PATIENCE)


@pytest.mark.parametrize("retries", range(4))
def test_pauses_double_with_each_retry(tasks: Tasks, retries: int) -> None:
    """From half of the longest to all of it, which is 15 s after the first failure."""
    longest = 15.0 * 2**retries
    pause = retried(tasks.failing_with(ConnectionFailedError("refused")), retries=retries).when
    assert longest / 2 <= pause <= longest


def test_a_task_comes_again_after_as_long_as_the_api_asks(tasks: Tasks) -> None:
    """And as much later as after a first failure."""
    error = RateLimitError("too many")
    error.retry_after = 600.0
    assert 607.5 <= retried(tasks.failing_with(error)).when <= 615.0


def retried(task: Any, *, retries: int = 0) -> Any:
    """Have a worker's process do a task, and return the retry that it asks for."""
    task.push_request(called_directly=False, retries=retries, id="1", args=(), kwargs={})
    with pytest.raises(Retry) as caught:
        task.run()
    return caught.value


def put_off(tasks: Tasks, error: VideskError, **when: object) -> float:
    """Have a task ask for its own retry, and tell from what is sent in how many seconds that is."""

    @tasks.app.task(base=VideskTask, bind=True, name=f"insists {when} {error}", shared=False)
    def insists(self: Any) -> None:
        raise self.retry(exc=error, **when)

    retried(insists)
    with tasks.app.connection() as broker, closing(broker.SimpleQueue("celery")) as queue:
        headers = queue.get(timeout=PATIENCE).headers
    eta = datetime.fromisoformat(headers["eta"])
    return (eta - datetime.now(timezone.utc)).total_seconds()


def test_what_a_killed_process_did_is_done_again(tasks: Tasks) -> None:
    """Whatever the app says of other tasks."""
    tasks.app.conf.update(task_acks_late=False, task_reject_on_worker_lost=False)
    task = tasks.failing_with(ValueError())
    assert (task.acks_late, task.reject_on_worker_lost) == (True, True)


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_the_class_of_an_error_survives_results_in_json(
    tasks: Tasks, kind: type[VideskError]
) -> None:
    """With its text, and with the status that its class tells."""
    error = SAMPLES[kind]
    stored = json.dumps(tasks.app.backend.prepare_exception(error, "json"))
    found = tasks.app.backend.exception_to_python(json.loads(stored))
    assert (type(found), str(found)) == (kind, str(error))
