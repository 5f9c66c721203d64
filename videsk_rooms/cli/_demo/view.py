"""How the demo looks: to people, and to programs, who see it at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

if TYPE_CHECKING:
    from videsk_rooms.cli._demo.steps import Check, Demo, Step

_CODE_INDENT = 6
_MOST_REQUESTS = 3


class NoView:
    """Shows nothing."""

    def begin(self, step: Step) -> None:
        """Show nothing."""

    def end(self, step: Step) -> None:
        """Show nothing."""

    def say(self, text: str, style: str = "") -> None:
        """Show nothing."""


class TerminalView:
    """Shows step after step on standard output, terminal or not."""

    def __init__(self) -> None:
        # No highlighting: rich would colour numbers and ids in every text.
        self._console = Console(highlight=False)
        self._tick, self._cross = _marks(self._console.encoding)

    def begin(self, step: Step) -> None:
        """Show a step's title and code."""
        self._say(f"{step.number:>2}  ", step.title, style="bold")
        for line in _highlighted(step.code or "(its source is not at hand)"):
            # Never wrapped: what is copied from here has to run.
            self._console.print(Text.assemble(" " * _CODE_INDENT, line), soft_wrap=True)

    def end(self, step: Step) -> None:
        """Show what came of a step, and every check that failed."""
        if step.ok:
            self._say(f"    {self._tick} ", step.result, mark_style="green")
        else:
            what = step.result or "stopped here"
            self._say(f"    {self._cross} ", what, mark_style="bold red")
        for check in step.checks:
            if not check.ok:
                self._show_failed(check)
        for request in _few(step.requests):
            self._say("      ", request, style="dim")
        self._console.print()

    def say(self, text: str, style: str = "") -> None:
        """Show a paragraph."""
        self._say("", text, style=style)

    def _show_failed(self, check: Check) -> None:
        self._say("      ", f"{check.what}:", style="red")
        self._say("        expected ", check.expected)
        self._say("        came     ", check.came)

    def _say(self, mark: str, text: str, *, style: str = "", mark_style: str = "") -> None:
        """Show a text with a mark before it, and all of its lines beside the mark."""
        width = max(self._console.width - len(mark), 20)
        for number, line in enumerate(Text(text, style=style).wrap(self._console, width)):
            line.rstrip()
            start = mark if number == 0 else " " * len(mark)
            self._console.print(Text.assemble((start, mark_style or style), line), soft_wrap=True)


def summary(demo: Demo, seconds: float) -> dict[str, object]:
    """Describe a whole demo for programs."""
    return {
        "ok": demo.ok and not demo.left,
        "live": demo.live,
        "seconds": round(seconds, 3),
        "steps": [step.as_json() for step in demo.steps],
        "deleted_afterwards": demo.belongings.deletions,
        "maybe_left": list(demo.left),
    }


def _marks(encoding: str) -> tuple[str, str]:
    try:
        "✓✗".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "ok", "FAILED"
    return "✓", "✗"


def _few(lines: list[str]) -> list[str]:
    if len(lines) <= _MOST_REQUESTS:
        return lines
    return [*lines[: _MOST_REQUESTS - 1], f"and {len(lines) - _MOST_REQUESTS + 1} more like these"]


def _highlighted(code: str) -> list[Text]:
    # The terminal's own sixteen colours, so that it is readable on light and on dark.
    syntax = Syntax(code, "python", theme="ansi_dark", background_color="default")
    text = syntax.highlight(code)
    text.rstrip()
    return list(text.split("\n"))
