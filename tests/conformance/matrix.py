"""What the tests marked `shows` found: a table with a row for each place."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from platform import python_version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

WHATS = ("calls", "at once", "errors", "one rate", "leaves nothing")
FOLDERS = ("tests/conformance", "tests/concurrency")
# The packages of the extra `places` that are a place or make one.
PACKAGES = (
    *("aiohttp", "arq", "celery", "django", "dramatiq", "fastapi", "flask", "gevent", "gunicorn"),
    *("ipykernel", "nbclient", "rq", "starlette", "uvicorn", "uwsgi"),
)
_SIGNS = {True: "✓", False: "✗"}


@dataclass(frozen=True, order=True)
class Cell:
    """Where something is shown, and what."""

    place: str
    what: str


@dataclass
class Matrix:
    """What was found: whether all tests of a cell passed."""

    found: dict[Cell, bool] = field(default_factory=dict)

    def add(self, cell: Cell, *, passed: bool) -> None:
        """Add what came of a test."""
        self.found[cell] = passed and self.found.get(cell, True)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Make the rows, by place; a cell of which nothing was found is blank."""
        yield ("place", *WHATS)
        for place in sorted({cell.place for cell in self.found}, key=str.casefold):
            signs = (self.found.get(Cell(place, what)) for what in WHATS)
            yield (place, *("" if sign is None else _SIGNS[sign] for sign in signs))

    def as_text(self) -> str:
        """Write it for a terminal."""
        rows = list(self.rows())
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = (
            "  ".join(each.ljust(width) for each, width in zip(row, widths, strict=True))
            for row in rows
        )
        return "\n".join(line.rstrip() for line in lines)

    def as_markdown(self) -> str:
        """Write it as a table of Markdown."""
        head, *rows = (
            f"|{'|'.join(f' {each} ' if each else ' ' for each in row)}|" for row in self.rows()
        )
        return "\n".join((head, f"|---|{':-:|' * len(WHATS)}", *rows))


def versions() -> str:
    """Tell with which versions all this is."""
    return ", ".join(
        (f"Python {python_version()}", *(f"{name} {version(name)}" for name in PACKAGES))
    )


# -- from pytest ----------------------------------------------------------------------------------

PROPERTY = "shows"


class Collector:
    """A plugin of pytest that sees what the tests are to show, and what they did show."""

    def __init__(self) -> None:
        self.marked: set[Cell] = set()
        self.matrix = Matrix()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See what is to be shown; with pytest-xdist, that is known to other processes only."""
        self.marked.update(cell for item in session.items for cell in _cells_in(item))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """See how a test went."""
        if report.failed or (report.when == "call" and report.passed):
            for cell in _cells_in(report):
                self.matrix.add(cell, passed=report.passed)


def _cells_in(told: pytest.Item | pytest.TestReport) -> Iterator[Cell]:
    for name, value in told.user_properties:
        if name == PROPERTY:
            assert isinstance(value, list | tuple)  # a list if it comes from another process
            yield Cell(*value)
