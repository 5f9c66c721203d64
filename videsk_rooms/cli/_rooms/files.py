"""`rooms import` and `rooms export`."""

from __future__ import annotations

from typing import Annotated

import typer

from videsk_rooms.cli._output import wrong_usage
from videsk_rooms.cli._params import with_options
from videsk_rooms.cli._transfer.options import ExportOptions, ImportOptions

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A file that ends in .csv, .jsonl or .ndjson; - is standard input or output.",
        show_default=False,
    ),
]


@with_options(ImportOptions)
def import_rooms(options: ImportOptions, file: File) -> None:
    """Create the rooms of a file, each once, however often this runs.

    Columns, or fields of JSON Lines: name, external_id, exp, nbf, settings (a
    JSON object). Empty means absent. Fields that only the API sets are ignored.

    After Ctrl-C or a failure, the same command continues where it stopped, and
    retries failed rows. A row without external_id is identified by its content
    and the file's name.
    """
    from videsk_rooms.cli._transfer import import_

    _check(file)
    if options.dry_run and (options.update or options.results):
        raise wrong_usage("--dry-run sends nothing; leave out --update and --results")
    code = (import_.check if options.dry_run else import_.run)(options, file)
    if code:
        raise typer.Exit(code)


@with_options(ExportOptions)
def export_rooms(options: ExportOptions, file: File) -> None:
    """Write all rooms to a file, without their tokens.

    The file is replaced only once it is complete. An export can be imported again
    with --update.
    """
    from videsk_rooms.cli._transfer import export

    _check(file)
    export.run(options, file)


def _check(file: str) -> None:
    if not file:  # absent, which an older typer accepts with a newer click
        raise wrong_usage("Missing argument 'FILE'; name a file, or give -")
