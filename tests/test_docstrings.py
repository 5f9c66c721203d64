"""How docstrings begin."""

from __future__ import annotations

import ast
from pathlib import Path

import videsk_rooms

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
