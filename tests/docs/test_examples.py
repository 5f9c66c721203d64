"""What the documents and docstrings show, run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from videsk_rooms import AsyncRooms, AsyncVidesk, Videsk
from videsk_rooms.sandbox import ApiTokens, Faults, RequestLog, Sandbox

from .blocks import (
    EXAMPLES,
    PAGES,
    ROOT,
    Block,
    blocks_of,
    by_form,
    public_docstrings,
    public_methods,
)
from .stage import NAMES_IN_DOCSTRINGS, printed_and_shown, story

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark import ParameterSet

_EXAMPLE = re.compile(r"\]\((?:\.\./)?examples/([^)]+)\)")

LANGUAGES = {
    *("console", "csv", "docker", "html", "ini", "js"),
    *("json", "mermaid", "python", "sh", "text", "yaml"),
}


def _python(text: str) -> list[Block]:
    return [block for block in blocks_of(text) if block.language == "python"]


def _pages_with_code() -> list[Path]:
    """Find the pages to run; those of errors are run in test_error_pages.py."""
    pages = [page for page in PAGES if page.parent.name != "errors"]
    return [page for page in pages if _python(page.read_text(encoding="utf-8"))]


def _docstrings_with_code() -> dict[str, str]:
    return {name: text for name, text in public_docstrings().items() if _python(text)}


def _relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _once_a_language(page: Path) -> ParameterSet:
    translated = page.name.endswith(".es.md")
    why = pytest.mark.any_python("its code is that of the English page, see test_translations.py")
    return pytest.param(page, id=_relative(page), marks=[why] if translated else [])


@pytest.mark.parametrize("page", [_once_a_language(page) for page in _pages_with_code()])
@pytest.mark.usefixtures("account")
def test_the_code_of_a_page_runs_from_top_to_bottom(
    page: Path, request: pytest.FixtureRequest
) -> None:
    """Whoever types a page block by block sees no error, no warning, and what the page shows."""
    if "generated_rooms" in page.read_text(encoding="utf-8"):
        request.getfixturevalue("generated_rooms")
    for printed, shown in printed_and_shown(page):
        if shown is not None:
            assert by_form(printed) == by_form(shown.code), f"line {shown.line}"


@pytest.mark.parametrize("name", _docstrings_with_code())
def test_the_example_of_a_docstring_runs(name: str, account: Sandbox) -> None:
    """Whoever copies an example out of help() sees no error and no warning."""
    with story(f"docstring of {name}", sandbox=account, **NAMES_IN_DOCSTRINGS) as told:
        for block in _python(public_docstrings()[name]):
            told.run(block)


@pytest.mark.parametrize(
    "kind", [AsyncVidesk, AsyncRooms, Videsk, Sandbox, Faults, RequestLog, ApiTokens]
)
def test_every_method_shows_an_example(kind: type) -> None:
    """A method that is called by users is shown being called."""
    lacking = [
        name for name, method in public_methods(kind) if not _python(str(method.__doc__ or ""))
    ]
    assert lacking == []


@pytest.mark.parametrize("page", PAGES, ids=_relative)
def test_every_block_of_a_page_says_its_language(page: Path) -> None:
    """No code hides from this suite in a block without a language, or in one misspelt."""
    found = {block.language for block in blocks_of(page.read_text(encoding="utf-8"))}
    assert found <= LANGUAGES


def test_every_example_is_shown_as_it_is() -> None:
    """What a page shows of `docs/examples` is what the tests start, or is linked as a file."""
    pages = [page for page in PAGES if not page.name.endswith(".es.md")]
    blocks = [block for page in pages for block in blocks_of(page.read_text(encoding="utf-8"))]
    shown = {block.example: block.code for block in blocks if block.example}
    assert shown == {file: file.read_text(encoding="utf-8") for file in shown}
    links = {link for page in pages for link in _EXAMPLE.findall(page.read_text("utf-8"))}
    offered = {*shown, *(EXAMPLES / link for link in links)}
    assert {file for file in EXAMPLES.glob("*.py") if file not in offered} == set()
