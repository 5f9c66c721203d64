"""The examples of `docs/examples` that are whole programs, and the commands of the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .blocks import EXAMPLES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox


# An older typer on a click from 8.5 on warns: see pyproject.toml.
_WARNINGS = ("-W", "error", "-W", "ignore:'click.utils:DeprecationWarning")


@pytest.fixture(autouse=True)
def this_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have programs import the package of this checkout."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Python to its end, with warnings as errors."""
    return subprocess.run(
        [sys.executable, *_WARNINGS, *command], capture_output=True, text=True, check=False
    )


DJANGO = (str(EXAMPLES / "django_app.py"),)
FLASK = ("-m", "flask", "--app", str(EXAMPLES / "flask_app.py"))


LOADED_WITHOUT_A_TOKEN = sorted(
    path.stem for path in EXAMPLES.glob("*.py") if path.stem != "gunicorn.conf"
)


@pytest.mark.parametrize("example", LOADED_WITHOUT_A_TOKEN)
def test_an_example_is_loaded_where_there_is_no_token(
    example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As whoever only sends tasks loads it, and the tests of a project do."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(EXAMPLES)]))
    done = subprocess.run(
        [sys.executable, "-c", f"import {example}"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file that all can lock")
def test_a_pool_of_processes_opens_a_room_for_each_appointment(account: Sandbox) -> None:
    """It prints their ids."""
    done = run(str(EXAMPLES / "process_pool.py"))
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.split()) == sorted(str(room["id"]) for room in account.rooms)
    assert len(account.rooms) == 8


@pytest.mark.parametrize("application", [DJANGO, FLASK], ids=["django", "flask"])
def test_an_application_has_the_command_line(
    account: Sandbox, application: tuple[str, ...]
) -> None:
    """`manage.py videsk` and `flask videsk` tell the rooms of the application's account."""
    room = account.add_room(name="Support")
    done = run(*application, "videsk", "rooms", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [each["id"] for each in json.loads(done.stdout)["data"]] == [room["id"]]


@pytest.mark.parametrize("application", [DJANGO, FLASK], ids=["django", "flask"])
def test_who_lacks_the_extra_is_told_what_to_install(
    account: Sandbox, application: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the exit code for it."""
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError('none', name='typer')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    done = run(*application, "videsk", "doctor")
    assert done.returncode == 3
    assert "typer is not installed; run: pip install 'videsk-rooms[cli]'" in done.stderr


def test_the_checks_of_django_pass(account: Sandbox) -> None:
    """Where there is a token."""
    done = run(*DJANGO, "check", "--fail-level", "WARNING")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_checks_of_django_tell_a_missing_token(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a warning, with what to do."""
    monkeypatch.delenv("VIDESK_API_TOKEN")
    done = run(*DJANGO, "check")
    assert done.returncode == 0
    assert "(videsk.W001) there is no API token" in done.stderr
    assert 'HINT: give it by the setting VIDESK["API_TOKEN"], or' in done.stderr
