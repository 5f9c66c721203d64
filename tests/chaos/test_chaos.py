"""The chaos, smaller: the same commands with fewer calls."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from .crew import CHECKED, ROOT, UNCHECKED_MEMORY

pytestmark = pytest.mark.any_python("what it adds up, other tests show one by one on every Python")

# Only ends a run that hangs past its own patience.
_PATIENCE = 170


def chaos(mode: str, *, creates: int, seed: int) -> dict[str, Any]:
    """Run one mode to its end, under Python's own checks, and return its report."""
    arguments = ("--mode", mode, "--creates", str(creates), "--seed", str(seed), "--json")
    done = subprocess.run(
        [*CHECKED, "-m", "tests.chaos", *arguments],
        cwd=ROOT,
        env={**os.environ, **UNCHECKED_MEMORY},
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    told = f"python -m tests.chaos {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    assert (done.returncode, done.stderr) == (0, ""), told
    (report,) = json.loads(done.stdout)
    assert isinstance(report, dict)
    assert report["findings"] == [], told
    assert len(report["faults"]) == 10, f"not every kind of fault came up: {told}"
    return report


def test_every_awaited_caller_gets_its_room() -> None:
    """No room is lost or made twice, no error lies, nothing is left open; some calls cancelled."""
    report = chaos("awaited", creates=300, seed=11)
    assert report["figures"]["rooms"] == 300
    assert report["figures"]["ended"] > 0
    assert report["figures"]["interrupted"] > 0
    assert_much_went_wrong(report)


def test_every_caller_of_16_threads_gets_its_room() -> None:
    """The same through the blocking client."""
    # So many that some calls end with an outcome that is known: one or two of 300 do.
    report = chaos("threads", creates=1_000, seed=12)
    assert report["figures"]["rooms"] == 1_000
    assert report["figures"]["ended"] > 0
    assert report["figures"]["threads"] == 16
    assert_much_went_wrong(report)


def test_the_work_of_killed_processes_is_done_once() -> None:
    """One room a job, though processes are killed at work and start again."""
    report = chaos("killed", creates=300, seed=13)
    assert report["figures"]["rooms"] == 300
    assert report["figures"]["kills"] > 0


def test_an_import_that_is_killed_makes_each_room_once() -> None:
    """A room a row and a result for each, though the process is killed twice and starts again."""
    report = chaos("imported", creates=150, seed=15)
    assert report["figures"]["rooms"] == 150
    assert report["figures"]["kills"] == 2


def test_racing_callers_all_get_the_one_room() -> None:
    """200 callers in 4 processes: one room and 200 results, without faults and with them."""
    report = chaos("raced", creates=400, seed=14)
    assert (report["figures"]["callers"], report["figures"]["rounds"]) == (200, 2)
    assert (report["figures"]["results"], report["figures"]["rooms"]) == (400, 2)
    assert report["figures"]["creates refused by 409"] > 0, "nobody raced"


def assert_much_went_wrong(report: dict[str, Any]) -> None:
    """Chaos in which callers see no trouble would show nothing."""
    assert {"1", "2", "3"} <= report["attempts"]["rooms.create"].keys()
    seen = report["errors"]["create"]
    assert any(kind.endswith("unknown") for kind in seen), seen
    assert not all(kind.endswith("unknown") for kind in seen), seen
