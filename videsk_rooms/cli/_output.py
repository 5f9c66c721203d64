"""What all commands say things with."""

from __future__ import annotations

import io
import json
import sys


class CommandFailedError(Exception):
    """A command could not do its work; the text is all that the user is told."""


def accept_any_encoding() -> None:
    """Let no text fail on a terminal that cannot show it: such signs become question marks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def write_json(value: object) -> None:
    """Print a value as one line of JSON, in ASCII, at once."""
    print(json.dumps(value), flush=True)
