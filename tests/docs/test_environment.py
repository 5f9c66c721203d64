"""docs/environment.md against the variables that the package reads."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from videsk_rooms._http.environment import read_environment

from .blocks import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = sorted(DOCS.glob("environment*.md"))

# urllib and rich read these, so that no line of the package names them.
_READ_BY_LIBRARIES = {"ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "NO_COLOR"}
_READERS = {"environ.get", "getenv", "_named"}
_PROXY = "http://proxy.example:3128"


def _documented(page: Path) -> set[str]:
    return set(re.findall(r"(?m)^\| `([A-Z_]+)` \|", page.read_text(encoding="utf-8")))


def _read_by_the_code() -> Iterator[str]:
    for file in (ROOT / "videsk_rooms").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield from _variable(node)


def _variable(node: ast.AST) -> Iterator[str]:
    name: ast.AST | None = None
    if isinstance(node, ast.Call) and node.args:
        called = ast.unparse(node.func)
        if called.removeprefix("os.") in _READERS:
            name = node.args[0]
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
        name = node.slice
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield name.value


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_lists_the_variables_that_the_code_reads(page: Path) -> None:
    """Whoever reads another variable documents it."""
    assert _documented(page) == {*_read_by_the_code(), *_READ_BY_LIBRARIES}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_is_taken_from_each_variable(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In upper and in lower case; `NO_PROXY` excludes a host."""
    for name in (*_READ_BY_LIBRARIES, *(each.lower() for each in _READ_BY_LIBRARIES)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, _PROXY)

    def proxy() -> str | None:
        url = "https://api.videsk.io"
        return read_environment(url, trusted=True, has_proxy=False, has_ssl=True).proxy

    assert proxy() == _PROXY
    monkeypatch.setenv("NO_PROXY", "videsk.io")
    assert proxy() is None
