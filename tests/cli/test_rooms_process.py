"""`videsk-rooms rooms` as a process: signals, pipes, a full disk, what its help costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import MODULE, environment, running
from tests.cli.support import account as variables
from tests.waiting import PATIENCE, wait_until

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")

FULL = Path("/dev/full")


@posix
def test_ctrl_c_is_exit_code_130_and_says_what_it_leaves_open(account: Sandbox) -> None:
    """No traceback, but a word that the room may be there."""
    account.faults.delay(PATIENCE, on="create", times=None)
    arguments = ("rooms", "create", "--external-id", "ours")
    with running(*arguments, env=variables(account)) as process:
        wait_until(lambda: len(account.requests.of("create")) > 0)
        process.send_signal(signal.SIGINT)
        said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (130, "")
    (line,) = complaints.splitlines()
    assert line.endswith("videsk-rooms rooms get --external-id ours")
    assert len(account.rooms) == 2  # it was there indeed


@posix
def test_a_reader_that_leaves_ends_a_listing_silently(account: Sandbox) -> None:
    """`videsk-rooms rooms list --all | head -1`."""
    account.add_rooms(2_000)  # more than a pipe holds
    with running("rooms", "list", "--all", env=variables(account)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 1
        assert process.stderr.read() == ""


@posix
def test_a_reader_that_left_before_is_told_nothing(account: Sandbox) -> None:
    """What is written at the very end fails as silently as what is written before."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as nowhere:
        done = subprocess.run(
            [*MODULE, "rooms", "list"],
            env=environment(variables(account)),
            stdout=nowhere,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"")


@posix
def test_what_is_closed_is_done_without(account: Sandbox) -> None:
    """Some that start commands in the background leave them no standard stream at all."""
    done = subprocess.run(
        ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *MODULE, "rooms", "list"],
        env=environment(variables(account)),
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, len(account.requests)) == (0, 1)


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_full_disk_is_told_in_a_line(account: Sandbox, more: list[str]) -> None:
    """And is exit code 1: what was to be kept is not."""
    with FULL.open("w") as full:
        done = subprocess.run(
            [*MODULE, "rooms", "list", *more],
            env=environment(variables(account)),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("videsk-rooms: the output cannot be written: ")
