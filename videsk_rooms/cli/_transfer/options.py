"""The options of `rooms import` and `rooms export`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from videsk_rooms.cli._account import CommandContext
from videsk_rooms.cli._params import Ended, content_of, sort_of

from .table import Format


def _date_format(text: str) -> str:
    day = datetime(2031, 12, 24)  # noqa: DTZ001 - only its digits count
    with suppress(ValueError):
        if datetime.strptime(day.strftime(text), text) == day:  # noqa: DTZ007
            return text
    raise typer.BadParameter(
        f"{text!r} is not a format of dates; give Python's codes, such as '%d-%m-%Y %H:%M' for "
        "24-12-2031 16:00, or '%d/%m/%Y' for a day alone"
    )


def _mapping(text: str) -> tuple[str, str]:
    """Parse a column and its field from `field=column`."""
    from .rows import FIELDS

    field, _, column = (part.strip() for part in text.partition("="))
    if field in FIELDS and column:
        return column, field
    raise typer.BadParameter(
        f"{text!r} says of no field which column it is in; give one such as name=Cliente; "
        f"fields are {', '.join(FIELDS)}"
    )


def _url(text: str) -> str:
    return content_of(text, "--shared").strip()


Form = Annotated[
    Format | None,
    typer.Option("--format", metavar="csv|jsonl", help="Absent: what the suffix of FILE says."),
]
Shared = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        parser=_url,
        help="Share the rate limit with others: file:/a/path on this machine, redis://HOST for "
        "all. With a password in it, write the URL into a file and give @FILE.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ImportOptions(CommandContext):
    """The options of an import.

    Attributes:
        form: The format of the file; `None`: that of its suffix.
        update: Whether rooms that exist are brought up to date.
        results: The file of results; `None`: beside the file.
        dry_run: Whether to send nothing.
        encoding: The encoding of the file; `None`: found.
        date_format: How times may be written, too.
        mapped: The columns that are called otherwise, each with its field.
        concurrency: How many rows are sent at a time.
        shared: Where the rate limit is shared with others.
    """

    form: Form = None
    update: Annotated[
        bool,
        typer.Option(
            "--update", help="Bring rooms that are there up to date, too. Absent: they stay."
        ),
    ] = False
    results: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Where the result of each row goes. Absent: beside FILE, rooms.results.csv for "
            "rooms.csv; for - standard output.",
        ),
    ] = None
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say which rows would be refused, and send nothing."),
    ] = False
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of FILE, such as cp1252. Absent: UTF-8, else what spreadsheets write.",
        ),
    ] = None
    date_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            parser=_date_format,
            help="How FILE writes dates, such as '%d/%m/%Y %H:%M'; times as for --exp go, too.",
        ),
    ] = None
    mapped: Annotated[
        list[Any] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            parser=_mapping,
            help="The column that a field is in, such as name=Cliente; several times for several. "
            "Other unknown columns are passed over then.",
        ),
    ] = None
    concurrency: Annotated[
        int,
        typer.Option(
            min=1,
            max=100,
            metavar="N",
            help="Rows at a time, 1 to 100. Fewer if so many would take longer than a third of "
            "--timeout to get through the rate limit.",
        ),
    ] = 16
    shared: Shared = None


@dataclass(frozen=True, kw_only=True)
class ExportOptions(CommandContext):
    """The options of an export.

    Attributes:
        form: The format of the file; `None`: that of its suffix; on standard output JSON Lines.
        sort: The order of the rooms.
        ended: Only rooms that are over, or only the others.
        excel: Whether CSV is as Excel opens it.
        shared: Where the rate limit is shared with others.
    """

    form: Form = None
    sort: Annotated[
        Any,
        typer.Option(
            metavar="FIELDS",
            parser=sort_of,
            help="Such as -created_at (newest first), or name,-exp.",
        ),
    ] = None
    ended: Ended = None
    excel: Annotated[
        bool,
        typer.Option("--excel", help="CSV as Excel opens it where the comma is the decimal point."),
    ] = False
    shared: Shared = None
