"""The pages that are read outside of the site, and facts that pages and code both state."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

import videsk_rooms
from tests.benchmarks.worker import SECTIONS
from tests.pythons.debian import SERIES
from tests.support import ROOM
from videsk_rooms import errors
from videsk_rooms._http.retry_policy import TRANSIENT

from .blocks import DOCS, ROOT, blocks_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.any_python("words, not code")

_WRONG = sorted((DOCS / "guide").glob("when-things-go-wrong*.md"))
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#([^)]+))?\)")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_links_to_files_lead_somewhere(name: str) -> None:
    """The site's own links are checked when it is built; those of the repository's pages here."""
    links = _LINK.findall((ROOT / name).read_text(encoding="utf-8"))
    assert [target for target, _ in links if not (ROOT / target).is_file()] == []


def test_the_readme_has_the_two_commands_that_the_checks_run() -> None:
    """`.ci/run` runs each line of its blocks of sh: the demo, and the tests."""
    blocks = blocks_of((ROOT / "README.md").read_text(encoding="utf-8"))
    commands = [
        line for block in blocks if block.language == "sh" for line in block.code.split("\n")
    ]
    assert [command.split()[-1] for command in commands if command] == ["demo", "auto"]


def _badge(name: str) -> str:
    badge = (DOCS / "assets" / f"badge-{name}.svg").read_text(encoding="utf-8")
    (title,) = re.findall("<title>([^<]+)</title>", badge)
    assert badge.count(title.partition(": ")[2]) == 3  # what is read aloud is what is drawn
    return str(title)


def test_the_badges_are_true() -> None:
    """They say what pyproject.toml says, and name the newest Python that the suite is run on."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (oldest,) = re.findall(r'(?m)^requires-python = ">=([\d.]+)"$', project)
    (terms,) = re.findall(r'(?m)^license = "(\w+)"$', project)
    assert _badge("python") == f"Python: {oldest} \N{EN DASH} {SERIES[-1]}"
    assert _badge("license") == f"license: {terms}"
    # tests/test_typing.py holds both.
    assert _badge("types") == "types: mypy strict, pyright 100 %"


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    """Whoever raises the version says what is new in it."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"(?m)^## \[([^]]+)\]", text)
    assert versions[0] == videsk_rooms.__version__


def test_the_example_of_a_room_is_the_one_that_the_tests_read() -> None:
    """The published example (docs/api.md, "Objects") is decoded by tests/operations."""
    blocks = blocks_of((DOCS / "api.md").read_text(encoding="utf-8"))
    examples = [json.loads(block.code) for block in blocks if block.language == "json"]
    assert ROOM in examples


def test_every_section_of_the_benchmark_is_told() -> None:
    """docs/performance.md and `python -m tests.benchmarks` are about the same sections."""
    text = (DOCS / "performance.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^\| `(\w+)` \|", text) == list(SECTIONS)


@pytest.mark.parametrize("page", _WRONG, ids=lambda page: page.name)
def test_every_error_is_told_at_a_glance(page: Path) -> None:
    """Whoever adds an error says when it comes and what to do about it."""
    rows = re.findall(r"(?m)^\| (`\w+Error`[^|]*) \|", page.read_text(encoding="utf-8"))
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert told == set(errors.__all__) - {"VideskError"}


@pytest.mark.parametrize("page", _WRONG, ids=lambda page: page.name)
def test_every_status_that_is_tried_again_is_told(page: Path) -> None:
    """The guide on failures has the decision's own list."""
    again = re.findall(r"(?m)^\| (.*\b[45]\d\d\b[^|]*) \|", page.read_text(encoding="utf-8"))
    spans = re.findall(r"\b(\d{3})(?: (?:to|a) (\d{3}))?\b", " ".join(again[:2]))
    told = {status for first, last in spans for status in range(int(first), int(last or first) + 1)}
    assert told == TRANSIENT


def test_the_sections_that_comments_name_are_there() -> None:
    """Comments and tests point at docs/api.md by these headings."""
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^## (.+)$", text) == [
        "Access",
        "Operations",
        "On the wire",
        "Objects",
        "Errors",
        "How people use it",
    ]
