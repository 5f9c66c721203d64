"""The options of `rooms import` and `rooms export`."""

from __future__ import annotations

from typing import Annotated

import typer

from videsk_rooms.cli._account import CommandContext, asking_an_account
from videsk_rooms.cli._output import wrong_usage
from videsk_rooms.cli._params import Ended, Sort, content_of, sort_of
from videsk_rooms.cli._transfer.table import Format

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A file that ends in .csv, .jsonl or .ndjson; - is standard input or output.",
        show_default=False,
    ),
]
Form = Annotated[
    Format | None,
    typer.Option("--format", metavar="csv|jsonl", help="Absent: what the suffix of FILE says."),
]
Shared = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Share the rate limit with others: file:/a/path on this machine, redis://HOST for "
        "all. With a password in it, write the URL into a file and give @FILE.",
    ),
]


@asking_an_account
def import_rooms(
    context: CommandContext,
    file: File,
    *,
    form: Form = None,
    update: Annotated[
        bool,
        typer.Option(
            "--update", help="Bring rooms that are there up to date, too. Absent: they stay."
        ),
    ] = False,
    results: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Where the result of each row goes. Absent: beside FILE, rooms.results.csv for "
            "rooms.csv; for - standard output.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say which rows would be refused, and send nothing."),
    ] = False,
    concurrency: Annotated[
        int,
        typer.Option(
            min=1,
            max=100,
            metavar="N",
            help="Rows at a time, 1 to 100. Fewer if so many would take longer than a third of "
            "--timeout to get through the rate limit.",
        ),
    ] = 16,
    shared: Shared = None,
) -> None:
    """Create the rooms of a file, each once, however often this is run.

    Columns, or fields of JSON Lines: name, external_id, exp, nbf, settings (a
    JSON object); empty is absent. What only the API sets is passed over.

    After Ctrl-C or a failure the same command goes on where it stopped, and
    tries failed rows again. A row without external_id is known by its content
    and the name of the file.
    """
    from videsk_rooms.cli._transfer import import_

    _check(file)
    if dry_run:
        if update or results:
            raise wrong_usage("--dry-run sends nothing; leave out --update and --results")
        code = import_.check(context, file, form)
    else:
        code = import_.run(
            context,
            import_.Options(file, form, update, results, concurrency, _url(shared)),
        )
    if code:
        raise typer.Exit(code)


@asking_an_account
def export_rooms(
    context: CommandContext,
    file: File,
    *,
    form: Form = None,
    sort: Sort = None,
    ended: Ended = None,
    shared: Shared = None,
) -> None:
    """Write all rooms into a file, without their tokens.

    The file gets its name when it is whole; one that was there stays until
    then. What it says can be imported again with --update.
    """
    from videsk_rooms.cli._transfer import export

    _check(file)
    export.run(context, file, form, sort=sort_of(sort), ended=ended, shared=_url(shared))


def _check(file: str) -> None:
    if not file:  # absent, which an older typer accepts with a newer click
        raise wrong_usage("Missing argument 'FILE'; name a file, or give -")


def _url(shared: str | None) -> str | None:
    return None if shared is None else content_of(shared, "--shared").strip()
