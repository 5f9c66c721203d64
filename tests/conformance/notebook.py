"""A notebook at work: cells go in, and what they show comes out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.blocking.support import Thread
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .account import Account

Outputs: TypeAlias = "list[Mapping[str, Any]]"

# A newer kernel says so of every notebook.
_EXPECTED = "Kernel is running over TCP without encryption"


class Notebook:
    """A notebook in a folder; it starts when the first cell is run."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self._folder = folder
        self._errors = folder / "errors.txt"
        self._process: subprocess.Popen[str] | None = None

    def run(self, *cells: str) -> Outputs:
        """Run cells, and return all that they show."""
        return [output for cell in cells for output in self._run(cell)]

    def begin(self, cell: str) -> Thread:
        """Run a cell in a thread, which has what it shows."""
        return Thread(self.run, cell)

    def shut_down(self) -> tuple[int, list[str]]:
        """End the kernel; return its exit code, and what was written outside of cells."""
        process = self._started()
        self._process = None
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise AssertionError("the kernel did not end") from None
        lines = self._errors.read_text().splitlines()
        return json.loads(said), [line for line in lines if line.strip() and _EXPECTED not in line]

    def close(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self.shut_down()

    def _run(self, cell: str) -> Outputs:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{json.dumps(cell)}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, f"the kernel is gone; it said {self._errors.read_text()!r}"
        outputs: Outputs = json.loads(line)
        return outputs

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            with self._errors.open("wb") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.conformance.run_notebook"],
                    cwd=self._folder,
                    env=self.account.environment(self._folder),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    start_new_session=True,
                )
        return self._process
