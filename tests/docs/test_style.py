"""Pages are plain: short sentences, the field's words (docs/contributing.md, "Style")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .blocks import DOCS, ROOT
from .prose import BANNED, sentences, text_of, words
from .words import language_of

if TYPE_CHECKING:
    from pathlib import Path

# The changelog is a list, and a decision is kept as it was written.
pytestmark = pytest.mark.any_python("words, not code")

_PAGES = [
    ROOT / "README.md",
    *(
        page
        for page in sorted(DOCS.rglob("*.md"))
        if page.name != "changelog.md" and page.parent.name != "decisions"
    ),
]

# Words of a sentence: on average over a page, and in the longest.
_MEAN = {"en": 13, "es": 14}
_LONGEST = {"en": 32, "es": 36}

_EXTERNAL_ID = re.compile(r"external_?id", re.IGNORECASE)
_NAME = {
    "en": re.compile(r"(?<!display )\bnam(?:e|es|ed)\b", re.IGNORECASE),
    "es": re.compile(r"\bnombr(?:e|es|ada|ado)\b(?! visible)", re.IGNORECASE),
}


def _relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _without_code(text: str) -> str:
    return re.sub(r"(`+).+?\1", "``", text)


@pytest.mark.parametrize("page", _PAGES, ids=_relative)
def test_sentences_are_short(page: Path) -> None:
    """On average and each; code in a sentence counts as one word."""
    language = language_of(page)
    lengths = {sentence: len(words(sentence)) for sentence in sentences(_read(page))}
    too_long = [sentence for sentence, length in lengths.items() if length > _LONGEST[language]]
    assert too_long == []
    assert sum(lengths.values()) <= _MEAN[language] * len(lengths)


@pytest.mark.parametrize("page", _PAGES, ids=_relative)
def test_words_are_the_fields(page: Path) -> None:
    """Of a metaphor, the message says what to write in its place."""
    text = " ".join(_without_code(text_of(_read(page))).split())
    found = [
        f"{match[0]!r}: write {instead}"
        for banned, instead in BANNED[language_of(page)].items()
        for match in re.finditer(rf"\b(?:{banned})\b", text, re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("page", _PAGES, ids=_relative)
def test_an_external_id_is_an_id(page: Path) -> None:
    """A name is the display name, which no request looks a room up by."""
    name = _NAME[language_of(page)]
    confused = [
        sentence
        for sentence in sentences(_read(page))
        if _EXTERNAL_ID.search(sentence) and name.search(_without_code(sentence))
    ]
    assert confused == []


@pytest.mark.parametrize("page", _PAGES, ids=_relative)
def test_no_line_becomes_a_heading_by_where_it_is_wrapped(page: Path) -> None:
    """Python-Markdown needs no space after `#`, so `#305` at the start of a line is one."""
    prose = re.sub(r"^( *)(```+).*?^\1\2$", "", _read(page), flags=re.DOTALL | re.MULTILINE)
    assert re.findall(r"^#+[^# ].*", prose, re.MULTILINE) == []


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("Calls wait in line for it.\n", "wait in line"),
        ("# Title\n\nIt gets a room of its own.\n", "of its own"),
    ],
)
def test_a_metaphor_is_found(page: str, found: str) -> None:
    """Of prose and of headings; the check itself can fail."""
    text = _without_code(text_of(page))
    assert any(
        match[0].endswith(found)
        for banned in BANNED["en"]
        for match in re.finditer(rf"\b(?:{banned})\b", text)
    )


def test_sentences_are_split_where_a_reader_splits_them() -> None:
    """At full stops, list items, headings and tables; not in code or at a link."""
    page = (
        "---\nhide: [toc]\n---\n\n# Title\n\nOne [two](three.md). `Four` five!\n\n"
        "- six\n  seven\n- eight `x. Y` nine\n\n| ten |\n|---|\n\n```python\nprint('no')\n```\n"
    )
    expected = ["One two.", "`Four` five!", "six seven", "eight `x. Y` nine"]
    assert sentences(page) == expected
    assert [len(words(each)) for each in expected] == [2, 2, 2, 3]
