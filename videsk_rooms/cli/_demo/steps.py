"""Records, checks and shows the steps of the demo.

The lines that a step shows come from the source of the function that runs them. In a string, no
type checker, linter or debugger would see them.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.syntax import Syntax
from rich.text import Text

from videsk_rooms.errors import VideskError, without_tokens

from .created import CreatedRooms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from videsk_rooms.cli._output import Output
    from videsk_rooms.sandbox import Sandbox

_LONGEST_VALUE = 400
_MOST_REQUESTS = 3


def code_of_steps(story: ModuleType) -> dict[str, str]:
    """Return the body of each `with demo.step("title")` of a module, by title.

    Returns:
        Title to code; empty without the source, as in a frozen program.

    Raises:
        ValueError: Two steps have the same title.
    """
    try:
        source = inspect.getsource(story)
    except (OSError, TypeError):
        return {}
    code: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.With):
            continue
        lines = source.splitlines()[node.body[0].lineno - 1 : node.body[-1].end_lineno]
        for item in node.items:
            match item.context_expr:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="demo"), attr="step" | "refusal"),
                    args=[ast.Constant(value=str(title)), *_],
                ):
                    if title in code:
                        raise ValueError(f"two steps have the title {title!r}; change one")
                    code[title] = textwrap.dedent("\n".join(lines))
    return code


# -- steps ----------------------------------------------------------------------------------------


@dataclass
class Check:
    """A check of a step."""

    what: str
    expected: str
    came: str
    ok: bool


@dataclass
class Step:
    """A step of the demo.

    Attributes:
        number: 1 for the first.
        title: Its title.
        code: The lines that it runs.
        live: Whether it runs against an account, which may leave fields out.
        checks: Its checks so far.
        result: A short result.
        requests: The requests that the code sent, if the sandbox can tell.
        error: The expected error, or the one that ended the demo.
        finished: Whether the step ran to its end.
    """

    number: int
    title: str
    code: str
    live: bool
    checks: list[Check] = field(default_factory=list)
    result: str = ""
    requests: list[str] = field(default_factory=list)
    error: VideskError | None = None
    finished: bool = False

    @property
    def ok(self) -> bool:
        """Whether the step ran to its end and every check passed."""
        return self.finished and bool(self.checks) and all(check.ok for check in self.checks)

    def equal(self, what: str, came: object, expected: object) -> None:
        """Check that a value is the expected one."""
        self.holds(what, came == expected, came=came, expected=expected)

    def equal_if_sent(self, what: str, came: object, expected: object) -> None:
        """Check a field that an account may leave out (docs/api.md, "Objects")."""
        left_out = self.live and came is None
        self.holds(what, left_out or came == expected, came=came, expected=expected)

    def holds(self, what: str, ok: bool, *, came: object, expected: object) -> None:
        """Record a check."""
        self.checks.append(Check(what, _text(expected), _text(came), ok))

    def as_json(self) -> dict[str, object]:
        """Return the step as JSON content."""
        return {
            "number": self.number,
            "title": self.title,
            "ok": self.ok,
            "code": self.code,
            "result": self.result,
            "requests": self.requests,
            "error": describe(self.error) if self.error else None,
            "checks": [vars(check) for check in self.checks],
        }


class Demo:
    """Records and shows the steps.

    Args:
        output: Where to show them.
        code: The lines of each step, by title.
        sandbox: The sandbox to run against; `None`: an account.

    Attributes:
        steps: The steps so far.
        rooms: The rooms to end afterwards.
    """

    def __init__(self, output: Output, *, code: Mapping[str, str], sandbox: Sandbox | None) -> None:
        self.sandbox = sandbox
        self.steps: list[Step] = []
        self.rooms = CreatedRooms()
        self._output = output
        self._code = code

    @property
    def open_rooms(self) -> tuple[str, ...]:
        """The external ids of rooms that may be open; a sandbox leaves none."""
        return () if self.sandbox else tuple(self.rooms.maybe_open)

    @property
    def ok(self) -> bool:
        """Whether every check of every step passed."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Run the code that a step shows, which is the whole body of the `with`."""
        live = self.sandbox is None
        step = Step(len(self.steps) + 1, title, self._code.get(title, ""), live)
        self.steps.append(step)
        self._show_code(step)
        before = len(self.sandbox.requests) if self.sandbox else 0
        try:
            yield step
        finally:
            sent = self.sandbox.requests[before:] if self.sandbox else ()
            step.requests = [f"{each.method} {each.path} {each.status}" for each in sent]

    @contextmanager
    def refusal(self, title: str, kind: type[VideskError]) -> Iterator[Step]:
        """Run code that is expected to raise an error."""
        with self.step(title) as step:
            try:
                yield step
            except kind as error:
                step.error = error
            came = describe(step.error) if step.error else "no error"
            step.holds("the error", step.error is not None, came=came, expected=kind.__name__)

    def done(self, step: Step, result: str) -> None:
        """Finish a step after its checks.

        Args:
            step: The step.
            result: A short result; unused after an error.
        """
        if not step.checks:
            raise ValueError(f"step {step.title!r} checked nothing; give it a check")
        step.result = describe(step.error) if step.error else without_tokens(result)
        step.finished = True
        self._show_result(step)

    def failed(self, error: VideskError) -> None:
        """Finish the last step with an unexpected error."""
        step = self.steps[-1]
        step.error = error
        step.holds("the outcome", False, came=describe(error), expected="no error")
        self._show_result(step)

    def say(self, text: str, style: str = "") -> None:
        """Show a paragraph."""
        self._output.say("", text, style=style)

    def conclude(self, seconds: float) -> dict[str, object]:
        """Show the result, and which rooms may still be open; return both and the steps as JSON."""
        failed = [str(step.number) for step in self.steps if not step.ok]
        count = len(self.steps)
        if not failed:
            text = f"{count} steps, all checked, in {seconds:.1f} s."
        elif not self.steps[-1].finished and self.steps[-1].error is None:
            text = f"Stopped in step {count}, after {seconds:.1f} s."
        else:
            text = f"Failed: step {', '.join(failed)}, after {seconds:.1f} s."
        self.say(text, style="bold red" if failed else "bold green")
        if self.rooms.ended_count:
            self.say(f"Rooms ended afterwards: {self.rooms.ended_count}.")
        if self.open_rooms:
            self.say(
                "These rooms may be open in the account, where each ends within 3 hours; look them "
                f"up by their external_id and end them: {', '.join(self.open_rooms)}.",
                style="bold red",
            )
        return {
            "ok": self.ok and not self.open_rooms,
            "live": self.sandbox is None,
            "seconds": round(seconds, 3),
            "steps": [step.as_json() for step in self.steps],
            "ended_afterwards": self.rooms.ended_count,
            "maybe_open": list(self.open_rooms),
        }

    def _show_code(self, step: Step) -> None:
        self._output.say(f"{step.number:>2}  ", step.title, style="bold")
        # The terminal's own sixteen colours are readable on light and dark backgrounds.
        code = step.code or "(its source is not available)"
        text = Syntax(code, "python", theme="ansi_dark", background_color="default").highlight(code)
        text.rstrip()
        for line in text.split("\n"):
            # Not wrapped, so that it can be copied and run.
            self._output.console.print(Text.assemble(" " * 6, line), soft_wrap=True)

    def _show_result(self, step: Step) -> None:
        output = self._output
        mark, style = (output.tick, "green") if step.ok else (output.cross, "bold red")
        output.say(f"    {mark} ", step.result or "stopped here", mark_style=style)
        for check in (each for each in step.checks if not each.ok):
            output.say("      ", f"{check.what}:", style="red")
            output.say("        expected ", check.expected)
            output.say("        came     ", check.came)
        shown = step.requests[:_MOST_REQUESTS]
        if more := len(step.requests) - len(shown):
            shown[-1] = f"and {more + 1} more like these"
        for request in shown:
            output.say("      ", request, style="dim")
        output.line()


def describe(error: VideskError) -> str:
    """Return an error like the last line of a traceback, without the link."""
    return without_tokens(f"{type(error).__name__}: {error.args[0]}")


def _text(value: object) -> str:
    text = without_tokens(value if isinstance(value, str) else repr(value))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
