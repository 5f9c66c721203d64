"""`videsk-rooms rooms export`: what it does."""

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
from .table import Format, format_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from videsk_rooms.cli._account import CommandContext

# As `rooms list --all --json` has them: without the token, which no repr shows either.
COLUMNS = tuple(field.name for field in attrs.fields(Room) if field.repr)


def run(
    context: CommandContext,
    file: str,
    form: Format | None,
    *,
    sort: Sequence[str] | None,
    ended: bool | None,
    shared: str | None,
    excel: bool,
) -> None:
    """Export all rooms.

    Args:
        context: The account.
        file: The file to write.
        form: Its format; `None`: that of its suffix; on standard output JSON Lines.
        sort: The order of the rooms.
        ended: Only rooms that are over, or only the others.
        shared: Where the rate limit is shared with others.
        excel: Whether CSV is as Excel opens it.

    Raises:
        CommandFailedError: The file cannot be written.
        VideskError: The account cannot be reached; a file that was there stays as it was.
    """
    usual = Format.CSV if excel else Format.JSONL if file == STANDARD else None
    form = format_of(file, form, default=usual)
    if excel and form is not Format.CSV:
        raise wrong_usage("--excel is for CSV; leave it out, or give --format csv")
    if context.as_json and file == STANDARD:
        raise wrong_usage("standard output has the rooms; give a FILE to have --json")
    with (
        context.client(shared=shared) as videsk,
        handled(leave, signal.SIGTERM),
        _opened(file) as stream,
    ):
        writer = table.Writer(stream, form, COLUMNS, excel=excel)
        rooms = videsk.with_options(priority="background").rooms
        total = rooms.list(limit=1, ended=ended).total
        with progress.shown(
            "exporting",
            total,
            colours=not context.no_color,
            bar=file != STANDARD,  # the rows may come to the same terminal, also through a pipe
        ) as bar:
            for room in rooms.iter(sort=sort, ended=ended):
                writer.write(as_json(room))
                bar.advance()
    if context.as_json:
        write_json({"rooms": bar.done, "file": file})
    elif file != STANDARD:
        context.output().line(f"{counted(bar.done, 'room')}, in {file}")


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
