"""Processes that work on one account: how they are started, and what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

Crewman: TypeAlias = "subprocess.Popen[str]"

SIZE = 4
ROOT = Path(__file__).parents[2]


# All of Python's own checks, but for those of memory in C, which would make the reading of an
# enormous body five times as slow.
CHECKED = (sys.executable, "-X", "dev", "-W", "error")
UNCHECKED_MEMORY = {"PYTHONMALLOC": "default"}


def start(task: str, sandbox: Sandbox, complaints: Path, **settings: object) -> Crewman:
    """Start a process that does a task of `worker.py`, under the checks of Python's own.

    Args:
        task: The name of the task.
        sandbox: The account.
        complaints: The file that its standard error goes to.
        settings: What the task is told.
    """
    account = {"VIDESK_API_TOKEN": sandbox.api_token, "VIDESK_BASE_URL": sandbox.url}
    with complaints.open("ab") as errors:
        return subprocess.Popen(
            [*CHECKED, "-m", "tests.chaos.worker", task, json.dumps(settings)],
            cwd=ROOT,
            env={**os.environ, **UNCHECKED_MEMORY, **account},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
        )


def fail_all(crew: list[Crewman]) -> None:
    """Kill those that still run, and close their pipes."""
    for crewman in crew:
        crewman.kill()
        crewman.communicate()


class Log:
    """Lines of JSON in a file: each is there in full or not at all, whenever its writer dies."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, **line: object) -> None:
        """Append a line, by a single call of the system."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)

    def read(self) -> list[dict[str, Any]]:
        """Read all lines."""
        if not self._path.exists():
            return []
        return [json.loads(line) for line in self._path.read_text("utf-8").splitlines()]
