"""How the demo looks: to people, and to programs, who see it at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.syntax import Syntax
from rich.text import Text

if TYPE_CHECKING:
    from videsk_rooms.cli._output import Output

    from .steps import Check, Demo, Step

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
    """Shows step after step on standard output, terminal or not.

    Args:
        page: Where they are shown.
    """

    def __init__(self, page: Output) -> None:
        self._page = page

    def begin(self, step: Step) -> None:
        """Show a step's title and code."""
        self._page.say(f"{step.number:>2}  ", step.title, style="bold")
        for line in _highlighted(step.code or "(its source is not at hand)"):
            # Never wrapped: what is copied from here has to run.
            text = Text.assemble(" " * _CODE_INDENT, line)
            self._page.console.print(text, soft_wrap=True)

    def end(self, step: Step) -> None:
        """Show what came of a step, and every check that failed."""
        if step.ok:
            self._page.say(f"    {self._page.tick} ", step.result, mark_style="green")
        else:
            what = step.result or "stopped here"
            self._page.say(f"    {self._page.cross} ", what, mark_style="bold red")
        for check in step.checks:
            if not check.ok:
                self._show_failed(check)
        for request in _few(step.requests):
            self._page.say("      ", request, style="dim")
        self._page.line()

    def say(self, text: str, style: str = "") -> None:
        """Show a paragraph."""
        self._page.say("", text, style=style)

    def _show_failed(self, check: Check) -> None:
        self._page.say("      ", f"{check.what}:", style="red")
        self._page.say("        expected ", check.expected)
        self._page.say("        came     ", check.came)


def summary(demo: Demo, seconds: float) -> dict[str, object]:
    """Describe a whole demo for programs."""
    return {
        "ok": demo.ok and not demo.left,
        "live": demo.live,
        "seconds": round(seconds, 3),
        "steps": [step.as_json() for step in demo.steps],
        "ended_afterwards": demo.belongings.endings,
        "maybe_open": list(demo.left),
    }


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
