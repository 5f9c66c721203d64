"""Steps and their checks: what was done, what was expected, what came."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from videsk_rooms.errors import VideskError, without_tokens

from .belongings import CreatedRooms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from videsk_rooms.sandbox import RequestRecord, Sandbox

_SHOWN = 400


@dataclass
class Check:
    """One thing that a step made sure of."""

    what: str
    expected: str
    came: str
    ok: bool


@dataclass
class Step:
    """One step of the demo.

    Attributes:
        number: 1 for the first.
        title: What it is about.
        code: The lines that it runs.
        live: Whether it runs against an account, of which not everything is known.
        checks: What was made sure of.
        result: What came, in short.
        requests: What the code sent, if the sandbox can tell.
        error: The error that a refused step raised, or that ended the demo in this step.
        finished: Whether it came to its end.
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
        """Whether it came to its end and every check held."""
        return self.finished and bool(self.checks) and all(check.ok for check in self.checks)

    def equal(self, what: str, came: object, expected: object) -> None:
        """Check that a value is the expected one."""
        self.holds(what, came == expected, came=came, expected=expected)

    def equal_if_sent(self, what: str, came: object, expected: object) -> None:
        """Check a field of an answer; an account may leave it out (docs/api.md, "Objects")."""
        left_out = self.live and came is None
        self.holds(what, left_out or came == expected, came=came, expected=expected)

    def holds(self, what: str, ok: bool, *, came: object, expected: object) -> None:
        """Take note of a check that was made."""
        self.checks.append(Check(what, _text(expected), _text(came), ok))

    def as_json(self) -> dict[str, object]:
        """Describe it for programs."""
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


class View(Protocol):
    """Where the demo is shown."""

    def begin(self, step: Step) -> None:
        """Show what a step is about to do."""

    def end(self, step: Step) -> None:
        """Show what came of it."""

    def say(self, text: str, style: str = "") -> None:
        """Show a paragraph."""


class Demo:
    """Takes down the steps of the story and shows them.

    Args:
        view: Where they are shown.
        code: The lines of each step, by title.
        sandbox: What they run against; `None`: an account.

    Attributes:
        steps: The steps so far.
        belongings: The rooms that have to be ended in the end.
    """

    def __init__(self, *, view: View, code: Mapping[str, str], sandbox: Sandbox | None) -> None:
        self.sandbox = sandbox
        self.steps: list[Step] = []
        self.belongings = CreatedRooms()
        self._view = view
        self._code = code

    @property
    def live(self) -> bool:
        """Whether it runs against an account."""
        return self.sandbox is None

    @property
    def ok(self) -> bool:
        """Whether every step so far was checked and right."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    @property
    def interrupted(self) -> bool:
        """Whether the last step neither came to its end nor failed."""
        return bool(self.steps) and not self.steps[-1].finished and self.steps[-1].error is None

    @property
    def left(self) -> tuple[str, ...]:
        """The `external_id` of each room that may be open; a sandbox leaves none."""
        return self.belongings.names if self.live else ()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Run the code that a step shows: the body of the `with`, and nothing but it."""
        step = Step(len(self.steps) + 1, title, self._code.get(title, ""), self.live)
        self.steps.append(step)
        self._view.begin(step)
        before = self._sent()
        try:
            yield step
        finally:
            step.requests = _summary(self._sent()[len(before) :])

    @contextmanager
    def refusal(self, title: str, kind: type[VideskError]) -> Iterator[Step]:
        """Run code that is to raise an error, which is shown as its user would see it."""
        with self.step(title) as step:
            came: VideskError | None = None
            try:
                yield step
            except kind as error:
                step.error = came = error
            step.holds(
                "the error",
                came is not None,
                came=describe(came),
                expected=kind.__name__,
            )

    def done(self, step: Step, result: str) -> None:
        """End a step whose checks are made.

        Args:
            step: The step.
            result: What came, in short.
        """
        if not step.checks:
            raise ValueError(f"step {step.title!r} checked nothing; give it a check")
        step.result = without_tokens(result)
        step.finished = True
        self._view.end(step)

    def failed(self, error: VideskError) -> None:
        """End the last step with an error that nobody expected."""
        step = self.steps[-1]
        step.error = error
        step.holds("the outcome", False, came=describe(error), expected="no error")
        self._view.end(step)

    def _sent(self) -> Sequence[RequestRecord]:
        return () if self.sandbox is None else tuple(self.sandbox.requests)


def describe(error: VideskError | None) -> str:
    """Write an error as the last line of a traceback does, without the link."""
    if error is None:
        return "no error"
    return without_tokens(f"{type(error).__name__}: {error.args[0]}")


def _text(value: object) -> str:
    text = without_tokens(value if isinstance(value, str) else repr(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _summary(requests: Sequence[RequestRecord]) -> list[str]:
    """Write requests as lines, equal ones in a row as one."""
    lines = (f"{request.method} {request.path} {request.status}" for request in requests)
    counted = [(line, len(list(group))) for line, group in groupby(lines)]
    return [line if count == 1 else f"{line} ({count} times)" for line, count in counted]
