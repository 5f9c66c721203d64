"""docs/errors: a page for each error, which the error's text links to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from videsk_rooms import errors

from .blocks import DOCS
from .stage import printed_and_shown

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = DOCS / "errors"
ENDINGS = (".md", ".es.md")
SECTIONS = {
    ".md": ["Was the request processed?", "Common causes", "What to do", "Attributes", "Example"],
    ".es.md": ["¿Se procesó la solicitud?", "Causas comunes", "Qué hacer", "Atributos", "Ejemplo"],
}
TREES = (FOLDER / "index.md", FOLDER / "index.es.md", DOCS / "reference" / "errors.md")

# What is never the same: where a sandbox listens (a page shows the API's address), and times.
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d{4,}")
_SECONDS = re.compile(r"\b\d+(?:\.\d+)? s\b")
_SECTION = re.compile(r"(?m)^## (.+?)(?: \{#.+\})?$")
_BRANCH = re.compile(r"(?m)^( *)- \[`(\w+)`\]\((?:\.\./errors/)?(\w+)\.md\)")


def _comparable(printed: str) -> str:
    """Take out what is never the same, and the line breaks that a page has for being read."""
    printed = _ADDRESS.sub("https://api.videsk.io", printed)
    return " ".join(_SECONDS.sub("<seconds>", printed).split())


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.name)
@pytest.mark.usefixtures("account")
def test_a_page_shows_all_that_its_code_prints(page: Path) -> None:
    """From top to bottom; the texts of errors are those that one sees."""
    for printed, shown in printed_and_shown(page):
        assert _comparable(printed) == _comparable(shown.code if shown else "")


def test_every_error_has_a_page_in_both_languages() -> None:
    """And no page is left of an error that is no more."""
    names = ["index", *errors.__all__]
    expected = {f"{name}{ending}" for name in names for ending in ENDINGS}
    assert {page.name for page in FOLDER.iterdir()} == expected


@pytest.mark.parametrize("name", errors.__all__)
@pytest.mark.parametrize("ending", ENDINGS)
def test_all_pages_have_the_same_sections(name: str, ending: str) -> None:
    """In the same order; only the page of all API errors lists their attributes."""
    expected = list(SECTIONS[ending])
    if name != "APIError":
        expected.pop(3)
    page = FOLDER / f"{name}{ending}"
    assert _SECTION.findall(page.read_text(encoding="utf-8")) == expected


@pytest.mark.parametrize("page", TREES, ids=lambda page: page.name)
def test_the_tree_is_that_of_the_code(page: Path) -> None:
    """Each error is in it once, under one of its bases, and links to its page."""
    branches = _BRANCH.findall(page.read_text(encoding="utf-8"))
    assert sorted(name for _, name, _ in branches) == sorted(errors.__all__)
    above: list[str] = []
    for indentation, name, target in branches:
        assert target == name
        del above[len(indentation) // 4 :]
        if above:
            assert getattr(errors, above[-1]) in getattr(errors, name).__bases__
        above.append(name)
