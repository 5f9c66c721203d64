"""Scripts in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, TypedDict

from videsk_rooms._pacing._store import rule_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videsk_rooms._pacing._limit import Limit

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


class Environment(TypedDict):
    """Where a process of this tree runs."""

    cwd: Path
    env: dict[str, str]


def environment() -> Environment:
    """Have a process import this tree."""
    return {"cwd": ROOT, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a script that imports this tree; warnings are errors there too."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **environment(),
    )


def finished(process: subprocess.Popen[str]) -> str:
    """Wait for a script to end well; return what it printed."""
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    return output


def run(script: str, *arguments: object) -> str:
    """Run a script; return what it printed."""
    return finished(started(script, *arguments))


def check_paced(slots: Sequence[int], limit: Limit) -> None:
    """Check that no window of promised departures holds more than the limit."""
    rule = rule_of(limit)
    assert len(set(slots)) == len(slots)
    in_order = sorted(slots)
    for earlier, later in zip(in_order, in_order[limit.requests :], strict=False):
        assert later - earlier >= rule.window
