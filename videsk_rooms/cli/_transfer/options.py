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
        f"{text!r} is not a date format; give Python's codes, such as '%d-%m-%Y %H:%M' for "
        "24-12-2031 16:00, or '%d/%m/%Y' for a date without a time"
    )


def _mapping(text: str) -> tuple[str, str]:
    """Parse a column and its field from `field=column`."""
    from .rows import FIELDS

    field, _, column = (part.strip() for part in text.partition("="))
    if field in FIELDS and column:
        return column, field
    raise typer.BadParameter(
        f"{text!r} does not map a field to a column; give one such as name=Cliente; "
        f"fields are {', '.join(FIELDS)}"
    )


def _url(text: str) -> str:
    return content_of(text, "--shared").strip()


Form = Annotated[
    Format | None,
    typer.Option(
        "--format", metavar="csv|jsonl", help="The format. Default: by the suffix of FILE."
    ),
]
Shared = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        parser=_url,
        help="Share the rate limit: file:/a/path on this machine, redis://HOST between machines. "
        "ps would show a password in it: write the URL to a file, and give @FILE.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ImportOptions(CommandContext):
    """The options of an import.

    Attributes:
        form: The format of the file; `None`: by its suffix.
        update: Whether to update rooms that exist.
        results: The results file; `None`: beside the file.
        dry_run: Whether to send nothing.
        encoding: The encoding of the file; `None`: detected.
        date_format: A further format of times.
        mapped: The fields of columns with other names.
        concurrency: How many rows are sent at the same time.
        shared: The store that shares the rate limit.
    """

    form: Form = None
    update: Annotated[
        bool,
        typer.Option(
            "--update", help="Also update rooms that exist. Default: they stay unchanged."
        ),
    ] = False
    results: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The file for each row's result. Default: beside FILE, rooms.results.csv for "
            "rooms.csv; for - standard output.",
        ),
    ] = None
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show which rows would be refused, and send nothing."),
    ] = False
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The encoding, such as cp1252. Default: UTF-8, else one of spreadsheets.",
        ),
    ] = None
    date_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            parser=_date_format,
            help="How FILE writes dates, such as '%d/%m/%Y %H:%M', in addition to those of --exp.",
        ),
    ] = None
    mapped: Annotated[
        list[Any] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            parser=_mapping,
            help="The column of a field, such as name=Cliente; repeat it for several. "
            "Other unknown columns are then ignored.",
        ),
    ] = None
    concurrency: Annotated[
        int,
        typer.Option(
            min=1,
            max=100,
            metavar="N",
            help="Rows at the same time, 1 to 100. Fewer if queueing for the rate limit would take "
            "more than a third of --timeout.",
        ),
    ] = 16
    shared: Shared = None


@dataclass(frozen=True, kw_only=True)
class ExportOptions(CommandContext):
    """The options of an export.

    Attributes:
        form: The format of the file; `None`: by its suffix; on standard output JSON Lines.
        sort: The order of the rooms.
        ended: Only rooms that are over, or only the others.
        excel: Whether to write CSV for Excel with a decimal comma.
        shared: The store that shares the rate limit.
    """

    form: Form = None
    sort: Annotated[
        Any,
        typer.Option(
            metavar="FIELDS",
            parser=sort_of,
            help="The order: -created_at (newest first), or name,-exp.",
        ),
    ] = None
    ended: Ended = None
    excel: Annotated[
        bool,
        typer.Option("--excel", help="CSV for Excel with a decimal comma: semicolons and a BOM."),
    ] = False
    shared: Shared = None
