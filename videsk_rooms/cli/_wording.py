"""Errors of the package in the words of the command line.

Their remedies are written for whoever calls the package from Python: `timeout=`, `base_url`,
`rooms.get_by_external_id(…)`. Here each becomes what is typed at a shell.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from videsk_rooms.errors import InvalidRequestError

if TYPE_CHECKING:
    from videsk_rooms.errors import VideskError

# Whole phrases and no single words: what an error quotes of its user's must stay as it is.
_PHRASES = {
    "VIDESK_API_TOKEN or api_token=": "VIDESK_API_TOKEN or --token-file",
    "with timeout=.": "with --timeout.",
    "check base_url and proxy": "check --base-url and the proxy",
    "check base_url and whatever": "check --base-url and whatever",
    "Check base_url, the network": "Check --base-url, the network",
    "If base_url points": "If --base-url points",
    "and base_url, which ends": "and --base-url, which ends",
    "in proxy=, or in HTTPS_PROXY": "in HTTPS_PROXY, and give --trust-env",
    "ask for view='snapshot'": "ask for --view snapshot",
    "Correct limit, skip, sort or": "Correct --limit, --skip, --sort or",
    "errors says which": "what it says in braces tells which",
    "rooms.get_by_external_id(), and pass that": "rooms.get_by_external_id(), and give its id",
}
_LOOK_UP = "videsk-rooms rooms get --external-id"
# Methods that remedies name without an argument, and those that they name with an external id.
_COMMANDS = {
    "get": "videsk-rooms rooms get",
    "update": "videsk-rooms rooms update",
    "end": "videsk-rooms rooms end",
    "get_by_external_id": f"{_LOOK_UP} ID",
}
_COMMANDS_FOR_AN_ID = {
    "get_by_external_id": _LOOK_UP,
    "get_or_create": "videsk-rooms rooms create --if-missing --external-id",
}


def told(error: VideskError) -> str:
    """Write an error for whoever typed the command."""
    text = str(error.args[0])  # without the link, whose page is written for Python as well
    for phrase, typed in _PHRASES.items():
        text = text.replace(phrase, typed)
    for method, command in _COMMANDS.items():
        text = text.replace(f"rooms.{method}()", f"`{command}`")
    text = _with_commands(text, error.external_id)
    if isinstance(error, InvalidRequestError):
        return _named_as_typed(text, error.argument)
    return text


def option_of(argument: str) -> str:
    """Name an argument of the package as the command line does."""
    return "ROOM" if argument == "room" else f"--{argument.replace('_', '-')}"


def _named_as_typed(text: str, argument: str) -> str:
    if text.startswith(argument):
        return option_of(argument) + text[len(argument) :].replace("=", " ", 1)
    return text


def _with_commands(text: str, external_id: str | None) -> str:
    """Write the calls that a text names as commands.

    They are looked for as the package wrote them, with the id that the error has besides: the rest
    of a text may be the server's, which writes what it likes.
    """
    if external_id is None:
        return text
    for method, command in _COMMANDS_FOR_AN_ID.items():
        call = f"rooms.{method}({external_id!r})"
        text = text.replace(call, f"`{command} {shlex.quote(external_id)}`")
    return text
