"""The work of `videsk-rooms rooms export`."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from videsk_rooms.cli._output import as_json, complain, counted, write_json, writing, wrong_usage
from videsk_rooms.cli._signals import handled, leave
from videsk_rooms.models import Room

from . import progress, table
from .files import STANDARD, standard_output, whole_file
from .table import Format

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from .options import ExportOptions

# Like `rooms list --all --json`, so without the token, which no repr shows either.
COLUMNS = tuple(field.name for field in attrs.fields(Room) if field.repr)


def run(options: ExportOptions, file: str) -> None:
    """Export all rooms.

    Raises:
        CommandFailedError: The file cannot be written.
        VideskError: The account cannot be reached; an existing file stays unchanged.
    """
    usual = Format.CSV if options.excel else Format.JSONL if file == STANDARD else None
    form = table.format_of(file, options.form, default=usual)
    if options.excel and form is not Format.CSV:
        raise wrong_usage("--excel is for CSV; leave it out, or give --format csv")
    if options.as_json and file == STANDARD:
        raise wrong_usage("standard output has the rooms; give a FILE to have --json")
    with (
        options.client(shared=options.shared) as videsk,
        handled(leave, signal.SIGTERM),
        _opened(file) as stream,
    ):
        writer = table.Writer(stream, form, COLUMNS, excel=options.excel)
        rooms = videsk.with_options(priority="background").rooms
        total = rooms.list(limit=1, ended=options.ended).total
        with progress.shown(
            "exporting",
            total,
            colours=not options.no_color,
            bar=file != STANDARD,  # else the rows may go to the same terminal, even through a pipe
        ) as bar:
            for room in rooms.iter(sort=options.sort, ended=options.ended):
                writer.write(as_json(room))
                bar.advance()
    if options.as_json:
        write_json({"rooms": bar.done, "file": file})
    elif file != STANDARD:
        options.output().line(f"{counted(bar.done, 'room')}, in {file}")


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
