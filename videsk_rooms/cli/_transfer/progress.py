"""Progress of long work on standard error: a bar on a terminal, otherwise a line at intervals."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.constrain import Constrain
from rich.live import Live
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column

from videsk_rooms.cli._output import complain
from videsk_rooms.cli._times import distance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_A_FRAME = 0.1
_A_LINE = 30.0


class Progress:
    """Counts progress, and shows it at intervals.

    rich's own columns for speed and time are not used, because they need a terminal.

    Args:
        total: The amount of work.
        done: How much was done before.
        every: The interval in seconds.
        show: Shows the count.
    """

    def __init__(
        self, total: int, done: int, *, every: float, show: Callable[[Progress], object]
    ) -> None:
        self.total = total
        self.done = self._before = done
        self.failed = 0
        self._every = every
        self._show = show
        self._began = self._shown = time.monotonic()

    def advance(self, *, failed: bool = False) -> None:
        """Count one more."""
        self.done += 1
        self.failed += failed
        if time.monotonic() - self._shown >= self._every:
            self._shown = time.monotonic()
            self._show(self)

    def figures(self) -> list[str]:
        """Return the count, the speed and the remaining time as text."""
        figures = [f"{self.done:,}/{self.total:,}"]
        if self.failed:
            figures.append(f"{self.failed:,} failed")
        speed = (self.done - self._before) / max(time.monotonic() - self._began, 0.001)
        if speed:
            figures.append(f"{speed:.1f}/s")
        if speed and self.done < self.total:
            remaining = timedelta(seconds=max((self.total - self.done) / speed, 1))
            figures.append(f"{distance(remaining).removeprefix('in ')} left")
        return figures


@contextmanager
def shown(
    what: str, total: int, *, done: int = 0, limit: str = "", colours: bool = True, bar: bool = True
) -> Iterator[Progress]:
    """Show the progress of work while the block runs.

    Args:
        what: The work, such as "import".
        total: The amount of work.
        done: How much was done before.
        limit: The rate limit as text.
        colours: Whether colours are allowed.
        bar: Whether a bar is allowed; not if the terminal also gets the result of the work.
    """
    console = Console(stderr=True, no_color=None if colours else True)
    if not bar or not console.is_terminal or console.is_dumb_terminal:
        yield Progress(
            total,
            done,
            every=_A_LINE,
            show=lambda now: complain(f"{what} {', '.join(now.figures())}"),
        )
        return
    bars = Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True)),
        console=console,
        expand=True,
    )
    task = bars.add_task(what, total=total, completed=done, figures=limit)

    def paint(now: Progress) -> None:
        figures = "  ".join(filter(None, [*now.figures(), limit]))
        bars.update(task, completed=now.done, figures=figures)

    with Live(
        # With room for the `^C` of a terminal, which would otherwise start a new line.
        get_renderable=lambda: Constrain(bars.get_renderable(), console.width - len("^C")),
        console=console,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        progress = Progress(total, done, every=_A_FRAME, show=paint)
        try:
            yield progress
        finally:
            paint(progress)


def _print_line(what: str, now: Progress) -> None:
    complain(f"{what} {', '.join(now.figures())}")
