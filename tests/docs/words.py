"""How long each page is, and how easy to read: `python -m tests.docs.words [PAGE ...]`.

Reading ease is Flesch's for English and Fernández Huerta's for Spanish: 60 to 70 is plain, below 50
is hard. Syllables are counted by groups of vowels. Code, tables and headings are left out.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from .blocks import PAGES, ROOT, blocks_of
from .prose import sentences, words

if TYPE_CHECKING:
    from pathlib import Path

_GROUP = {
    "en": re.compile(r"[aeiouy]+"),
    "es": re.compile(r"[iuü]?[aeoáéó][iuy]?|[iuü]+|[íúy]"),
}


def language_of(page: Path) -> str:
    """Tell the language of a page by its file."""
    return "es" if page.name.endswith(".es.md") else "en"


def ease(page: str, language: str) -> float:
    """Rate how easy a page is to read."""
    found = [words(sentence) for sentence in sentences(page)]
    said = [word for sentence in found for word in sentence]
    if not said:
        return 0.0
    syllables = sum(_syllables(word, language) for word in said) / len(said)
    length = len(said) / len(found)
    if language == "es":
        return 206.84 - 60 * syllables - 1.02 * length
    return 206.835 - 84.6 * syllables - 1.015 * length


def _syllables(word: str, language: str) -> int:
    letters = word.lower()
    if language == "en" and len(letters) > 3:
        letters = re.sub(r"(?:[^laeiouy]e|[^aeiouydt]ed)$", "", letters)
    return max(1, len(_GROUP[language].findall(letters)))


def _line(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    code = sum(len(block.code.split()) for block in blocks_of(text))
    total, lengths = len(text.split()), [len(words(each)) for each in sentences(text)]
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    return (
        f"{page.relative_to(ROOT).as_posix():48} {total:6} {total - code:6} {mean:6.1f} "
        f"{max(lengths, default=0):6} {ease(text, language_of(page)):6.0f}"
    )


if __name__ == "__main__":
    print(f"{'page':48} {'words':>6} {'prose':>6} {'mean':>6} {'most':>6} {'ease':>6}")
    for one in [ROOT / name for name in sys.argv[1:]] or PAGES:
        print(_line(one))
