"""The types as users meet them: two programs before two type checkers, and what is exported."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from videsk_rooms import AsyncRooms, AsyncVidesk
from videsk_rooms.sandbox import ApiTokens, Faults, RequestLog, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

RIGHT, WRONG = (Path(__file__).parent / "typing" / f"uses_{name}.py" for name in ("right", "wrong"))

Found = dict[str, dict[int, set[str]]]
"""The errors of a checker: by file, by line, under the checker's names."""


class Run(Protocol):
    """Runs a checker and returns what it prints."""

    def __call__(self, *command: str) -> str: ...


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a checker for this Python, away from the project: users do not have its settings."""
    folder = tmp_path_factory.mktemp("elsewhere")
    # Pyright's --verifytypes takes the Python of the PATH, whatever --pythonpath says.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

    def run(*command: str) -> str:
        result = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode in {0, 1}, result.stdout + result.stderr
        return result.stdout

    return run


@pytest.fixture(scope="session")
def mypy(run: Run, pytestconfig: pytest.Config) -> Found:
    """What mypy says to both programs; the next run of the suite finds its cache again."""
    cache = pytestconfig.rootpath / ".mypy_cache" / "typing"
    options = ["--strict", "--config-file=", f"--cache-dir={cache}", "--output=json"]
    found: Found = defaultdict(lambda: defaultdict(set))
    for line in run("mypy", *options, str(RIGHT), str(WRONG)).splitlines():
        error = json.loads(line)
        if error["severity"] == "error":
            found[Path(error["file"]).name][error["line"]].add(error["code"])
    return found


@pytest.fixture(scope="session")
def pyright(run: Run) -> Found:
    """What pyright says to both programs."""
    options = ["--outputjson", f"--pythonpath={sys.executable}"]
    report = json.loads(run("pyright", *options, str(RIGHT), str(WRONG)))
    assert report["summary"]["filesAnalyzed"] >= 2
    found: Found = defaultdict(lambda: defaultdict(set))
    for error in report["generalDiagnostics"]:
        if error["severity"] == "error":
            line = error["range"]["start"]["line"] + 1
            found[Path(error["file"]).name][line].add(error["rule"])
    return found


@pytest.fixture(scope="session")
def exported(run: Run) -> Mapping[str, Any]:
    """What pyright knows of the types that the package exports."""
    options = ["--ignoreexternal", "--outputjson", f"--pythonpath={sys.executable}"]
    report = json.loads(run("pyright", "--verifytypes", "videsk_rooms", *options))
    completeness: Mapping[str, Any] = report["typeCompleteness"]
    return completeness


def expected(column: int) -> dict[int, set[str]]:
    """Read the marks of the planted mistakes: mypy's names come first, pyright's second."""
    marks = {}
    for number, line in enumerate(WRONG.read_text(encoding="utf-8").splitlines(), start=1):
        if mark := re.search(r"# expect: (.+) / (.+)$", line):
            marks[number] = set(mark[column].split(", "))
    return marks


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_right_program_passes(checker: str, request: pytest.FixtureRequest) -> None:
    """In the strictest mode, with the types of every result asserted."""
    found: Found = request.getfixturevalue(checker)
    assert dict(found[RIGHT.name]) == {}


@pytest.mark.parametrize(("checker", "column"), [("mypy", 1), ("pyright", 2)])
def test_every_planted_mistake_is_found_and_no_other(
    checker: str, column: int, request: pytest.FixtureRequest
) -> None:
    """Line by line, under the name that the checker has for it."""
    found: Found = request.getfixturevalue(checker)
    assert dict(found[WRONG.name]) == expected(column)


def test_mistakes_are_planted() -> None:
    """The marks are read: the test above does not compare nothing with nothing."""
    assert len(expected(1)) == len(expected(2)) > 60


@pytest.mark.parametrize("kind", [AsyncVidesk, AsyncRooms, Sandbox, Faults, ApiTokens, RequestLog])
def test_the_right_program_leaves_no_method_out(kind: type) -> None:
    """Whoever adds a method uses it there, once awaited and once blocking."""
    tree = ast.parse(RIGHT.read_text(encoding="utf-8"))
    used = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    faces = 2 if kind in {AsyncVidesk, AsyncRooms} else 1
    names = [
        name
        for name, value in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
    ]
    assert [name for name in names if used.count(name) < faces] == []


def test_every_exported_type_is_known(exported: Mapping[str, Any]) -> None:
    """Users' checkers need not guess at anything that the package exports."""
    unclear = [
        f"{symbol['name']}: {symbol['diagnostics'][0]['message']}"
        for symbol in exported["symbols"]
        if symbol["isExported"] and symbol["diagnostics"]
    ]
    assert unclear == []
    assert exported["completenessScore"] == 1


def test_the_exported_types_are_those_of_the_package(exported: Mapping[str, Any]) -> None:
    """The marker `py.typed` is there, and the modules were looked at."""
    assert exported["pyTypedPath"]
    modules = {module["name"] for module in exported["modules"]}
    assert modules >= {"videsk_rooms", "videsk_rooms.sync", "videsk_rooms.sandbox"}
    assert exported["exportedSymbolCounts"]["withKnownType"] > 200
