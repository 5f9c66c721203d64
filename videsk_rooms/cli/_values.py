"""Values that are typed as they are, or named by the file that holds them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer


def content_of(text: str, option: str) -> str:
    """Return what was typed; for `@FILE` what is in the file, for `@-` what comes on stdin.

    Args:
        text: What was typed.
        option: Which option it was typed for, for the message when the file cannot be read.

    Raises:
        BadParameter: The file cannot be read.
    """
    if not text.startswith("@"):
        return text
    try:
        # utf-8-sig: editors of some systems begin a file with a mark that is part of no value.
        if text == "@-":
            return sys.stdin.read()
        return Path(text[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise typer.BadParameter(
            f"the file {text[1:]!r} cannot be read: {reason}; name one that holds the value after "
            "the @, or give the value itself",
            param_hint=f"'{option}'",
        ) from None


def object_in(text: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError: It is none, and why.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"is not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise ValueError("is nested too deep") from None
    except ValueError:  # what Python reads no further than 4,300 digits
        raise ValueError("has a number of too many digits") from None
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return value
