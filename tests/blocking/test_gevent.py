"""Among greenlets, after gevent's `monkey.patch_all()`, and what eventlet's users are told."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.blocking.support import FOREVER, Script, under_way
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.blocking.support import Relay
    from videsk_rooms.sandbox import Sandbox


def script(sandbox: Sandbox, program: str, *arguments: str, url: str | None = None) -> Script:
    """Run a program of greenlets."""
    return Script("greenlets", program, *arguments, url=url or sandbox.url, token=sandbox.api_token)


@pytest.mark.parametrize(
    "program",
    [
        "iterating",
        "many_rooms",
        "errors",
        "by_name",
        "by_name_where_aiohttp_has_another_resolver",
        "token_by_a_callable",
        "many_clients",
        "forked",
        "patched_after_the_client_was_made",
        "in_a_real_thread",
        "interrupted_at_any_moment",
        "interrupted_first_calls",
        "forgotten",
    ],
)
def test_greenlets(sandbox: Sandbox, program: str) -> None:
    """What each program says of itself holds, and nothing is printed."""
    sandbox.add_rooms(5)
    assert script(sandbox, program).finish() == (0, "", "")


def test_pacing_by_a_file(sandbox: Sandbox, tmp_path: Path) -> None:
    """A file that paces several processes works among greenlets too."""
    sandbox.add_rooms(5)
    assert script(sandbox, "paced_by_a_file", str(tmp_path / "pace")).finish() == (0, "", "")


def test_calls_at_once(sandbox: Sandbox) -> None:
    """All requests of many greenlets reach the server before one of them is answered."""
    sandbox.faults.delay(FOREVER, times=20)
    running = script(sandbox, "at_once")
    under_way(sandbox, 20)
    running.go_on()
    assert running.finish() == (0, "", "")


@pytest.mark.parametrize(
    ("program", "says"), [("others_go_on", "another ran\n"), ("no_loop_is_seen_running", "")]
)
def test_a_call_under_way(sandbox: Sandbox, program: str, says: str) -> None:
    """Other greenlets run while one waits, and see no foreign loop."""
    sandbox.faults.delay(FOREVER)
    running = script(sandbox, program)
    under_way(sandbox)
    running.go_on()
    assert running.finish() == (0, says, "")


def test_a_greenlet_that_is_killed(sandbox: Sandbox, relay: Relay) -> None:
    """Its request is given up with its connection; so is that of one whose `Timeout` is up."""
    sandbox.faults.delay(FOREVER, times=2)
    running = script(sandbox, "killed", url=relay.url)
    under_way(sandbox)
    running.go_on()
    assert running.says() == "killed"
    wait_until(lambda: relay.closed == 1)
    under_way(sandbox, 2)
    running.go_on()
    assert running.says() == "timed out"
    wait_until(lambda: relay.closed == 2)
    running.go_on()
    assert running.finish() == (0, "", "")


@pytest.mark.parametrize("program", ["closed_while_waiting", "exits_while_waiting"])
def test_the_end_of_calls_under_way(sandbox: Sandbox, program: str) -> None:
    """Neither closing nor leaving waits for answers."""
    sandbox.faults.delay(FOREVER, times=None)
    running = script(sandbox, program)
    under_way(sandbox, 3)
    running.go_on()
    assert running.finish() == (0, "", "")


def test_ctrl_c(sandbox: Sandbox, relay: Relay) -> None:
    """It interrupts the main greenlet's call, and the client is usable after it."""
    sandbox.faults.delay(FOREVER)
    running = script(sandbox, "interrupted", url=relay.url)
    under_way(sandbox)
    running.send_signal(signal.SIGINT)
    assert running.says() == "interrupted"
    wait_until(lambda: relay.closed == 1)
    running.go_on()
    assert running.finish() == (0, "", "")


def test_eventlet_is_refused_with_what_to_do_instead() -> None:
    """A blocking client is refused when it is made, before anything hangs."""
    program = (
        "import eventlet; eventlet.monkey_patch()\n"
        "from videsk_rooms import ConfigurationError, Videsk\n"
        "try: Videsk('token')\n"
        "except ConfigurationError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],  # eventlet's own: it is deprecated
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "eventlet has patched this process" in done.stdout
    assert "use gevent or plain threads" in done.stdout
