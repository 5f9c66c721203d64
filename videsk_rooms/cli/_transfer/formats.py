"""How a file of rooms is written."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from videsk_rooms.cli._output import wrong_usage


class Format(str, Enum):
    """How a file of rooms is written."""

    CSV = "csv"
    JSONL = "jsonl"


_SUFFIXES = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL}


def format_of(file: str, given: Format | None, *, otherwise: Format | None = None) -> Format:
    """Return the format of a file: the given one, else that of its suffix, else the default.

    Raises:
        CommandFailedError: None of them says.
    """
    found = given or _SUFFIXES.get(Path(file).suffix.lower()) or otherwise
    if found is None:
        raise wrong_usage(f"FILE {file!r} does not tell its format; give --format csv or jsonl")
    return found
