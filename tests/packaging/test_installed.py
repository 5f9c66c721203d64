"""The wheel in environments of its own, away from the checkout: bare, and with the command line."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import videsk_rooms
from tests.docs.blocks import ROOT
from videsk_rooms.cli._output import ExitCode

from .building import built

if TYPE_CHECKING:
    from pathlib import Path

for _package in ("build", "hatchling", "hatch_fancy_pypi_readme", "uv"):
    pytest.importorskip(_package, reason="the package is built with what the extra `dev` brings")

BIN = "Scripts" if sys.platform == "win32" else "bin"


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and an empty folder to work in."""

    home: Path
    work: Path

    def install(self, *what: str) -> None:
        """Install as `pip install` would, in less time."""
        python = str(self.home / BIN / "python")
        done = _uv("pip", "install", "--quiet", "--python", python, *what)
        if "error sending request" in done.stderr:
            pytest.skip("the package index is out of reach")
        assert done.returncode == 0, done.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run its Python, which sees nothing but what is installed."""
        return subprocess.run(
            [self.home / BIN / "python", "-I", *arguments],
            cwd=self.work,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `videsk-rooms`."""
        return self.run(str(self.home / BIN / "videsk-rooms"), *arguments)


def _uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "uv", *arguments],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def _environment(folder: Path, wheel: Path) -> Environment:
    done = _uv("venv", "--quiet", "--python", sys.executable, str(folder / "home"))
    assert done.returncode == 0, done.stderr
    (folder / "work").mkdir()
    environment = Environment(folder / "home", folder / "work")
    environment.install(str(wheel))
    return environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return built(ROOT, tmp_path_factory.mktemp("built")).wheel


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel with what it needs, without extras."""
    return _environment(tmp_path_factory.mktemp("bare"), wheel)


@pytest.fixture(scope="module")
def complete(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The same, with what `videsk-rooms` asks for when it is first run; and pytest."""
    environment = _environment(tmp_path_factory.mktemp("complete"), wheel)
    asked = re.search(r"run: pip install (.+)", environment.command("demo").stderr)
    assert asked is not None
    environment.install(*shlex.split(asked[1]), "pytest")
    return environment


def test_a_client_is_made_without_any_extra(bare: Environment) -> None:
    """What the wheel says that it needs is enough."""
    done = bare.run(
        "-c",
        "import videsk_rooms as v\n"
        "with v.Videsk('an-api-token') as videsk:\n"
        "    print(v.__version__, v.__file__)",
    )
    assert (done.returncode, done.stderr) == (0, "")
    version, file = done.stdout.split()
    assert version == videsk_rooms.__version__
    assert file.startswith(str(bare.home))


def test_the_command_line_says_which_extra_it_needs(bare: Environment) -> None:
    """The command is there without the extra, because pip knows no other way."""
    done = bare.command("demo")
    assert (done.returncode, done.stdout) == (ExitCode.NOT_SET_UP, "")
    assert done.stderr.endswith("is not installed; run: pip install 'videsk-rooms[cli]'\n")


def test_the_demo_runs_after_the_install_that_was_asked_for(complete: Environment) -> None:
    """In an empty folder, and it leaves that empty."""
    done = complete.command("demo")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "15 steps, all checked" in done.stdout
    assert list(complete.work.iterdir()) == []


def test_pytest_finds_the_plugin(complete: Environment, tmp_path: Path) -> None:
    """Its fixtures are there without being asked for."""
    test = tmp_path / "test_rooms.py"
    test.write_text(
        "def test_rooms(videsk):\n    assert videsk.rooms.create(name='Support').access_token\n",
        encoding="utf-8",
    )
    done = complete.run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(test))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
