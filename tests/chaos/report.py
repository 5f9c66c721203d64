"""What came of a run, for people and for programs."""

from __future__ import annotations

import platform
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from videsk_rooms.sandbox import Sandbox

    from .tally import Tally

_SHOWN = 10


@dataclass
class Report:
    """One run.

    Attributes:
        mode: How it was run.
        seed: What decided all that was left to chance.
        share: The share of requests that failed.
        asked: How many rooms were asked for.
        figures: What else there is to count, by its name.
        faults: How many requests failed in which way.
        attempts: How many requests took how many attempts, by operation.
        errors: How many errors of which class callers saw, by operation.
        findings: What is not as it should be.
        seconds: How long it took.
    """

    mode: str
    seed: int
    share: float
    asked: int
    figures: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    attempts: dict[str, dict[int, int]] = field(default_factory=dict)
    errors: dict[str, dict[str, int]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def count_requests(self, sandbox: Sandbox) -> None:
        """Count what the sandbox saw; its log keeps the latest 100,000 requests."""
        requests = list(sandbox.requests)
        faults = Counter(request.fault for request in requests if request.fault is not None)
        self.figures["requests"] = requests[-1].number if requests else 0
        self.faults = dict(sorted(faults.items()))

    def take(self, tally: Tally) -> None:
        """Take over what was counted."""
        self.attempts, self.errors = tally.attempts, tally.errors


def as_plain(report: Report) -> dict[str, object]:
    """Turn a report into what JSON can say."""
    return {**asdict(report), "findings": _worth_showing(report.findings)}


def as_text(report: Report) -> str:
    """Write a report for a terminal."""
    head = (
        f"{report.mode}: {report.asked:,} asked for, {report.share:.0%} of requests fail, "
        f"seed {report.seed}, Python {platform.python_version()}"
    )
    lines = [
        head,
        *_line("counted", report.figures),
        *_line("faults", report.faults),
        *(line for name, counts in report.attempts.items() for line in _line(name, counts)),
        *(line for name, counts in report.errors.items() for line in _line(f"! {name}", counts)),
        f"  seconds        {report.seconds:.1f}",
        *(f"  FOUND: {finding}" for finding in _worth_showing(report.findings)),
        "  all as it should be" if not report.findings else f"  {len(report.findings)} findings",
    ]
    return "\n".join(lines)


def _worth_showing(findings: list[str]) -> list[str]:
    """Cut what would fill screens: one fault in the package may surprise every caller."""
    more = len(findings) - _SHOWN
    return findings[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])


def _line(name: str, counts: Mapping[str, int] | Mapping[int, int]) -> Iterable[str]:
    if counts:
        told = ", ".join(f"{what}: {count:,}" for what, count in counts.items())
        yield f"  {name:<14} {told}"
