"""Import and export as processes and on terminals: the bar, Ctrl-C, SIGTERM."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import MODULE, call, called_on_a_terminal, environment, run, running
from tests.cli.support import account as variables
from tests.waiting import PATIENCE, wait_until
from videsk_rooms.cli._transfer import progress

if TYPE_CHECKING:
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has neither pseudo-terminals nor signals to send"
)

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def frames(shown: str) -> list[str]:
    """Tell the lines that a terminal showed, one after another, without what steers it."""
    return [_CONTROL.sub("", line) for line in re.split(r"[\r\n]+", shown)]


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    """A file of rooms."""
    file = tmp_path / "rooms.csv"
    file.write_text("name,exp\n" + "Ana,1h\n" * 30 + "Luis,never\n")
    return file


def test_a_terminal_shows_a_bar(account: Sandbox, rooms: Path) -> None:
    """How many of how many, the failures, the rate and the limit, in 80 columns."""
    env = {"TERM": "xterm", **variables(account)}
    done = called_on_a_terminal("rooms", "import", str(rooms), env=env)
    shown = [line for line in frames(done.stdout) if line.startswith("importing")]
    assert re.search(r"31/31  1 failed  [\d.]+/s  limit 10,000/s$", shown[-1].rstrip())
    assert max(map(len, shown)) <= 80 - len("^C")  # which a terminal shows behind it
    assert done.stdout.count("\x1b[?25l") == done.stdout.count("\x1b[?25h") == 1  # the cursor


def test_a_bar_begins_where_the_last_run_has_ended(account: Sandbox, tmp_path: Path) -> None:
    """What was done before is done."""
    file = tmp_path / "rooms.csv"
    file.write_text("name\nAna\nLuis\n")
    call("rooms", "import", str(file), env=variables(account))
    file.write_text("name\nAna\nLuis\nEva\n")
    env = {"TERM": "xterm", **variables(account)}
    done = called_on_a_terminal("rooms", "import", str(file), env=env)
    shown = [line for line in frames(done.stdout) if line.startswith("importing")]
    assert "3/3" in shown[-1]


def test_a_bar_counts_the_rooms_that_are_exported(account: Sandbox, tmp_path: Path) -> None:
    """And not all that there are."""
    account.add_room(external_id="over", exp=account.now)
    env = {"TERM": "xterm", **variables(account)}
    file = str(tmp_path / "rooms.csv")
    done = called_on_a_terminal("rooms", "export", file, "--ended", env=env)
    shown = [line for line in frames(done.stdout) if line.startswith("exporting")]
    assert "1/1" in shown[-1]


def test_progress_is_told_now_and_then_and_its_speed_is_this_run_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A line every 30 s, however many rows come between; what was done before took no time."""
    clock, told = [1_000.0], []

    def tell(now: progress.Progress) -> None:
        told.append(now.figures())

    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    bar = progress.Progress(total=1_000, done=500, every=30.0, show=tell)
    for _ in range(100):
        clock[0] += 1.0
        bar.advance()
    monkeypatch.undo()
    assert [figures[:2] for figures in told] == [
        ["530/1,000", "1.0/s"],
        ["560/1,000", "1.0/s"],
        ["590/1,000", "1.0/s"],
    ]


def test_a_bar_is_no_part_of_what_is_shown_instead(account: Sandbox) -> None:
    """A terminal that has the rooms themselves on it shows no bar between them."""
    env = {"TERM": "xterm", **variables(account)}
    done = called_on_a_terminal("rooms", "export", "-", "--format", "csv", env=env)
    assert len(done.stdout.splitlines()) == 2
    assert "\x1b" not in done.stdout


def test_a_bar_is_no_part_of_results_that_are_shown(account: Sandbox, rooms: Path) -> None:
    """A terminal that has the results on it shows no bar between them."""
    env = {"TERM": "xterm", **variables(account)}
    done = called_on_a_terminal("rooms", "import", str(rooms), "--results", "-", env=env)
    assert "importing" not in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stdout.count(",created,") == 30


def test_where_nobody_looks_on_there_is_no_bar(account: Sandbox, rooms: Path) -> None:
    """The log of a job has what went wrong, and the sum."""
    done = call("rooms", "import", str(rooms), env=variables(account))
    (line,) = done.stderr.splitlines()
    assert line.startswith("videsk-rooms: row 32: ")


def test_the_log_of_a_long_job_has_a_line_now_and_then(
    account: Sandbox, rooms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that whoever looks in sees that it goes on."""
    monkeypatch.setattr(progress, "_A_LINE", 0.0)
    done = call("rooms", "import", str(rooms), env=variables(account))
    assert re.match(
        r"videsk-rooms: importing 2/31, 1 failed, [\d.]+/s, .* left$", done.stderr, re.MULTILINE
    )


def test_an_import_that_is_stopped_goes_on_with_the_same_command(
    account: Sandbox, rooms: Path
) -> None:
    """Ctrl-C says so; what was done before is not sent again."""
    account.faults.delay(0, on="create", times=12)
    account.faults.delay(PATIENCE, on="create", times=None)
    with running("rooms", "import", str(rooms), env=variables(account)) as process:
        wait_until(lambda: len(account.requests.of("create")) == 12 + 16)
        process.send_signal(signal.SIGINT)
        said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (130, "")
    assert complaints == (
        "videsk-rooms: stopped after 13 of 31 rows. The same command continues with the rest.\n"
    )
    account.faults.clear()
    account.requests.clear()
    assert call("rooms", "import", str(rooms), env=variables(account)).returncode == 1
    assert len(account.requests.of("create")) == 18
    assert len(account.rooms) == 31


def test_an_export_that_is_stopped_leaves_nothing(account: Sandbox, tmp_path: Path) -> None:
    """Half a file would be taken for all rooms; SIGTERM is no other matter than Ctrl-C."""
    account.add_rooms(300)
    account.faults.delay(0, on="list", times=2)
    account.faults.delay(PATIENCE, on="list", times=None)
    file = str(tmp_path / "rooms.csv")
    with running("rooms", "export", file, env=variables(account)) as process:
        wait_until(lambda: len(account.requests.of("list")) == 3)
        process.send_signal(signal.SIGTERM)
        said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (128 + signal.SIGTERM, "")
    assert complaints == f"videsk-rooms: stopped; nothing was written to {file}\n"
    assert list(tmp_path.iterdir()) == []


def test_no_bar_is_drawn_among_rows_that_go_on(account: Sandbox) -> None:
    """Standard error is a terminal, and what reads the pipe may write to the same one."""
    account.add_rooms(150)
    import pty

    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*MODULE, "rooms", "export", "-"],
        check=True,
        env=environment({"TERM": "xterm", **variables(account)}),
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=PATIENCE,
    )
    os.write(theirs, b"nothing\n")
    shown = os.read(ours, 1_000)
    os.close(ours)
    os.close(theirs)
    assert shown == b"nothing\r\n"
    assert len(done.stdout.splitlines()) == 151


def test_a_shared_limit_out_of_reach_is_told_in_a_line(account: Sandbox, tmp_path: Path) -> None:
    """And nothing else that the package logs: an account's own limit is no news."""
    file = tmp_path / "rooms.csv"
    file.write_text("name\nAna\n")
    shared = ("--shared", "redis://127.0.0.1:1")
    done = run("rooms", "import", str(file), *shared, env=variables(account))
    assert done.returncode == 0
    assert done.stderr.startswith("videsk-rooms: ")
    assert "shared rate limit" in done.stderr
    assert "the rate limit is now" not in done.stderr
