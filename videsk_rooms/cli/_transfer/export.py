"""`videsk-rooms rooms export`: what it does."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from videsk_rooms.cli._as_json import as_json
from videsk_rooms.cli._output import complain, write_json, writing, wrong_usage
from videsk_rooms.cli._signals import handled, leave
from videsk_rooms.models import Room

from . import progress, table
from .formats import Format, format_of
from .streams import STANDARD, standard_output, whole_file
from .summary import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from videsk_rooms.cli._account import CommandContext
    from videsk_rooms.sync import Videsk

# As `rooms list --all --json` has them: without the token, which no repr shows either.
COLUMNS = tuple(field.name for field in attrs.fields(Room) if field.repr)


@dataclass(frozen=True)
class Options:
    """The options of an export.

    Attributes:
        file: Where the rooms go.
        form: How they are written; `None`: the suffix tells.
        sort: Their order.
        ended: Only rooms that are over, or only the others.
        shared: Where the rate limit is shared with others.
    """

    file: str
    form: Format | None
    sort: Sequence[str] | None
    ended: bool | None
    shared: str | None


def run(asked: CommandContext, options: Options) -> None:
    """Export all rooms.

    Raises:
        CommandFailedError: The file cannot be written.
        VideskError: The account cannot be asked; a file that was there stays as it was.
    """
    form = format_of(options.file, options.form)
    if asked.as_json and options.file == STANDARD:
        raise wrong_usage("standard output has the rooms; give a FILE to have --json")
    with (
        asked.client(shared=options.shared) as videsk,
        handled(leave, signal.SIGTERM),
        _opened(options.file) as stream,
    ):
        count = _write(asked, videsk, options, table.Writer(stream, form, COLUMNS))
    if asked.as_json:
        write_json({"rooms": count, "file": options.file})
    elif options.file != STANDARD:
        asked.page().line(f"{counted(count, 'room')}, in {options.file}")


def _write(asked: CommandContext, videsk: Videsk, options: Options, writer: table.Writer) -> int:
    total = videsk.rooms.list(limit=1, ended=options.ended).total
    with progress.shown(
        "exporting",
        total,
        colours=not asked.no_color,
        bar=not (options.file == STANDARD and sys.stdout.isatty()),
    ) as bar:
        for room in videsk.rooms.iter(sort=options.sort, ended=options.ended):
            writer.write(as_json(room))
            bar.advance()
    return bar.done


@contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    if file == STANDARD:
        with writing():
            yield standard_output()
        return
    try:
        with whole_file(Path(file)) as stream:
            yield stream
    except (KeyboardInterrupt, SystemExit):
        complain(f"stopped; nothing was written to {file}")
        raise
