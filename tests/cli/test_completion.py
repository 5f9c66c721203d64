"""Completion, which is typer's own: that it is there, and knows our commands."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import call, run

if TYPE_CHECKING:
    from pathlib import Path

COMPLETE = "_VIDESK_ROOMS_COMPLETE"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_calls_us(shell: str) -> None:
    """What the shell runs when Tab is pressed names the program and its variable."""
    done = call(env={COMPLETE: f"source_{shell}"})
    assert done.returncode == 0
    assert f"{COMPLETE}=complete_{shell}" in done.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("videsk-rooms ro", ["rooms"]),
        ("videsk-rooms rooms st", ["stats"]),
        ("videsk-rooms rooms list --en", ["--ended"]),
        ("videsk-rooms rooms stats id --view s", ["snapshot", "summary"]),
        ("videsk-rooms rooms end --ex", ["--external-id", "--exp-before", "--external-id-like"]),
        ("videsk-rooms doctor --re", ["--redis"]),
    ],
)
def test_tab_offers_what_there_is(typed: str, offered: list[str]) -> None:
    """Commands, options and their values."""
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    done = call(env={COMPLETE: "complete_bash", **words})
    assert done.stdout.split() == offered


@pytest.mark.skipif(os.name != "posix", reason="it installs itself for bash here")
@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
def test_it_is_shown_where_there_is_no_home(option: str) -> None:
    """As in a container whose user is a number; it cannot be installed there, in one line."""
    nobody = "import pwd; pwd.getpwuid = {}.__getitem__; from videsk_rooms.cli import main; "
    program = f"import os; os.environ.pop('HOME'); {nobody} raise SystemExit(main(['{option}']))"
    done = run(command=("bash", "-c", '"$1" -c "$2"; exit $?', "bash", sys.executable, program))
    if option == "--show-completion":
        assert (done.returncode, done.stderr) == (0, "")
        assert COMPLETE in done.stdout
    else:
        assert (done.returncode, done.stdout) == (3, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith("videsk-rooms: there is no home folder")


@pytest.mark.skipif(os.name != "posix", reason="it installs itself for bash here")
def test_it_installs_itself_for_the_shell_that_it_is_called_from(tmp_path: Path) -> None:
    """Into the home of whoever asks; a process, because its parent tells the shell."""
    script = '"$1" -m videsk_rooms.cli --install-completion; exit $?'  # not the last: no exec
    command = ("bash", "-c", script, "bash", sys.executable)
    done = run(command=command, env={"HOME": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    assert "bash completion installed" in done.stdout
    installed = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(COMPLETE in path.read_text() for path in installed)
