"""What all commands have in common: help, version, exit codes, errors, missing packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import videsk_rooms
from tests.cli.support import MODULE, call, run

PACKAGE = (sys.executable, "-m", "videsk_rooms")
SCRIPT = (str(Path(sys.executable).with_name("videsk-rooms")),)

# Runs the command line in a process that cannot import a package.
WITHOUT_PACKAGE = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise {error}

sys.meta_path.insert(0, Missing())
sys.argv = ["videsk-rooms", *{arguments!r}]
from videsk_rooms.cli import main
sys.exit(main())
"""


NOT_THERE = 'ModuleNotFoundError(f"No module named {name!r}", name=name)'


def without(package: str, *arguments: str, error: str = NOT_THERE) -> tuple[str, ...]:
    source = WITHOUT_PACKAGE.format(package=package, arguments=list(arguments), error=error)
    return (sys.executable, "-c", source)


@pytest.mark.parametrize("command", [SCRIPT, MODULE, PACKAGE], ids=["script", "module", "package"])
def test_the_version_is_the_package_s(command: tuple[str, ...]) -> None:
    """`videsk-rooms`, `python -m videsk_rooms` and `python -m videsk_rooms.cli` are the same."""
    done = run("--version", command=command)
    assert (done.returncode, done.stdout) == (0, f"videsk-rooms {videsk_rooms.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--help"], ["demo", "sandbox", "--version", "Exit codes: 0 done, 1 failed, 2 wrong"]),
        (["demo", "--help"], ["--live", "--json", "--no-color"]),
        (["doctor", "--help"], ["--redis", "--json", "--token-file", "ps would show it"]),
        (["rooms", "--help"], ["list", "get", "create", "update", "delete", "join", "stats"]),
        (["rooms", "list", "--help"], ["--limit", "--all", "--ended", "--no-ended"]),
        (["rooms", "get", "-h"], ["ROOM", "--external-id", "--show-token"]),
        (["rooms", "create", "--help"], ["--exp", "90m", "--settings", "--if-missing"]),
        (["rooms", "update", "--help"], ["ROOM", "--name", "--nbf"]),
        (["rooms", "delete", "--help"], ["ROOM...", "--yes"]),
        (["rooms", "join", "--help"], ["--show-token", "mind logs"]),
        (["rooms", "stats", "--help"], ["--view", "snapshot"]),
        (["rooms", "import", "--help"], ["FILE", "--update", "--results", "--dry-run", "--shared"]),
        (["rooms", "export", "--help"], ["FILE", "--format", "--sort", "--no-ended"]),
        (
            ["sandbox", "-h"],
            ["--port", "--host", "--rate", "--window", "--token", "--seed", "--quiet", "--json"],
        ),
    ],
)
def test_help_is_whole_at_80_columns(arguments: list[str], told: list[str]) -> None:
    """Every option is named, and nothing is wider than the terminal or cut off."""
    done = call(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert [word for word in told if word not in done.stdout] == []
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "[[" not in done.stdout
    assert "..." not in done.stdout.replace("[ARGS]...", "").replace("ROOM...", "")


def test_help_imports_nothing_heavy() -> None:
    """The client, the sandbox and aiohttp are imported by what needs them."""
    source = """
import sys
from videsk_rooms.cli import main
for command in ("demo", "sandbox", "doctor", "rooms create", "rooms list", "rooms import"):
    assert main([*command.split(), "--help"]) == 0
heavy = ["aiohttp", "jwt", "videsk_rooms.client", "videsk_rooms.sync", "videsk_rooms.sandbox"]
print("heavy:", *(name for name in heavy if name in sys.modules))
"""
    done = run(command=(sys.executable, "-c", source))
    assert done.stdout.splitlines()[-1] == "heavy:"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "nothing"),
        (["demo", "--loud"], "--loud"),
        (["sandbox", "extra"], "extra"),
        (["sandbox", "--port", "65536"], "--port"),
        (["sandbox", "--port", "http"], "--port"),
        (["sandbox", "--rate", "0"], "--rate"),
        (["sandbox", "--rate", "fast"], "--rate"),
        (["sandbox", "--window", "round"], "--window"),
        (["sandbox", "--token", ""], "--token"),
        (["sandbox", "--token", "two words"], "--token"),
        (["sandbox", "--host", ""], "--host"),
        (["sandbox", "--seed", "x"], "--seed"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments: list[str], told: str) -> None:
    """What was wrong is named, and where the help is; nothing is started."""
    done = call(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("videsk-rooms: ")
    assert told in line
    assert line.endswith(" --help")


@pytest.mark.parametrize("arguments", [[], ["rooms"]])
def test_no_command_gets_the_help(arguments: list[str]) -> None:
    """Whoever does not know what there is sees it."""
    done = call(*arguments)
    shown = done.stderr or done.stdout  # where, and whether that is an error, changed with click
    assert shown == call(*arguments, "--help").stdout
    assert done.returncode in {0, 2}


@pytest.mark.parametrize(
    ("package", "name", "arguments"),
    [
        ("typer", "typer", ["--help"]),
        ("rich", "rich", ["demo"]),
        ("jwt", "PyJWT", ["demo"]),
        ("jwt", "PyJWT", ["sandbox"]),
    ],
)
def test_a_missing_package_is_one_line_that_says_what_to_install(
    package: str, name: str, arguments: list[str]
) -> None:
    """No traceback for whoever installed the package without its extra."""
    done = run(command=without(package, *arguments))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"videsk-rooms: {name} is not installed; run: pip install 'videsk-rooms[cli]'\n"
    )


def test_ctrl_c_while_all_is_being_imported_is_silent() -> None:
    """It is exit code 130 then, too."""
    done = run(command=without("typer", "--help", error="KeyboardInterrupt"))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_another_package_that_cannot_be_imported_is_not_taken_for_the_extra() -> None:
    """The advice to install the extra would not help."""
    done = run(command=without("aiohttp", "demo"))
    assert done.returncode == 1
    assert "No module named 'aiohttp'" in done.stderr
    assert "pip install" not in done.stderr


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({}, "there is no API token"),
        ({"VIDESK_API_TOKEN": "secret", "VIDESK_BASE_URL": "http://example.org"}, "unencrypted"),
        ({"VIDESK_API_TOKEN": "a secret"}, "VIDESK_API_TOKEN holds"),
    ],
)
@pytest.mark.parametrize("arguments", [["demo", "--live"], ["demo", "--live", "--json"]])
def test_an_error_of_the_package_is_one_line(
    env: dict[str, str], told: str, arguments: list[str]
) -> None:
    """Its text tells the remedy; a traceback tells nothing more."""
    done = call(*arguments, env=env)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("videsk-rooms: ")
    assert told in line
    assert "secret" not in line
