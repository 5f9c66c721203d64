"""docs/where-it-runs.md against the marks of the tests that it tells of."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conformance.matrix import WHATS, Cell, Matrix

from .blocks import DOCS, ROOT

pytestmark = pytest.mark.any_python("words, not code")

PAGE = (DOCS / "where-it-runs.md").read_text(encoding="utf-8")


def _rows(first: str) -> list[list[str]]:
    """Read the table whose head begins so, without the line under its head."""
    table = PAGE.partition(f"\n| {first} |")[2].partition("\n\n")[0]
    lines = f"| {first} |{table}".splitlines()
    rows = [[each.strip() for each in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def test_the_page_has_the_places_and_cells_that_tests_are_marked_with() -> None:
    """Whoever adds a place, or shows something more of one, says so; and nothing else is said."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance", "--marks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    head, *rows = _rows("place")
    assert head == ["place", *WHATS]
    told = [
        [place, what]
        for place, *signs in rows
        for what, sign in zip(WHATS, signs, strict=True)
        if sign
    ]
    assert sorted(told) == sorted(json.loads(done.stdout))


def test_every_column_is_explained() -> None:
    """In the order in which they stand."""
    assert [row[0] for row in _rows("column")[1:]] == list(WHATS)


@pytest.fixture
def matrix() -> Matrix:
    """What three tests of two places found."""
    matrix = Matrix()
    matrix.add(Cell("uvicorn", "calls"), passed=True)
    matrix.add(Cell("cron", "at once"), passed=False)
    matrix.add(Cell("cron", "at once"), passed=True)
    return matrix


def test_a_cell_has_a_tick_if_all_of_its_tests_passed(matrix: Matrix) -> None:
    """A cross if not, and nothing if there were none."""
    _, cron, uvicorn = matrix.rows()
    assert cron == ("cron", "", "✗", "", "", "")
    assert uvicorn == ("uvicorn", "✓", "", "", "", "")


def test_the_table_on_the_page_is_what_is_printed(matrix: Matrix) -> None:
    """`--markdown` writes its head, and rows like its rows."""
    head, line, cron, _ = matrix.as_markdown().splitlines()
    assert f"\n{head}\n{line}\n| " in PAGE
    assert cron == "| cron | | ✗ | | | |"
