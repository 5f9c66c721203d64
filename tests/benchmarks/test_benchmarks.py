from __future__ import annotations

import json
import shutil
from importlib.util import find_spec

import pytest

from tests.benchmarks.worker import NEEDED, SECTIONS
from tests.docs.blocks import ROOT
from tests.support import printed_by

pytestmark = [
    pytest.mark.skipif(
        any(find_spec(package) is None for package in NEEDED), reason="the extra bench is missing"
    ),
    pytest.mark.any_python("what is measured is measured with the newest packages"),
]


def test_every_section_reports_positive_figures() -> None:
    """The benchmark runs to its end, quietly, and has a figure for every peer of each section."""
    printed = printed_by("-m", "tests.benchmarks", "--quick", "--json", cwd=ROOT)

    tables = [table for group in json.loads(printed)["groups"].values() for table in group]
    assert {table["section"] for table in tables} == set(SECTIONS)
    for table in tables:
        ours, *peers = table["rows"]
        assert ours["cost"] > 0
        assert peers
        assert all(row["cost"] > 0 and row["ratio"] > 0 for row in peers)


def test_the_profile_sees_the_thread_of_the_loop() -> None:
    """The profile tells what layers do, also in the thread that the blocking client has."""
    printed = printed_by("-m", "tests.benchmarks.profile", "--quick", cwd=ROOT)

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


# Valgrind takes some 40 seconds for it, and many times as long beside other tests.
@pytest.mark.timeout(400)
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is missing")
def test_instructions_of_a_call_are_counted() -> None:
    """The count sees what a call costs: bare aiohttp's is positive, without the interpreter's."""
    command = ["-m", "tests.benchmarks.instructions", "--quick", "aiohttp"]
    printed = printed_by(*command, cwd=ROOT, patience=380)

    title, counted = printed.strip().splitlines()
    assert title == "get of a room, awaited"
    assert 50 < int(counted.split()[1].replace(",", "")) < 50_000
