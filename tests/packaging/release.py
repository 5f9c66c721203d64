"""What must hold before a version is handed out: each check gives what is wrong."""

from __future__ import annotations

import re
import subprocess
import tempfile
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from .building import built

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_VERSION = re.compile(r'(?m)^__version__ = "([^"]+)"$')
_HEADING = re.compile(r"(?m)^## \[([^]]+)\] - (.+)$")
_OF_A_CHECKOUT = re.compile(r"pip install '\.\[(?!bench|browser|dev|docs|places)")
_BUILD = "run: python -m build --no-isolation"


def version_of(root: Path) -> str:
    """Read the version of a checkout."""
    found = _VERSION.search((root / "videsk_rooms" / "_version.py").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f'{root}/videsk_rooms/_version.py: no line __version__ = "…"')
    return found[1]


def _number(root: Path) -> Iterator[str]:
    version = version_of(root)
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        yield f"__version__ is {version}; a version to hand out is like 1.2.3 or 1.2.3rc1"


def _changelog(root: Path) -> Iterator[str]:
    version, today = version_of(root), datetime.now(timezone.utc).date()
    heading = _HEADING.search((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    told = heading.groups() if heading else ("nothing", "nothing")
    if told[0] != version:
        yield f"CHANGELOG.md begins with {told[0]}, __version__ is {version}"
    try:
        day = date.fromisoformat(told[1])
    except ValueError:
        yield f"CHANGELOG.md: {told[1]!r} stands where the date belongs; write {today}"
        return
    if day > today:
        yield f"CHANGELOG.md: {day} is yet to come; write {today}"


def _installs(root: Path) -> Iterator[str]:
    for page in sorted((root / "docs").rglob("*.md")):
        lines = page.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            if _OF_A_CHECKOUT.search(line):
                place = page.relative_to(root).as_posix()
                yield f"{place}:{number} installs from a checkout; name videsk-rooms in place of ."


def _tree(root: Path) -> Iterator[str]:
    if changed := _git(root, "status", "--porcelain"):
        yield f"not committed: {', '.join(line[3:] for line in changed.splitlines())}"


def _tag(root: Path) -> Iterator[str]:
    tag = f"v{version_of(root)}"
    if tag not in (tags := _git(root, "tag", "--points-at", "HEAD").split()):
        there = ", ".join(tags) or "no tag"
        yield f"{there} at this commit; run: git tag -a {tag} -m {tag}"


def _files(root: Path) -> Iterator[str]:
    found = {path.name: path for path in (root / "dist").glob("*")}
    with tempfile.TemporaryDirectory() as folder:
        again = built(root, Path(folder))
        expected = {path.name: path.read_bytes() for path in (again.sdist, again.wheel)}
    if missing := expected.keys() - found.keys():
        yield f"dist/ lacks {', '.join(sorted(missing))}; {_BUILD}"
    if others := found.keys() - expected.keys():
        yield f"dist/ also holds {', '.join(sorted(others))}; remove it, or it is uploaded too"
    for name in sorted(expected.keys() & found.keys()):
        if found[name].read_bytes() != expected[name]:
            yield f"dist/{name} is not what this checkout builds; {_BUILD}"


CHECKS: dict[str, Callable[[Path], Iterator[str]]] = {
    "the version is one to hand out": _number,
    "the changelog begins with it, and with its day": _changelog,
    "the pages install from PyPI": _installs,
    "everything is committed": _tree,
    "the commit is tagged": _tag,
    "dist/ holds what this commit builds": _files,
}


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=True
    ).stdout
