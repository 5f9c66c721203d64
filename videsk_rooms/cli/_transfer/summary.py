"""The summary of an import."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from videsk_rooms.cli._output import ExitCode, complain, counted, write_json

from .files import STANDARD
from .journal import Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videsk_rooms.cli._account import CommandContext

    from .journal import Outcome

_DONE = {
    "created": "created",
    "updated": "updated",
    "unchanged": "unchanged",
    "exists": "already there",
}
_NOT_DONE = {"failed": "failed", "not_tried": "not tried"}
_SHOWN = 5  # on the terminal; the results file has all


def summarize(
    rows: int, outcomes: Sequence[Outcome], *, done_before: int, seconds: float, results: str
) -> dict[str, Any]:
    """Return the figures of an import.

    Args:
        rows: How many rows there are.
        outcomes: The outcomes of rows that were tried, now or before.
        done_before: How many of those earlier runs completed.
        seconds: How long it took.
        results: The results file.
    """
    counts = Counter(outcome.result for outcome in outcomes)
    return {
        "rows": rows,
        **{result.value: counts[result] for result in Result},
        "not_tried": rows - len(outcomes),
        "done_before": done_before,
        "over": len(_over(outcomes)),
        "outcome_unknown": sum(outcome.outcome_unknown for outcome in outcomes),
        "seconds": round(seconds, 1),
        "results": results,
    }


def exit_code_of(figures: Mapping[str, Any]) -> ExitCode:
    """Return the exit code of an import."""
    if figures["outcome_unknown"]:
        return ExitCode.OUTCOME_UNKNOWN
    return ExitCode.FAILED if figures["failed"] else ExitCode.DONE


def show(
    context: CommandContext,
    figures: Mapping[str, Any],
    outcomes: Sequence[Outcome],
    *,
    is_whole: bool,
) -> None:
    """Print the summary of an import; failures go to standard error.

    Args:
        context: How to print it.
        figures: The figures.
        outcomes: The outcomes.
        is_whole: Whether all rows were tried, so that the results file is complete.
    """
    results = figures["results"]
    failures: defaultdict[str | None, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if not outcome.is_done:
            failures[outcome.error].append(outcome)
    for text, alike in islice(failures.items(), _SHOWN):
        complain(f"{_rows(alike)}: {text}")
    if more := sum(len(alike) for alike in islice(failures.values(), _SHOWN, None)):
        where = f"; all are in {results}" if is_whole and results != STANDARD else ""
        complain(f"{more:,} more rows failed{where}")
    _warn_of_rooms_that_are_over(_over(outcomes))
    if results == STANDARD:  # which has the outcomes, and nothing else
        complain(_as_text(figures))
        return
    _show_figures(context, figures, _as_text(figures))
    if is_whole and not context.as_json:
        output = context.output()
        output.line(f"{output.arrow} {results} has the result of each row")


def show_refusals(context: CommandContext, figures: Mapping[str, Any]) -> None:
    """Print how many rows an import would refuse."""
    refused = f"{figures['failed']:,}" if figures["failed"] else "none"
    text = f"{counted(figures['rows'], 'row')}: {refused} would be refused; nothing was sent"
    _show_figures(context, figures, text)


def _show_figures(context: CommandContext, figures: Mapping[str, Any], text: str) -> None:
    """Print the figures of an import, as JSON or as text."""
    if context.as_json:
        write_json(figures)
        return
    output = context.output()
    failed = exit_code_of(figures) is not ExitCode.DONE
    mark, style = (output.cross, "red") if failed else (output.tick, "green")
    output.line((f"{mark} ", style), text)


def _as_text(figures: Mapping[str, Any]) -> str:
    done, not_done = (
        [f"{figures[name]:,} {word}" for name, word in words.items() if figures[name]]
        for words in (_DONE, _NOT_DONE)
    )
    if before := figures["done_before"]:
        done[-1] += f" ({before:,} of them before)"
    return f"{counted(figures['rows'], 'row')}: {', '.join([*done, *not_done]) or 'nothing to do'}"


def _over(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the rows whose rooms nobody can join any more."""
    now = datetime.now(timezone.utc)
    return [outcome for outcome in outcomes if outcome.is_done and outcome.is_over(now)]


def _rows(outcomes: Sequence[Outcome]) -> str:
    """Return row numbers as text."""
    numbers = ", ".join(str(each.row) for each in outcomes[:_SHOWN])
    more = f" and {len(outcomes) - _SHOWN:,} more" if len(outcomes) > _SHOWN else ""
    return f"row{'s' if len(outcomes) > 1 else ''} {numbers}{more}"


def _warn_of_rooms_that_are_over(over: Sequence[Outcome]) -> None:
    if not over:
        return
    complain(
        f"{counted(len(over), 'room')} {'is' if len(over) == 1 else 'are'} over, and nobody can "
        f"join: {_rows(over)}; give such a row another external id. New times and --update help "
        "only if the API lets a room be reopened"
    )
