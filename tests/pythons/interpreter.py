"""A Python to run the suite on, here or in a folder with a Debian of its own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKOUT = Path(__file__).parents[2]
_PASSED_ON = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "HTTPS_PROXY", "NO_PROXY")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Interpreter:
    """A Python.

    Attributes:
        version: Its version, such as `3.14.1`; `t` at its end marks a free-threaded build.
        program: Its path, as seen from within `root`.
        root: The folder that is its file system; `None`: this machine's.
    """

    version: str
    program: str
    root: Path | None = None

    @property
    def where(self) -> str:
        """Where it comes from, for the table."""
        return "this machine" if self.root is None else "Debian unstable"

    @property
    def series(self) -> tuple[int, ...]:
        """Its version as numbers, for an order."""
        return tuple(int(part) for part in self.version.rstrip("t").split("."))


@dataclass(frozen=True)
class Result:
    """What a run of the suite came to."""

    interpreter: Interpreter
    passed: int
    failed: tuple[str, ...]
    skipped: int
    seconds: float
    problem: str | None = None


def run_suite(interpreter: Interpreter, folder: Path, arguments: Sequence[str]) -> Result:
    """Install the package with all that its tests need, and run them.

    Args:
        interpreter: The Python.
        folder: A new folder for the environment and the report, below the interpreter's root.
        arguments: More arguments of pytest.
    """
    root = interpreter.root or Path("/")
    inside = Path("/", folder.relative_to(root))
    environment = inside / "environment"
    checkout = CHECKOUT if interpreter.root is None else Path("/checkout")
    steps = (
        [interpreter.program, "-m", "venv", str(environment)],
        [f"{environment}/bin/pip", "install", "--quiet", "uv"],
        [f"{environment}/bin/uv", "pip", "install", "--quiet", "--editable", ".[dev]",
         f"--python={environment}/bin/python"],
    )  # fmt: skip
    for step in steps:
        if _run(step, interpreter, checkout) != 0:
            return Result(interpreter, 0, (), 0, 0.0, problem=f"failed: {' '.join(step)}")
    report = folder / "report.xml"
    _run(
        [f"{environment}/bin/python", "-m", "pytest", "--quiet", "--numprocesses=auto",
         f"--junitxml={inside / 'report.xml'}", *arguments],
        interpreter,
        checkout,
    )  # fmt: skip
    if not report.exists():
        return Result(interpreter, 0, (), 0, 0.0, problem="pytest did not come to its end")
    return _read(interpreter, report)


def _run(command: list[str], interpreter: Interpreter, folder: Path) -> int:
    print("$", *command, flush=True)
    if interpreter.root is None:
        return subprocess.run(command, cwd=folder, check=False).returncode
    inside = ["chroot", str(interpreter.root), "sh", "-c", 'cd "$0" && exec "$@"', str(folder)]
    return subprocess.run([*inside, *command], env=_environment(), check=False).returncode


def _environment() -> dict[str, str]:
    """The environment within a root: none of this machine's paths."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # uv trusts the certificates of the system only where it is told to.
    return {
        "PATH": _PATH,
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "SSL_CERT_FILE": _CERTIFICATES,
        **kept,
    }


def _read(interpreter: Interpreter, report: Path) -> Result:
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None, f"{report} has no testsuite"
    failed = [
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        for case in suite.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]
    total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    seconds = float(suite.get("time", 0))
    return Result(interpreter, total - skipped - len(failed), tuple(failed), skipped, seconds)
