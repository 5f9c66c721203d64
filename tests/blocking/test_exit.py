"""The interpreter exits whatever became of the clients: soon, silently, and with its own code."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.blocking.support import FOREVER, Script, under_way
from videsk_rooms import ClosedError

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

_TEXT = "the interpreter is exiting, and has closed the client; make the last call before that"
EXITING = f"ClosedError: {ClosedError(_TEXT)}\n"


def script(sandbox: Sandbox, way: str) -> Script:
    """Run the program that leaves a client in a way."""
    sandbox.add_rooms(5)
    return Script("exiting", way, url=sandbox.url, token=sandbox.api_token)


@pytest.mark.parametrize(
    "way",
    [
        "closed",
        "never_used",
        "forgotten",
        "in_a_cycle",
        "in_a_global",
        "many_in_a_global",
        "by_a_name",
        "with_a_callable",
        "still_iterating",
        "after_its_modules",
        "sys_exit",
        "sys_exit_in_a_thread",
    ],
)
def test_leaving(sandbox: Sandbox, way: str) -> None:
    """Nothing has to be closed, and nothing is said about what was not."""
    assert script(sandbox, way).finish() == (0, "", "")


def test_outcomes_that_nobody_asked_for_are_told_to_the_end(sandbox: Sandbox) -> None:
    """Also where they outlive the names of the module that tells it."""
    code, out, err = script(sandbox, "not_iterated_after_its_modules").finish()
    assert (code, out) == (0, "")
    (line,) = err.splitlines()
    assert "create_many was never iterated" in line


def test_a_thread_that_goes_on(sandbox: Sandbox) -> None:
    """The interpreter waits for it, however long it calls, and so are names looked up for it."""
    assert script(sandbox, "in_a_thread_that_goes_on").finish() == (0, "int: 5\n", "")


@pytest.mark.parametrize("way", ["calls_of_daemons", "creates_of_daemons"])
def test_calls_of_daemon_threads(sandbox: Sandbox, way: str) -> None:
    """Daemon threads end with the interpreter, in their calls, without a traceback."""
    sandbox.faults.delay(FOREVER, times=None)
    leaving = script(sandbox, way)
    under_way(sandbox, 3)
    leaving.go_on()
    assert leaving.finish() == (0, "", "")


@pytest.mark.parametrize(
    "way",
    [
        "daemons_that_call_on",
        "daemons_that_create",
        "daemons_that_iterate",
        "daemons_that_create_many",
    ],
)
def test_daemon_threads_that_do_not_stop(sandbox: Sandbox, way: str) -> None:
    """Also between two calls: the next one is none that a traceback is printed for."""
    leaving = script(sandbox, way)
    under_way(sandbox, 20)
    leaving.go_on()
    assert leaving.finish() == (0, "", "")


@pytest.mark.parametrize(
    ("way", "code"), [("terminated", -signal.SIGTERM), ("terminated_with_a_handler", 3)]
)
def test_sigterm(sandbox: Sandbox, way: str, code: int) -> None:
    """In the middle of a call it ends the process at once, silently, as it would any other."""
    sandbox.faults.delay(0)
    sandbox.faults.delay(FOREVER)
    leaving = script(sandbox, way)
    under_way(sandbox, 2)
    leaving.send_signal(signal.SIGTERM)
    assert leaving.finish() == (code, "", "")


def test_a_daemon_thread_that_is_waited_for(sandbox: Sandbox) -> None:
    """If something at exit joins the daemon, its call does not keep it for ever."""
    sandbox.faults.delay(FOREVER, times=None)
    leaving = script(sandbox, "a_daemon_that_somebody_waits_for")
    under_way(sandbox)
    leaving.go_on()
    assert leaving.finish() == (0, EXITING, "")


def test_a_call_at_exit(sandbox: Sandbox) -> None:
    """What `atexit` runs before the client is closed may call it: the last registered is first."""
    assert script(sandbox, "at_exit").finish() == (0, "int: 5\n", "")


@pytest.mark.parametrize("way", ["at_exit_for_the_first_time", "at_exit_by_a_name"])
def test_a_call_at_exit_that_needs_a_thread(sandbox: Sandbox, way: str) -> None:
    """One for the loop, or to look a name up: newer Pythons start none any more at exit.

    3.10 and 3.11 do, 3.12 does not, and later ones changed their minds again.
    """
    code, out, err = script(sandbox, way).finish()
    allowed = {"int: 5\n"} if sys.version_info < (3, 12) else {"int: 5\n", EXITING}
    assert (code, err) == (0, "")
    assert out in allowed


@pytest.mark.parametrize(
    "way",
    [
        "at_exit_after_the_package",
        "at_exit_with_a_new_client",
        "in_a_finalizer",
        "in_a_finalizer_for_the_first_time",
    ],
)
def test_a_call_too_late(sandbox: Sandbox, way: str) -> None:
    """Where no thread would answer a call, it is refused at once."""
    assert script(sandbox, way).finish() == (0, EXITING, "")


@pytest.mark.parametrize("way", ["an_exception", "an_exception_under_with"])
def test_an_exception_that_nobody_catches(sandbox: Sandbox, way: str) -> None:
    """Its own traceback is all that is printed."""
    code, out, err = script(sandbox, way).finish()
    assert (code, out) == (1, "")
    assert err.startswith("Traceback (most recent call last):\n")
    assert err.endswith("\nLookupError: on purpose\n")
    assert err.count("Traceback") == 1
    assert "videsk" not in err
