"""docs/architecture.md against the package that it describes."""

from __future__ import annotations

import re

import pytest

from videsk_rooms._ratelimit import latency, limiter, schedule

from .blocks import DOCS, ROOT

pytestmark = pytest.mark.any_python("words, not code")

PACKAGE = ROOT / "videsk_rooms"
PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")


def parts() -> set[str]:
    """Name the modules and packages directly in the package, as the page does."""
    modules = {path.stem for path in PACKAGE.glob("*.py") if path.name != "__init__.py"}
    return modules | {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}


def test_every_layer_has_its_row() -> None:
    """Whoever adds a module or a package says on the page what it is."""
    section = PAGE.partition("\n## The layers\n")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `([\w/]+)` \|", section, re.MULTILINE))
    assert rows | {"sandbox/", "dev/"} == parts()


def test_files_that_the_page_sends_to_are_there() -> None:
    """Whoever moves a file corrects the page."""
    named = re.findall(r"`((?:[\w]+/)*\w+\.py)`", PAGE)
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_no_page_of_a_decision_is_longer_than_a_screen() -> None:
    """A decision says what was decided and why, and no more."""
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    assert [
        page.name for page in pages if len(page.read_text(encoding="utf-8").split()) > 500
    ] == []


def test_the_numbers_of_the_rate_limit_are_the_codes() -> None:
    """Whoever changes one says so where it is explained."""
    page = (DOCS / "decisions" / "0033-rate-limit-by-answers.md").read_text(encoding="utf-8")
    decision = " ".join(page.partition("**Figures.**")[0].split())
    for phrase in (
        f"{latency.LATE_FACTOR} times what trips vary by, plus {latency.LATE_BASE * 1000:.0f} ms",
        f"in the last {1 + schedule.TICK} s",
        f"the least of {latency.SAMPLES}",
        f"(of fewer than {latency.FEW},",
        f"pauses everybody for {limiter.FIRST_PAUSE} s",
    ):
        assert phrase in decision
