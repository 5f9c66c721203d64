"""Findings of the doctor, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms.cli._output import Output

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
        check: What was looked at.
        status: How it came out. A note is worth knowing, and nothing that is wrong.
        found: What is there.
        remedy: What to do about it.
        data: The same for programs, as far as it has figures.
    """

    check: str
    status: Status
    found: str
    remedy: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Describe it for programs."""
        return {
            "check": self.check,
            "status": self.status.value,
            "found": self.found,
            "remedy": self.remedy,
            "data": dict(self.data),
        }


def ok(check: str, found: str, **data: object) -> Finding:
    """Find nothing wrong."""
    return Finding(check, Status.OK, found, data=data)


def note(check: str, found: str, remedy: str, **data: object) -> Finding:
    """Find what is worth knowing."""
    return Finding(check, Status.NOTE, found, remedy, data)


def failed(check: str, found: str, remedy: str | None = None, **data: object) -> Finding:
    """Find something wrong; where there is no remedy, the text ends in one."""
    return Finding(check, Status.FAILED, found, remedy, data)


def skipped(check: str, why: str) -> Finding:
    """Look at nothing."""
    return Finding(check, Status.SKIPPED, why)


class Report:
    """The findings so far, shown as they come.

    Args:
        page: Where they are shown; `None`: as one JSON object, at the end.
    """

    def __init__(self, page: Output | None) -> None:
        self._page = page
        self._findings: list[Finding] = []

    def add(self, finding: Finding) -> bool:
        """Take a finding down and show it; tell whether it lets the next check go on."""
        self._findings.append(finding)
        if self._page is not None:
            _show(self._page, finding)
        return finding.status is not Status.FAILED

    def conclude(self) -> bool:
        """Say how it went; tell whether nothing is wrong."""
        wrong = [finding.check for finding in self._findings if finding.status is Status.FAILED]
        if self._page is None:
            checks = [finding.as_json() for finding in self._findings]
            write_json({"ok": not wrong, "checks": checks})
        else:
            self._page.line()
            text = f"Wrong: {', '.join(wrong)}." if wrong else "Nothing is wrong."
            self._page.say("", text, style="bold")
        return not wrong


def _show(page: Output, finding: Finding) -> None:
    mark, style = {
        Status.OK: (page.tick, "green"),
        Status.NOTE: ("!", "yellow"),
        Status.FAILED: (page.cross, "bold red"),
        Status.SKIPPED: ("-", "dim"),
    }[finding.status]
    marks = max(len(page.tick), len(page.cross))
    start = f"{mark:<{marks}} {finding.check:<{_WIDTH}} "
    page.say(start, finding.found, mark_style=style)
    if finding.remedy:
        page.say(f"{'':<{len(start)}}{page.arrow} ", finding.remedy)
