"""How far long work has come: a bar on a terminal, else a line now and then. On standard error."""

from __future__ import annotations

import re
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, TextColumn
from rich.progress import Progress as RichProgress
from rich.table import Column
from rich.text import Text

from videsk_rooms.cli._output import complain
from videsk_rooms.cli._times import distance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.progress import Task

_A_FRAME = 0.1
_A_LINE = 30.0


def limit_in(headers: Mapping[str, str]) -> str:
    """Say how many requests the account may make (docs/api.md, "Access")."""
    told = re.match(r"\d+", headers.get("Ratelimit-Limit", ""))
    return f"limit {told[0]}/s" if told else "limit not told"


class Progress:
    """Counts, and shows the count every now and then.

    Args:
        done: What was done before.
        every: Seconds between two times that it is shown.
        show: Shows how many are done, and how many of them failed.
    """

    def __init__(self, done: int, every: float, show: Callable[[int, int], object]) -> None:
        self.done = done
        self.failed = 0
        self._every = every
        self._show = show
        self._shown = time.monotonic()

    def advance(self, *, failed: bool = False) -> None:
        """Count one more."""
        self.done += 1
        self.failed += failed
        if time.monotonic() - self._shown >= self._every:
            self.show()

    def show(self) -> None:
        """Show the count."""
        self._shown = time.monotonic()
        self._show(self.done, self.failed)


@contextmanager
def shown(
    what: str, total: int, *, done: int = 0, limit: str = "", colours: bool = True, bar: bool = True
) -> Iterator[Progress]:
    """Show how far work has come, as long as the block runs.

    Args:
        what: What the work is.
        total: How much there is to do.
        done: How much was done before.
        limit: How many requests may be made, in words.
        colours: Whether there may be colours.
        bar: Whether there may be a bar: the terminal may be where the work itself is written.
    """
    console = Console(stderr=True, no_color=None if colours else True)
    if not (bar and console.is_terminal) or console.is_dumb_terminal:
        lines = _Lines(what, total, done)
        yield Progress(done, _A_LINE, lines.show)
        return
    with RichProgress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        _Figures(limit),
        console=console,
        expand=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as painted:
        task = painted.add_task(what, total=total, completed=done, failed=0)
        progress = Progress(
            done,
            _A_FRAME,
            lambda count, failed: painted.update(task, completed=count, failed=failed),
        )
        try:
            yield progress
        finally:
            progress.show()


class _Figures(ProgressColumn):
    def __init__(self, limit: str) -> None:
        super().__init__(Column(no_wrap=True, justify="right"))
        self._limit = limit

    def render(self, task: Task) -> Text:
        """Write the figures beside the bar."""
        figures = [f"{task.completed:,.0f}/{task.total or 0:,.0f}"]
        if task.fields["failed"]:
            figures.append(f"{task.fields['failed']} failed")
        speed = task.finished_speed or task.speed
        if speed:
            figures.append(f"{speed:.1f}/s")
        if not task.finished:
            figures.append(_left(task.remaining, speed))
        return Text("  ".join(filter(None, [*figures, self._limit])))


class _Lines:
    """What is told where nobody looks on, such as in the log of a job."""

    def __init__(self, what: str, total: int, done: int) -> None:
        self._what = what
        self._total = total
        self._done = done
        self._began = time.monotonic()

    def show(self, done: int, failed: int) -> None:
        speed = (done - self._done) / (time.monotonic() - self._began)
        figures = [f"{self._what}: {done:,} of {self._total:,}"]
        if failed:
            figures.append(f"{failed} failed")
        left = _left(self._total - done, speed)
        complain(", ".join(filter(None, [*figures, f"{speed:.1f} a second", left])))
        sys.stderr.flush()


def _left(count: float | None, speed: float | None) -> str:
    if not count or not speed:
        return ""
    return distance(timedelta(seconds=max(count / speed, 1))).replace("in ", "") + " left"
