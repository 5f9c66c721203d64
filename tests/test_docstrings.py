"""Docstrings and comments: how they begin, and their words (docs/contributing.md, "Style")."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import videsk_rooms
from tests.docs.prose import BANNED

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(videsk_rooms.__file__).parent
NOT_FIRST = {"Let", "Lets", "Tell", "Tells", "What"}


def docstrings() -> list[tuple[str, str]]:
    """Return each docstring of the package, with where it stands."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (f"{path.relative_to(PACKAGE)}:{getattr(node, 'name', '')}", text)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, kinds) and (text := ast.get_docstring(node))
    ]


def test_a_docstring_says_what_it_is_or_does() -> None:
    """A function "returns", a class is named by a noun."""
    found = docstrings()
    assert len(found) > 500
    assert [where for where, text in found if text.split()[0] in NOT_FIRST] == []


def comments() -> list[tuple[str, str]]:
    """Return each comment of the package, with where it stands; adjacent lines are one comment."""
    found = []
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in {".py", ".js", ".css"}:
            source = path.read_text(encoding="utf-8")
            read = _in_python if path.suffix == ".py" else _in_a_script
            found += [(f"{path.relative_to(PACKAGE)}:{line}", text) for line, text in read(source)]
    return found


def _in_python(source: str) -> Iterator[tuple[int, str]]:
    block: list[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            if block and line != last + 1:
                yield last, " ".join(block)
                block = []
            block.append(token.string.lstrip("# "))
            last = line
    if block:
        yield last, " ".join(block)


def _in_a_script(source: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"/\*.*?\*/|(?:(?:^|\s)//[^\n]*\s*)+", source, re.DOTALL):
        text = re.sub(r"^\s*(?:/\*+|\*|//)|\*/$", "", match[0].strip(), flags=re.MULTILINE)
        yield source.count("\n", 0, match.start()) + 1, text


def test_words_are_the_fields() -> None:
    """Those of a comment as those of a page; the message says what to write instead."""
    texts = docstrings() + comments()
    assert len(texts) > 2000
    found = [
        f"{where}: {match[0]!r}: write {instead}"
        for where, text in texts
        for banned, instead in BANNED["en"].items()
        for match in re.finditer(rf"\b(?:{banned})\b", _without_code(text), re.IGNORECASE)
    ]
    assert found == []


def _without_code(text: str) -> str:
    return re.sub(r"(`+).+?\1", "``", " ".join(text.split()))
