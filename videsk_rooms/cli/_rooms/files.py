"""The options of `rooms import` and `rooms export`."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from videsk_rooms.cli._account import CommandContext, asking_an_account
from videsk_rooms.cli._output import wrong_usage
from videsk_rooms.cli._params import Ended, Sort, content_of, sort_of
from videsk_rooms.cli._transfer.table import Format

if TYPE_CHECKING:
    from collections.abc import Sequence


def _date_format(text: str) -> str:
    day = datetime(2031, 12, 24)  # noqa: DTZ001 - only its digits count
    with suppress(ValueError):
        if datetime.strptime(day.strftime(text), text) == day:  # noqa: DTZ007
            return text
    raise typer.BadParameter(
        f"{text!r} is not a format of dates; give Python's codes, such as '%d-%m-%Y %H:%M' for "
        "24-12-2031 16:00, or '%d/%m/%Y' for a day alone"
    )


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
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Of FILE, such as cp1252. Absent: UTF-8, else what spreadsheets write."
    ),
]
DateFormat = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        parser=_date_format,
        help="How FILE writes dates, such as '%d/%m/%Y %H:%M'; times as for --exp go, too.",
    ),
]
Mapped = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="The column that a field is in, such as name=Cliente; several times for several. "
        "Other unknown columns are passed over then.",
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
    encoding: Encoding = None,
    date_format: DateFormat = None,
    mapped: Mapped = None,
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
    if dry_run and (update or results):
        raise wrong_usage("--dry-run sends nothing; leave out --update and --results")
    options = import_.Options(
        *(file, form, update, results, concurrency, _url(shared)),
        encoding=encoding,
        date_format=date_format,
        mapped=_by_column(mapped or ()),
    )
    code = (import_.check if dry_run else import_.run)(context, options)
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
    excel: Annotated[
        bool,
        typer.Option("--excel", help="CSV as Excel opens it where the comma is the decimal point."),
    ] = False,
    shared: Shared = None,
) -> None:
    """Write all rooms into a file, without their tokens.

    The file gets its name when it is whole; one that was there stays until
    then. What it says can be imported again with --update.
    """
    from videsk_rooms.cli._transfer import export

    _check(file)
    export.run(
        *(context, file, form),
        sort=sort_of(sort),
        ended=ended,
        shared=_url(shared),
        excel=excel,
    )


def _by_column(mapped: Sequence[str]) -> dict[str, str]:
    """Parse what `--map` is given: the fields, by their columns."""
    from videsk_rooms.cli._transfer.columns import FIELDS

    found: dict[str, str] = {}
    for each in mapped:
        field, _, column = (part.strip() for part in each.partition("="))
        if field not in FIELDS or not column:
            raise typer.BadParameter(
                f"{each!r} says of no field which column it is in; give one such as name=Cliente; "
                f"fields are {', '.join(FIELDS)}",
                param_hint="'--map'",
            )
        found[column] = field
    return found


def _check(file: str) -> None:
    if not file:  # absent, which an older typer accepts with a newer click
        raise wrong_usage("Missing argument 'FILE'; name a file, or give -")


def _url(shared: str | None) -> str | None:
    return None if shared is None else content_of(shared, "--shared").strip()
