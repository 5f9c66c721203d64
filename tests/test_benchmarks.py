from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks.worker import NEEDED, SECTIONS

pytestmark = pytest.mark.skipif(
    any(find_spec(package) is None for package in NEEDED), reason="the extra bench is missing"
)


def test_every_section_reports_positive_figures() -> None:
    """The benchmark runs to its end, quietly, and has a figure for every peer of each section."""
    printed = _run("tests.benchmarks", "--quick", "--json")

    tables = [table for group in json.loads(printed)["groups"].values() for table in group]
    assert {table["section"] for table in tables} == set(SECTIONS)
    for table in tables:
        ours, *peers = table["rows"]
        assert ours["cost"] > 0
        assert peers
        assert all(row["cost"] > 0 and row["ratio"] > 0 for row in peers)


def test_the_profile_sees_the_thread_of_the_loop() -> None:
    """The profile tells what layers do, also in the thread that the blocking client has."""
    printed = _run("tests.benchmarks.profile", "--quick")

    tables = [text.splitlines() for text in printed.split("\n\n") if "steps\n" in text]
    assert [lines[0].split("  ")[0] for lines in tables] == [
        "bare aiohttp + json",
        "awaited get",
        "blocking get",
    ]
    for lines in tables:
        steps = {line.split()[0]: int(line.split()[-1]) for line in lines[1:-1]}
        assert steps["aiohttp"] > 0
        ours = sum(steps[layer] for layer in steps if layer.startswith("videsk_rooms."))
        assert (ours > 0) == lines[0].startswith(("awaited", "blocking"))


def _run(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", module, *arguments],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
