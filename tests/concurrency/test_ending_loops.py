"""The limit of one client in several loops, of which some end in the middle of a call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.concurrency.ending_loops import PROGRAMS

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

_PROGRAM = "import sys; from tests.concurrency.ending_loops import main; main(*sys.argv[1:])"


@pytest.mark.parametrize("how", ["closed", "stopped"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_others_go_on(sandbox: Sandbox, program: str, how: str) -> None:
    """Nobody waits for a loop that does not run any more."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, program, sandbox.url, sandbox.api_token, how],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
