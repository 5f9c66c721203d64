"""What a section found, and how it is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .measure import Timings

Unit: TypeAlias = Literal["calls/s", "rooms/s", "µs", "ms", "KiB"]


@dataclass(frozen=True)
class Row:
    """One peer.

    Attributes:
        peer: What was measured.
        cost: Seconds of one call, or bytes of one client, the median over the rounds.
        ratio: How many times as much that is as this package's own cost, and so how many times as
            fast this package is; `None` for the package itself.
        goal: What that should be, at least.
    """

    peer: str
    cost: float
    ratio: float | None = None
    goal: float | None = None

    @property
    def verdict(self) -> str:
        """Tell whether the goal is met."""
        if self.goal is None or self.ratio is None:
            return ""
        missing = self.goal - self.ratio
        return "met" if missing <= 0 else f"short by {missing:.2f}"


@dataclass(frozen=True)
class Table:
    """All peers of one section, this package first."""

    section: str
    title: str
    unit: Unit
    rows: list[Row]

    @classmethod
    def of(
        cls, section: str, title: str, unit: Unit, timings: Timings, goals: Mapping[str, float]
    ) -> Table:
        """Compare all peers with the first, round by round."""
        (first, ours), *others = timings.items()
        rows = [Row(first, median(ours))]
        for peer, theirs in others:
            ratio = median([their / our for our, their in zip(ours, theirs, strict=True)])
            rows.append(Row(peer, median(theirs), ratio, goals.get(peer)))
        return cls(section, title, unit, rows)


class _PlainRow(TypedDict):
    peer: str
    cost: float
    ratio: float | None
    goal: float | None


class PlainTable(TypedDict):
    """A table as JSON."""

    section: str
    title: str
    unit: Unit
    rows: list[_PlainRow]


def as_plain(table: Table) -> dict[str, object]:
    """Turn a table into what JSON can say."""
    return asdict(table)


def from_plain(plain: PlainTable) -> Table:
    """Turn it back."""
    rows = [Row(**row) for row in plain["rows"]]
    return Table(plain["section"], plain["title"], plain["unit"], rows)


def as_text(table: Table) -> str:
    """Align a table for a terminal."""
    cells = _cells(table)
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1], strict=True)]
            + [line[-1]]
        ).rstrip()
        for line in cells
    ]
    return "\n".join([table.title, *(f"  {line}" for line in lines)])


def as_markdown(table: Table) -> str:
    """Write a table for docs/performance.md."""
    head, *body = [f"| {' | '.join(line)} |" for line in _cells(table)]
    return "\n".join([f"**{table.title}**", "", head, "|---|--:|--:|--:|---|", *body])


def _cells(table: Table) -> list[list[str]]:
    compared = "times ours" if table.unit == "KiB" else "videsk_rooms is"
    head = ["", table.unit, compared, "goal", ""]
    return [head, *([*_cells_of(row, table.unit), row.verdict] for row in table.rows)]


def _cells_of(row: Row, unit: Unit) -> list[str]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
    goal = "" if row.goal is None else f"{row.goal:.2f} x"
    return [row.peer, _in_unit(row.cost, unit), ratio, goal]


def _in_unit(cost: float, unit: Unit) -> str:
    if unit == "KiB":
        return f"{cost / 1024:,.0f}"
    if unit == "µs":
        return f"{cost * 1e6:,.0f}"
    return f"{cost * 1e3:,.1f}" if unit == "ms" else f"{1 / cost:,.0f}"
