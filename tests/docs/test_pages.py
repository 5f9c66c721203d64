"""The pages that are read outside of the site, and facts that pages and code both state."""

from __future__ import annotations

import json
import re

import pytest

import videsk_rooms
from tests.support import ROOM

from .blocks import DOCS, ROOT, blocks_of

_LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#([^)]+))?\)")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_links_to_files_lead_somewhere(name: str) -> None:
    """The site's own links are checked when it is built; those of the repository's pages here."""
    links = _LINK.findall((ROOT / name).read_text(encoding="utf-8"))
    assert [target for target, _ in links if not (ROOT / target).is_file()] == []


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    """Whoever raises the version says what is new in it."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"(?m)^## \[([^]]+)\]", text)
    assert versions[0] == videsk_rooms.__version__


def test_the_example_of_a_room_is_the_one_that_the_tests_read() -> None:
    """The published example (docs/api.md, "Objects") is decoded by tests/test_operations.py."""
    blocks = blocks_of((DOCS / "api.md").read_text(encoding="utf-8"))
    examples = [json.loads(block.code) for block in blocks if block.language == "json"]
    assert ROOM in examples


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
