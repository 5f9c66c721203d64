"""docs/not-offered.md: each row has a standing, and both languages have the same rows."""

from __future__ import annotations

import re

import pytest

from .blocks import DOCS

pytestmark = pytest.mark.any_python("words, not code")

STANDINGS = {
    "not-offered.md": ("published", "documented", "not documented", "advertised", "unknown"),
    "not-offered.es.md": (
        "publicado",
        "documentado",
        "límite documentado",
        "no documentado",
        "anunciado",
        "se desconoce",
    ),
}


def _rows(name: str) -> list[list[str]]:
    lines = re.findall(r"(?m)^\| (?!---|missing|falta)(.+) \|$", (DOCS / name).read_text("utf-8"))
    return [line.split(" | ") for line in lines if not line.startswith("---")]


@pytest.mark.parametrize("name", STANDINGS)
def test_every_row_has_a_standing_and_an_alternative(name: str) -> None:
    """The words are those of docs/api.md, and one for what is only promised."""
    rows = _rows(name)
    assert {len(row) for row in rows} == {3}
    assert [row for row in rows if not row[1].startswith(STANDINGS[name])] == []
    assert all(row[2] for row in rows)


def test_both_languages_have_the_same_rows() -> None:
    """As far as code and numbers tell."""
    english, spanish = (
        [re.findall(r"`[^`]+`|\d+", " | ".join(row)) for row in _rows(name)] for name in STANDINGS
    )
    assert spanish == english
