"""How far long work has come: a bar on a terminal, else a line now and then. On standard error."""

from __future__ import annotations

import re
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as RichProgress
from rich.table import Column

from videsk_rooms.cli._output import complain
from videsk_rooms.cli._params import distance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_A_FRAME = 0.1
_A_LINE = 30.0


def limit_in(headers: Mapping[str, str]) -> int | None:
    """Read how many requests a second the account may make (docs/api.md, "Access")."""
    told = re.match(r"[0-9]{1,9}(?![0-9])", headers.get("Ratelimit-Limit", ""))
    return int(told[0]) if told else None


class Progress:
    """Counts, and shows the count every now and then.

    Args:
        total: How much there is to do.
        done: What was done before.
        every: Seconds between two times that it is shown.
        show: Shows it.
    """

    def __init__(
        self, total: int, done: int, *, every: float, show: Callable[[Progress], object]
    ) -> None:
        self.total = total
        self.done = done
        self.failed = 0
        self._before = done
        self._every = every
        self._show = show
        self._began = self._shown = time.monotonic()

    def advance(self, *, failed: bool = False) -> None:
        """Count one more."""
        self.done += 1
        self.failed += failed
        if time.monotonic() - self._shown >= self._every:
            self.show()

    def show(self) -> None:
        """Show the count."""
        self._shown = time.monotonic()
        self._show(self)

    def figures(self) -> list[str]:
        """Say how far it has come, how fast, and how long it will take."""
        speed = (self.done - self._before) / max(time.monotonic() - self._began, 0.001)
        told = [f"{self.done:,}/{self.total:,}"]
        if self.failed:
            told.append(f"{self.failed:,} failed")
        if speed:
            told.append(f"{speed:.1f}/s")
        if speed and self.done < self.total:
            left = timedelta(seconds=max((self.total - self.done) / speed, 1))
            told.append(f"{distance(left).removeprefix('in ')} left")
        return told


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
    if not bar or not console.is_terminal or console.is_dumb_terminal:
        yield Progress(total, done, every=_A_LINE, show=lambda now: _line(what, now))
        return
    with RichProgress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        TextColumn("{task.fields[told]}", table_column=Column(no_wrap=True)),
        console=console,
        expand=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as painted:
        task = painted.add_task(what, total=total, completed=done, told=limit)

        def paint(now: Progress) -> None:
            told = "  ".join(filter(None, [*now.figures(), limit]))
            painted.update(task, completed=now.done, told=told)

        progress = Progress(total, done, every=_A_FRAME, show=paint)
        try:
            yield progress
        finally:
            progress.show()


def _line(what: str, now: Progress) -> None:
    """Write a line where nobody watches, such as in the log of a job."""
    complain(f"{what} {', '.join(now.figures())}")
    sys.stderr.flush()
