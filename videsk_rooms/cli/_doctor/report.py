"""The findings of the doctor, and how they are shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import describe_error, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms.cli._output import Output
    from videsk_rooms.errors import ConfigurationError

_WIDTH = 10


class Status(str, Enum):
    """How a check came out."""

    OK = "ok"
    NOTE = "note"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """The finding of one check.

    Attributes:
        check: What was checked.
        status: How it came out. A note is worth knowing, though nothing is wrong.
        found: What was found.
        remedy: What to do about it.
        data: The figures, for programs.
    """

    check: str
    status: Status
    found: str
    remedy: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


def ok(check: str, found: str, **data: object) -> Finding:
    """Return the finding that nothing is wrong."""
    return Finding(check, Status.OK, found, data=data)


def note(check: str, found: str, remedy: str, **data: object) -> Finding:
    """Return a finding that is worth knowing."""
    return Finding(check, Status.NOTE, found, remedy, data)


def failed(check: str, found: str, remedy: str | None = None, **data: object) -> Finding:
    """Return the finding that something is wrong; without a remedy, `found` ends in one."""
    return Finding(check, Status.FAILED, found, remedy, data)


def refused(check: str, error: ConfigurationError | str, *names: str) -> Finding:
    """Return the finding that a setting is invalid, from an error text that ends in its remedy.

    Args:
        check: What was checked.
        error: The error, or its text.
        names: A name in the text, and what to write in place of it.
    """
    text = error if isinstance(error, str) else describe_error(error)
    if names:
        text = text.replace(names[0], names[1])
    found, _, remedy = text.partition("; ")
    return failed(check, found, remedy or None)


def skipped(check: str, why: str) -> Finding:
    """Return the finding of a check that was not made."""
    return Finding(check, Status.SKIPPED, why)


class Report:
    """The findings so far, shown as they come.

    Args:
        output: Where they are shown; `None`: as one JSON object, at the end.
    """

    def __init__(self, output: Output | None) -> None:
        self._output = output
        self._findings: list[Finding] = []

    def add(self, finding: Finding) -> bool:
        """Record a finding and show it; return whether the checks that need it can go on."""
        self._findings.append(finding)
        if self._output is not None:
            _show(self._output, finding)
        return finding.status is not Status.FAILED

    def conclude(self) -> bool:
        """Show the result; return whether nothing is wrong."""
        wrong = [finding.check for finding in self._findings if finding.status is Status.FAILED]
        if self._output is None:
            checks = [asdict(finding) for finding in self._findings]
            write_json({"ok": not wrong, "checks": checks})
        else:
            self._output.line()
            text = f"Wrong: {', '.join(wrong)}." if wrong else "Nothing is wrong."
            self._output.say("", text, style="bold")
        return not wrong


def _show(output: Output, finding: Finding) -> None:
    mark, style = {
        Status.OK: (output.tick, "green"),
        Status.NOTE: ("!", "yellow"),
        Status.FAILED: (output.cross, "bold red"),
        Status.SKIPPED: ("-", "dim"),
    }[finding.status]
    start = f"{mark:<{len(output.cross)}} {finding.check:<{_WIDTH}} "
    output.say(start, finding.found, mark_style=style)
    if finding.remedy:
        output.say(f"{'':<{len(start)}}{output.arrow} ", finding.remedy)
