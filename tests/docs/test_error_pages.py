"""docs/errors: a page for each error, which the error's text links to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from videsk_rooms import errors

from .blocks import DOCS, with_what_is_shown
from .stage import story

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = DOCS / "errors"
LANGUAGES = {"en": ".md", "es": ".es.md"}

# What is never the same: where a sandbox listens (a page shows the API's address), and times.
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d{4,}")
_SECONDS = re.compile(r"\d+(?:\.\d+)? s\b")


def _comparable(shown: str) -> str:
    """Take out what is never the same, and the line breaks that a page has for being read."""
    shown = _ADDRESS.sub("https://api.videsk.io", shown)
    return " ".join(_SECONDS.sub("<time>", shown).split())


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.name)
@pytest.mark.usefixtures("account")
def test_a_page_shows_what_its_code_prints(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From top to bottom; the texts of errors are those that one sees."""
    with story(str(page)) as told:
        for block, shown in with_what_is_shown(page.read_text(encoding="utf-8"), "python"):
            told.run(block)
            came = capsys.readouterr().out
            assert _comparable(came) == _comparable(shown.code if shown else "")


@pytest.mark.parametrize("ending", LANGUAGES.values(), ids=LANGUAGES)
def test_every_error_has_a_page(ending: str) -> None:
    """And no page is left of an error that is no more."""
    pages = {page.name for page in FOLDER.glob("*.md") if page.name.endswith(ending)}
    if ending == ".md":
        pages = {page for page in pages if not page.endswith(".es.md")}
    assert pages == {f"{name}{ending}" for name in ["index", *errors.__all__]}


def _drawn(text: str) -> dict[str, str | None]:
    """Read a tree of errors as it is drawn: each error, and the one that it hangs on."""
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        for name in re.finditer(r"\w+Error\b", line.partition("  (")[0]):
            branch = line.rfind("── ", 0, name.start())
            while above and above[-1][0] >= branch:
                above.pop()
            parents[name[0]] = above[-1][1] if above else None
            above.append((branch, name[0]))
    return parents


@pytest.mark.parametrize("ending", LANGUAGES.values(), ids=LANGUAGES)
def test_the_tree_is_that_of_the_code(ending: str) -> None:
    """Each error hangs on the base that stands last among its own: it is drawn once."""
    page = (FOLDER / f"index{ending}").read_text(encoding="utf-8")
    (drawn,) = re.findall(r"(?s)```text\n(VideskError\n.*?)```", page)
    code = {name: getattr(errors, name) for name in errors.__all__}
    own = {name: [base.__name__ for base in kind.__bases__] for name, kind in code.items()}
    found = _drawn(drawn)
    assert found.keys() == code.keys()
    assert found.pop("VideskError") is None
    assert {name: parent for name, parent in found.items() if parent not in own[name]} == {}


@pytest.mark.parametrize("ending", LANGUAGES.values(), ids=LANGUAGES)
def test_every_error_is_told_in_a_line(ending: str) -> None:
    """The table of the index links each to its page."""
    page = (FOLDER / f"index{ending}").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| \[`(\w+)`\]\((\w+)\.md\) \|", page)
    assert sorted(rows) == [(name, name) for name in sorted(errors.__all__)]


def test_the_reference_links_to_every_page() -> None:
    """Whoever looks up what an error carries finds what to do about it."""
    page = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    assert set(errors.__all__) <= set(re.findall(r"\(\.\./errors/(\w+)\.md\)", page))
