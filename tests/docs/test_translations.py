"""The Spanish pages say what the English ones say: the same sections, the same code."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from .blocks import DOCS, Block, blocks_of, with_what_is_shown

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.any_python("words, not code")

_SPANISH = sorted(DOCS.rglob("*.es.md"))


def _english(spanish: Path) -> Path:
    return spanish.with_name(spanish.name.replace(".es.md", ".md"))


def _name(page: Path) -> str:
    return str(page.relative_to(DOCS))


class _Unworded(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """Take the words out of a string, those between an f-string's braces too."""
        return ast.Constant("") if isinstance(node.value, str) else node


def _without_words(block: Block) -> str:
    """Reduce a block to what must be the same in every language."""
    if block.language == "python":
        source = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = compile(block.code, "block", "exec", source)
        assert isinstance(tree, ast.Module)
        return ast.dump(_Unworded().visit(tree))
    if block.language == "mermaid":
        return re.sub(r"(?m)(?<=: ).+$| as .+$", "", block.code)
    return re.sub(r"#.*", "", block.code)


def _code(page: Path) -> list[tuple[str, str | None, str]]:
    """List the blocks of a page; what Python prints is compared where its block is run."""
    blocks = blocks_of(page.read_text(encoding="utf-8"))
    programs = with_what_is_shown(blocks, "python")
    printed = [shown for _, shown in programs]
    if programs:  # they speak the page's language; the command line speaks English
        printed += [block for block in blocks if block.language == "text"]
    return [
        (block.language, block.title, "" if block in printed else _without_words(block))
        for block in blocks
    ]


def _sections(page: Path) -> list[int]:
    """List how deep each heading of a page is."""
    outside = page.read_text(encoding="utf-8")
    for block in blocks_of(outside):
        outside = outside.replace(block.code, "")
    return [len(marks) for marks in re.findall(r"(?m)^(#+) ", outside)]


def test_every_page_for_users_comes_in_both_languages() -> None:
    """Whoever adds a guide adds its translation; what is in English only is named here."""
    pages = {_name(page) for page in DOCS.rglob("*.md") if not page.name.endswith(".es.md")}
    untranslated = pages - {_name(_english(page)) for page in _SPANISH}
    in_english = {name for name in untranslated if name.startswith("reference/")}
    in_english |= {"api.md", "architecture.md", "performance.md", "where-it-runs.md"}
    in_english |= {name for name in untranslated if name.startswith("decisions/")}
    in_english |= {"changelog.md", "contributing.md", "releasing.md"}
    assert untranslated == in_english


@pytest.mark.parametrize("spanish", _SPANISH, ids=_name)
def test_both_languages_show_the_same_code(spanish: Path) -> None:
    """A block differs in comments and strings at most."""
    assert _code(spanish) == _code(_english(spanish))


@pytest.mark.parametrize("spanish", _SPANISH, ids=_name)
def test_both_languages_have_the_same_sections(spanish: Path) -> None:
    """What is told in one language is told in the other."""
    assert _sections(spanish) == _sections(_english(spanish))
