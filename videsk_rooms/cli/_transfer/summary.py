"""Summary of an import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import ExitCode, complain, write_json

from .results import Result, over
from .streams import STANDARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from videsk_rooms.cli._account import CommandContext

    from .results import Outcome

_WORDS = {
    Result.CREATED: "created",
    Result.UPDATED: "updated",
    Result.UNCHANGED: "unchanged",
    Result.EXISTS: "there already",
    Result.FAILED: "failed",
}
# So many are told on the terminal; all are in the file of results.
_TOLD = 5


@dataclass(frozen=True)
class Summary:
    """The figures of an import.

    Attributes:
        rows: How many rows there are.
        outcomes: What became of those that were tried, now or before.
        done_before: How many of those earlier runs had done.
        seconds: How long it took.
        results: Where the outcomes are.
        is_whole: Whether nothing stopped it, so that all outcomes are there.
    """

    rows: int
    outcomes: Sequence[Outcome]
    done_before: int
    seconds: float
    results: str
    is_whole: bool

    @property
    def counts(self) -> Counter[Result]:
        """How many rows went how."""
        return Counter(outcome.result for outcome in self.outcomes)

    @property
    def untried(self) -> int:
        """How many rows are left."""
        return self.rows - len(self.outcomes)

    @property
    def unknown(self) -> int:
        """How many rows failed, and may have been done all the same."""
        return sum(outcome.outcome_unknown for outcome in self.outcomes)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that says the same."""
        if self.unknown:
            return ExitCode.OUTCOME_UNKNOWN
        return ExitCode.FAILED if self.counts[Result.FAILED] else ExitCode.DONE

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "rows": self.rows,
            **{result.value: self.counts[result] for result in Result},
            "not_tried": self.untried,
            "done_before": self.done_before,
            "over": len(over(self.outcomes)),
            "outcome_unknown": self.unknown,
            "seconds": round(self.seconds, 1),
            "results": self.results,
        }

    def as_text(self) -> str:
        """Return it for people, in a line."""
        counts = [f"{self.counts[result]:,} {_WORDS[result]}" for result in Result]
        told = [text for text in counts if not text.startswith("0 ")]
        if self.untried:
            told.append(f"{self.untried:,} not tried")
        before = f" ({self.done_before:,} of them before)" if self.done_before else ""
        return f"{counted(self.rows, 'row')}: {', '.join(told) or 'nothing to do'}{before}"


def show(asked: CommandContext, summary: Summary) -> None:
    """Say what an import came to; what went wrong goes to standard error."""
    is_kept = summary.is_whole and summary.results != STANDARD
    _tell_the_first_failures(summary.outcomes, f"; all are in {summary.results}" if is_kept else "")
    ended = over(summary.outcomes)
    if ended:
        are = "is" if len(ended) == 1 else "are"
        complain(
            f"{counted(len(ended), 'room')} {are} over, and nobody can enter: {_rows(ended)}; give "
            "such a row another external id. New times and --update help only where the API lets a "
            "room be opened again"
        )
    if asked.as_json:
        write_json(summary.as_json())
    elif summary.results == STANDARD:  # where the outcomes are, and nothing else
        complain(summary.as_text())
    else:
        page = asked.output()
        mark = page.cross if summary.exit_code else page.tick
        page.line((f"{mark} ", "red" if summary.exit_code else "green"), summary.as_text())
        if summary.is_whole:
            page.line(f"{page.arrow} {summary.results} has what became of each")


def counted(count: int, thing: str) -> str:
    """Say how many there are of a thing."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def tell_failures(failures: Iterable[Outcome]) -> None:
    """Say which rows failed, and why."""
    for outcome in failures:
        complain(f"row {outcome.row}: {outcome.error}")


def _tell_the_first_failures(outcomes: Iterable[Outcome], more: str) -> None:
    failures = [outcome for outcome in outcomes if not outcome.is_done]
    tell_failures(failures[:_TOLD])
    if len(failures) > _TOLD:
        complain(f"{len(failures) - _TOLD:,} more rows failed{more}")


def _rows(outcomes: Sequence[Outcome]) -> str:
    first = ", ".join(str(outcome.row) for outcome in outcomes[:_TOLD])
    more = f" and {len(outcomes) - _TOLD:,} more" if len(outcomes) > _TOLD else ""
    return f"row{'s' if len(outcomes) > 1 else ''} {first}{more}"
