"""The findings of the doctor, and their output."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from videsk_rooms.cli._output import describe_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms.cli._output import Output
    from videsk_rooms.errors import ConfigurationError

_WIDTH = 10


Status: TypeAlias = Literal["ok", "note", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """The finding of one check.

    Attributes:
        check: What was checked.
        status: The result. A note is worth knowing, but not a failure.
        found: What was found.
        remedy: What to do about it.
        data: The figures, as JSON content.
    """

    check: str
    status: Status
    found: str
    remedy: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


def ok(check: str, found: str, **data: object) -> Finding:
    """Return a finding without a problem."""
    return Finding(check, "ok", found, data=data)


def note(check: str, found: str, remedy: str, **data: object) -> Finding:
    """Return a finding that is worth knowing, but not a failure."""
    return Finding(check, "note", found, remedy, data)


def failed(check: str, found: str, remedy: str | None = None, **data: object) -> Finding:
    """Return a failed check; without `remedy`, `found` ends in it."""
    return Finding(check, "failed", found, remedy, data)


def refused(check: str, error: ConfigurationError | str, *names: str) -> Finding:
    """Return the finding that a setting is invalid; its error message ends in the remedy.

    Args:
        check: What was checked.
        error: The error, or its message.
        names: A name in the message, and its replacement.
    """
    text = error if isinstance(error, str) else describe_error(error)
    if names:
        text = text.replace(names[0], names[1])
    found, _, remedy = text.partition("; ")
    return failed(check, found, remedy or None)


def skipped(check: str, why: str) -> Finding:
    """Return the finding of a skipped check."""
    return Finding(check, "skipped", why)


class Report:
    """The findings so far, shown as they are added.

    Args:
        output: Where to show them.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._findings: list[Finding] = []

    def add(self, finding: Finding) -> bool:
        """Add a finding and show it; return whether checks that depend on it can run."""
        self._findings.append(finding)
        output = self._output
        mark, style = {
            "ok": (output.tick, "green"),
            "note": ("!", "yellow"),
            "failed": (output.cross, "bold red"),
            "skipped": ("-", "dim"),
        }[finding.status]
        start = f"{mark:<{len(output.cross)}} {finding.check:<{_WIDTH}} "
        output.say(start, finding.found, mark_style=style)
        if finding.remedy:
            output.say(f"{'':<{len(start)}}{output.arrow} ", finding.remedy)
        return finding.status != "failed"

    def conclude(self) -> dict[str, object]:
        """Show the result, and return it with all findings, as JSON content."""
        wrong = [finding.check for finding in self._findings if finding.status == "failed"]
        self._output.line()
        text = f"Wrong: {', '.join(wrong)}." if wrong else "Nothing is wrong."
        self._output.say("", text, style="bold")
        return {"ok": not wrong, "checks": [asdict(finding) for finding in self._findings]}
