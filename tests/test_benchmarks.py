from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def test_every_section_reports_positive_figures() -> None:
    """The benchmark runs to its end, quietly, and has a figure for every peer of each section."""
    for package in ("httpx", "pydantic", "requests"):
        pytest.importorskip(package)

    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.benchmarks", "--quick", "--json"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    tables = [table for group in json.loads(done.stdout)["groups"].values() for table in group]
    assert {table["section"] for table in tables} == {
        "get",
        "paced",
        "list",
        "blocking",
        "threads",
        "decode",
        "import",
    }
    for table in tables:
        ours, *peers = table["rows"]
        assert ours["seconds"] > 0
        assert peers
        assert all(row["seconds"] > 0 and row["times_as_fast"] > 0 for row in peers)
