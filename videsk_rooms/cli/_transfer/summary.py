"""The summary of an import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import ExitCode, complain, write_json

from .files import STANDARD
from .journal import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videsk_rooms.cli._account import CommandContext

    from .journal import Outcome

_SHOWN = 5  # on the terminal; the results have them all


@dataclass(frozen=True)
class Summary:
    """The figures of an import.

    Attributes:
        rows: How many rows there are.
        outcomes: The outcomes of those that were tried, now or before.
        done_before: How many of those earlier runs had done.
        seconds: How long it took.
        results: The file of results.
        is_whole: Whether every row was tried, so that the results are written.
    """

    rows: int
    outcomes: Sequence[Outcome]
    done_before: int
    seconds: float
    results: str
    is_whole: bool

    @property
    def counts(self) -> Counter[Result]:
        """How many rows had which result."""
        return Counter(outcome.result for outcome in self.outcomes)

    @property
    def untried(self) -> int:
        """How many rows were not tried."""
        return self.rows - len(self.outcomes)

    @property
    def unknown(self) -> int:
        """How many rows failed although they may have been done."""
        return sum(outcome.outcome_unknown for outcome in self.outcomes)

    @property
    def over(self) -> list[Outcome]:
        """The rows whose rooms nobody can enter any longer."""
        now = datetime.now(timezone.utc)
        return [outcome for outcome in self.outcomes if outcome.is_done and outcome.is_over(now)]

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the import."""
        if self.unknown:
            return ExitCode.OUTCOME_UNKNOWN
        return ExitCode.FAILED if self.counts[Result.FAILED] else ExitCode.DONE

    def as_json(self) -> dict[str, object]:
        """Return the summary for programs."""
        return {
            "rows": self.rows,
            **{result.value: self.counts[result] for result in Result},
            "not_tried": self.untried,
            "done_before": self.done_before,
            "over": len(self.over),
            "outcome_unknown": self.unknown,
            "seconds": round(self.seconds, 1),
            "results": self.results,
        }

    def as_text(self) -> str:
        """Return the summary for people, in a line."""
        counts = {
            **{result.value: self.counts[result] for result in Result},
            "not tried": self.untried,
        }
        counts["there already"] = counts.pop("exists")
        told = [f"{count:,} {word}" for word, count in counts.items() if count]
        before = f" ({self.done_before:,} of them before)" if self.done_before else ""
        return f"{counted(self.rows, 'row')}: {', '.join(told) or 'nothing to do'}{before}"


def show(context: CommandContext, summary: Summary) -> None:
    """Print the summary; what went wrong goes to standard error."""
    _show_failures(summary)
    _warn_of_rooms_that_are_over(summary.over)
    if context.as_json:
        write_json(summary.as_json())
    elif summary.results == STANDARD:  # where the outcomes are, and nothing else
        complain(summary.as_text())
    else:
        output = context.output()
        mark = output.cross if summary.exit_code else output.tick
        output.line((f"{mark} ", "red" if summary.exit_code else "green"), summary.as_text())
        if summary.is_whole:
            output.line(f"{output.arrow} {summary.results} has the result of each row")


def counted(count: int, thing: str) -> str:
    """Return a number of things in words."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _show_failures(summary: Summary) -> None:
    failures = [outcome for outcome in summary.outcomes if not outcome.is_done]
    for outcome in failures[:_SHOWN]:
        complain(f"row {outcome.row}: {outcome.error}")
    if len(failures) > _SHOWN:
        is_kept = summary.is_whole and summary.results != STANDARD
        where = f"; all are in {summary.results}" if is_kept else ""
        complain(f"{len(failures) - _SHOWN:,} more rows failed{where}")


def _warn_of_rooms_that_are_over(over: Sequence[Outcome]) -> None:
    if not over:
        return
    rows = f"row{'s' if len(over) > 1 else ''} {', '.join(str(each.row) for each in over[:_SHOWN])}"
    more = f" and {len(over) - _SHOWN:,} more" if len(over) > _SHOWN else ""
    complain(
        f"{counted(len(over), 'room')} {'is' if len(over) == 1 else 'are'} over, and nobody can "
        f"enter: {rows}{more}; give such a row another external id. New times and --update help "
        "only where the API lets a room be opened again"
    )
