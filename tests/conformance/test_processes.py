"""A client in processes that Python starts: each way is run once, and then looked at."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.blocking.support import Relay
from tests.waiting import wait_until
from videsk_rooms import (
    AttemptEvent,
    ConfigurationError,
    ConflictError,
    DeadlineExceededError,
    Room,
    RoomPage,
)
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from videsk_rooms.sandbox import RequestRecord

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has one way only, spawn")

PATIENCE = 120.0
PROCESSES, THREADS = 2, 4
AT_ONCE = PROCESSES * THREADS
PLACES = {
    "fork": "multiprocessing fork",
    "forkserver": "multiprocessing forkserver",
    "spawn": "multiprocessing spawn",
    "executor": "ProcessPoolExecutor",
}
# Python 3.12 and later warn of every fork of a process with threads; whether this one is safe is
# what is tested.
_WARNINGS = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")


class Run:
    """The program, run in one way to its end."""

    def __init__(self, way: str, sandbox: Sandbox, folder: Path) -> None:
        environment = {"VIDESK_BASE_URL": sandbox.url, "VIDESK_API_TOKEN": sandbox.api_token}
        with Relay(sandbox.url) as relay, ThreadPoolExecutor(1) as executor:
            arguments = (way, relay.url, str(THREADS), str(folder / "pacing"))
            program = executor.submit(_run, arguments, environment)
            with relay.holding_answers():
                wait_until(lambda: len(_lists(sandbox)) == AT_ONCE or program.done(), PATIENCE)
                self.under_way = len(_lists(sandbox))
            self.exit_code, self.pickled, self.said = program.result()
        assert self.pickled, self.said
        self.saw: dict[str, Any] = pickle.loads(self.pickled)
        self.token = sandbox.api_token
        self.ids = {str(room["externalId"]): room["id"] for room in sandbox.rooms}


def _lists(sandbox: Sandbox) -> tuple[RequestRecord, ...]:
    return sandbox.requests.of("list")


def _run(arguments: Iterable[str], environment: Mapping[str, str]) -> tuple[int, bytes, str]:
    """Run the program until it and its processes have ended: each of them has its stderr."""
    with subprocess.Popen(
        [sys.executable, *_WARNINGS, "-m", "tests.conformance.in_processes", *arguments],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"some process did not end; they said {err!r}") from None
    return process.returncode, out, err.decode()


@pytest.fixture(scope="module")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that all tests of a place look at."""
    with Sandbox(rate=None) as sandbox:
        return Run(request.param, sandbox, tmp_path_factory.mktemp("shared"))


def everywhere(what: str | None = None) -> pytest.MarkDecorator:
    """Look at the run of each place; tell the conformance matrix what is seen."""
    return pytest.mark.parametrize(
        "run",
        [
            pytest.param(way, marks=[pytest.mark.shows(place=place, what=what)] if what else [])
            for way, place in PLACES.items()
        ],
        indirect=True,
    )


# -- calls ----------------------------------------------------------------------------------------


@everywhere("calls")
def test_tasks_call_by_the_client_that_their_process_was_given(run: Run) -> None:
    """By an initializer: one client for all tasks of a process."""
    rooms: list[Room] = run.saw["pool"]
    assert [room.name for room in rooms] == [f"job {number}" for number in range(6)]
    assert [room.id for room in rooms] == [run.ids[f"pool-{number}"] for number in range(6)]
    assert all(room.access_token for room in rooms)


@everywhere("calls")
def test_a_task_calls_by_the_client_of_its_module(run: Run) -> None:
    """Inherited from a parent that has used it, or made when the process loads the module."""
    assert run.saw["module"].id == run.ids["module"]
    assert "after" in run.ids


@everywhere("calls")
def test_a_task_calls_by_a_client_that_is_its_argument(run: Run) -> None:
    """An awaited one, in a loop of the task's."""
    assert run.saw["awaited"].id == run.ids["awaited"]


@everywhere("at once")
def test_calls_of_several_threads_in_several_processes_run_side_by_side(run: Run) -> None:
    """Nobody had an answer before the calls of all had come."""
    assert run.under_way == AT_ONCE
    assert run.saw["at once"] == [THREADS] * PROCESSES


# -- errors ---------------------------------------------------------------------------------------


@everywhere("errors")
def test_an_error_of_the_api_reaches_the_caller_in_the_parent(run: Run) -> None:
    """Whole: its class, its text, what was tried; where it was raised is its cause."""
    error = run.saw["conflict"]
    assert type(error) is ConflictError
    assert (error.status, error.name, error.external_id) == (409, "Conflict", "taken")
    assert [attempt.status for attempt in error.attempts] == [409]
    assert error.headers["x-request-id"] == error.request_id


@everywhere()
def test_a_token_given_as_a_string_is_missed_by_the_call(run: Run) -> None:
    """The task fails with what to do; a client that did not unpickle would leave it unanswered."""
    error = run.saw["token left behind"]
    assert type(error) is ConfigurationError
    assert "secrets_in_pickles" in str(error)


@everywhere()
def test_a_token_that_may_travel_is_there(run: Run) -> None:
    """Where the environment has none."""
    assert isinstance(run.saw["token allowed"], RoomPage)


@everywhere()
def test_nothing_that_comes_back_tells_the_token(run: Run) -> None:
    """Results, errors and events in one pickle."""
    assert run.token.encode() not in run.pickled


# -- and more -------------------------------------------------------------------------------------


@everywhere("one rate")
def test_processes_keep_one_rate_limit_by_a_file(run: Run) -> None:
    """What the tasks have used up is missing in their parent."""
    assert [room.id for room in run.saw["paced"]] == [
        run.ids[f"paced-{number}"] for number in range(PROCESSES)
    ]
    error = run.saw["over the limit"]
    assert type(error) is DeadlineExceededError
    assert "rate limit" in str(error)


@everywhere("leaves nothing")
def test_processes_end_in_time_and_say_nothing(run: Run) -> None:
    """All of them, with their threads and connections, and with clients that nobody closed."""
    assert (run.exit_code, run.said) == (0, "")


@pytest.mark.parametrize("run", ["fork", "forkserver", "spawn"], indirect=True)
def test_a_hook_tells_another_process_by_a_queue(run: Run) -> None:
    """A queue travels with its client while multiprocessing starts a process."""
    assert run.saw["argument"].id == run.ids["argument"]
    assert run.saw["exit code"] == 0
    event = run.saw["hook"]
    assert isinstance(event, AttemptEvent)
    assert (event.operation, event.attempt.status) == ("rooms.create", 201)
