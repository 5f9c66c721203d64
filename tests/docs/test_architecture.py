"""docs/architecture.md against the files that it tells of."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

import videsk_rooms
from videsk_rooms._ratelimit.limit import _LONGEST_GAP as LONGEST_GAP
from videsk_rooms._ratelimit.limit import SPREAD
from videsk_rooms._ratelimit.store import LATE, MARGIN

from .blocks import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = ROOT / "videsk_rooms"
SANDBOX = PACKAGE / "sandbox"

_ROW = re.compile(r"\| `([\w./]+)` \| ([^|]+) \|(?: ([^|]+) \|)?")
_CODE = re.compile(r"`([^`]+)`")


def _rows(heading: str) -> dict[str, str]:
    """Read a table: its first column to its last."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {row[1]: row[3] or row[2] for row in _ROW.finditer(section)}


def _files(folder: Path) -> dict[str, list[Path]]:
    """Name what is in a folder as the tables do, with the files of each."""
    found = {path.name: [path] for path in folder.glob("*.py") if path.name != "__init__.py"}
    for inner in folder.iterdir():
        if (inner / "__init__.py").exists():
            found[f"{inner.name}/"] = sorted(inner.rglob("*.py"))
    return found


def _imported_at_once(path: Path) -> set[str]:
    """Find the modules that importing a file imports itself, not those for types or for later."""
    return set(_imports(path, ast.parse(path.read_text(encoding="utf-8")).body))


def _imports(path: Path, body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield from _imported_from(path, statement)
        elif isinstance(statement, ast.Try | ast.If) and not _for_types(statement):
            yield from _imports(path, statement.body + statement.orelse)


def _for_types(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test)


def _imported_from(path: Path, statement: ast.ImportFrom) -> Iterator[str]:
    home = statement.module or ""
    if statement.level:
        package = path.relative_to(ROOT).parts[: -statement.level]
        home = ".".join((*package, *home.split("."))).rstrip(".")
    if home != PACKAGE.name:
        yield home
        return
    for alias in statement.names:
        # What is no file is a public name of the package.
        yield f"{home}.{alias.name}" if _is_file(alias.name) else home


def _is_file(name: str) -> bool:
    return (PACKAGE / f"{name}.py").exists() or (PACKAGE / name).is_dir()


def _neighbours(name: str, files: list[Path]) -> set[str]:
    """Find the files beside a file that it imports, as the table names them."""
    own = name.removesuffix(".py").removesuffix("/")
    modules = {module.split(".")[1] for path in files for module in _dotted(path)}
    public = set(videsk_rooms.__all__)  # a name of the package's face, not a file's
    return modules - public - {own}


def _dotted(path: Path) -> Iterator[str]:
    return (name for name in _imported_at_once(path) if name.startswith(f"{PACKAGE.name}."))


def test_every_file_has_its_row() -> None:
    """Whoever adds or renames a file tells of it in the table."""
    assert _rows("The files").keys() == _files(PACKAGE).keys()


def test_every_file_of_the_sandbox_has_its_row() -> None:
    """Whoever adds or renames a file of the sandbox tells of it in the table."""
    assert _rows("The sandbox's own house").keys() == _files(SANDBOX).keys()


@pytest.mark.parametrize("name", _files(PACKAGE))
def test_a_file_imports_what_its_row_says(name: str) -> None:
    """The last column is the code's."""
    told = set(_CODE.findall(_rows("The files").get(name, "")))
    assert told == _neighbours(name, _files(PACKAGE)[name])


def test_imports_run_down_the_table_only() -> None:
    """A file imports from those above it."""
    above: set[str] = set()
    for name, imports in _rows("The files").items():
        assert set(_CODE.findall(imports)) <= above, f"{name} imports from below"
        above.add(name.removesuffix(".py").removesuffix("/"))


def test_the_margins_of_pacing_are_the_codes() -> None:
    """Whoever changes one says so where it is explained."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    told = re.findall(r"(\d+) ms", page.partition("**The margin.**")[2].partition("\n\n")[0])
    assert [int(each) / 1000 for each in told] == [SPREAD, MARGIN, LATE, LONGEST_GAP]


def test_only_four_files_of_the_client_import_aiohttp() -> None:
    """The rest of the client does not depend on what carries its requests."""
    client = {name: files for name, files in _files(PACKAGE).items() if name != "sandbox/"}
    found = {
        name
        for name, files in client.items()
        for path in files
        if any(module.split(".")[0] == "aiohttp" for module in _imported_at_once(path))
    }
    assert found == {"_auth.py", "_connection.py", "_sessions.py", "_transport.py"}
