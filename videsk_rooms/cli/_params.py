"""Options that several commands share, and the parsing of their values."""

from __future__ import annotations

import inspect
import json
import re
import sys
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import wraps
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, TypeVar, get_type_hints

import typer

from ._times import moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv6Address

Options = TypeVar("Options")


def with_options(
    kind: type[Options],
) -> Callable[[Callable[Concatenate[Options, ...], None]], Callable[..., None]]:
    """Return a decorator that adds a dataclass's fields to a command as options.

    Its help lists the options of the dataclass itself, of the command, then the inherited ones.

    Args:
        kind: The dataclass. The command gets an instance first, then its own arguments by name.

    Returns:
        The decorator; typer reads the options from the signature of the decorated function.
        The decorator; typer reads the options from the signature of what it makes.
    """
    hints = get_type_hints(kind, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = {
        each.name: inspect.Parameter(
            each.name, keyword, default=each.default, annotation=hints[each.name]
        )
        for each in fields(kind)  # type: ignore[arg-type]  # a dataclass
    }
    base = kind.__mro__[1]
    inherited = {each.name for each in fields(base)} if is_dataclass(base) else {*shared}

    def decorate(command: Callable[Concatenate[Options, ...], None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            options = kind(**{name: given.pop(name) for name in shared})
            command(options, **given)

        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        keywords = [
            *(shared[name] for name in shared if name not in inherited),
            *(each.replace(kind=keyword) for each in own),
            *(shared[name] for name in shared if name in inherited),
        ]
        del run.__wrapped__  # typer would read that function's options
        run.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]  # PEP 362
        run.__annotations__ = {each.name: each.annotation for each in keywords}
        return run

    return decorate


# -- text and JSON --------------------------------------------------------------------------------


def content_of(text: str, option: str) -> str:
    """Return a value as typed; for `@FILE` the file's content, for `@-` standard input.

    Args:
        text: The value.
        option: The option, for the error message.

    Raises:
        BadParameter: The file cannot be read.
    """
    if not text.startswith("@"):
        return text
    try:
        if text == "@-":
            return sys.stdin.read()
        # utf-8-sig, because some editors write a byte order mark.
        return Path(text[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise typer.BadParameter(
            f"the file {text[1:]!r} cannot be read: {reason}; put the name of a file after the @, "
            "or give the value itself",
            param_hint=f"'{option}'",
        ) from None


def object_in(text: str) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        ValueError: The text is not a JSON object; the message says why.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise ValueError("is nested too deep") from None
    except ValueError:  # Python refuses numbers of more than 4,300 digits
        raise ValueError("has a number of too many digits") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return value


# -- hosts -----------------------------------------------------------------------------------------


def ip_of(host: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address of a host that is given by one; `None` for a name."""
    with suppress(ValueError):
        return ip_address(host)
    return None


def is_this_machine(host: str) -> bool:
    """Return whether connections to a host stay on this machine."""
    ip = ip_of(host)
    return host.lower() == "localhost" if ip is None else ip.is_loopback


# -- options of rooms ------------------------------------------------------------------------------

ShowToken = Annotated[
    bool,
    typer.Option(
        "--show-token",
        help="Show the access token, too. Anybody who reads it can join: mind logs and scrollback.",
    ),
]
Name = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="The display name, at most 500 characters."),
]
ExternalId = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Your own id for it, unique, 1 to 100 characters."),
]
Settings = Annotated[
    str | None,
    typer.Option(metavar="JSON", help="A JSON object, or @FILE that holds it; @- is stdin."),
]
Ends = Annotated[
    datetime | None,
    typer.Option(
        "--exp",
        metavar="WHEN",
        parser=moment,
        help="When participants are disconnected, within 72 hours: from now (2h, 90m, 3d), or a "
        "date and time ('2026-12-24 16:00' local, 2026-12-24T16:00Z).",
    ),
]
Opens = Annotated[
    datetime | None,
    typer.Option("--nbf", metavar="WHEN", parser=moment, help="When it opens, before --exp."),
]
Ended = Annotated[
    bool | None,
    typer.Option("--ended/--no-ended", help="Only rooms that are over, or only the others."),
]

_SORT_FIELD = re.compile(r"-?[A-Za-z_][A-Za-z0-9_]*")


def settings_of(text: str | None) -> dict[str, Any] | None:
    """Parse the settings of a room.

    Raises:
        BadParameter: They are not a JSON object, or the file cannot be read.
    """
    if text is None:
        return None
    source = text if text.startswith("@") else "the value"
    try:
        return object_in(content_of(text, "--settings"))
    except ValueError as error:
        remedy = """give an object such as '{"maxParticipants": 10}', or @FILE that holds one"""
        raise typer.BadParameter(f"{source} {error}; {remedy}", param_hint="'--settings'") from None


def sort_of(text: str) -> list[str]:
    """Parse a sort order, such as `-created_at,name`.

    Raises:
        BadParameter: A field name is invalid.
    """
    sorted_by = text.split(",")
    for field in sorted_by:
        if not _SORT_FIELD.fullmatch(field):
            raise typer.BadParameter(
                f"{field!r} is not a field to sort by; give one such as created_at, -created_at "
                "for the newest first, or several with commas between them"
            )
    return sorted_by


# -- which room ------------------------------------------------------------------------------------

RoomId = Annotated[
    str | None,
    typer.Argument(
        metavar="ROOM", help="The room's id; without it, give --external-id.", show_default=False
    ),
]
RoomIds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ROOM...",
        help="The ids of the rooms; without them, give --external-id.",
        show_default=False,
    ),
]
OwnId = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Your own id for the room, instead of the API's."),
]
ExternalIds = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID",
        help="Your own id for a room, instead of the API's; repeat it for several rooms.",
    ),
]
