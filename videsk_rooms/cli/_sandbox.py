"""`videsk-rooms sandbox`: its options."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated

import typer


class Window(str, Enum):
    """How the sandbox counts a second."""

    FIXED = "fixed"
    SLIDING = "sliding"


def sandbox(
    *,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            metavar="N",
            show_default=False,
            help="Port to listen on. Absent: any free one.",
        ),
    ] = 0,
    host: Annotated[str, typer.Option(metavar="H", help="Address to listen on.")] = "127.0.0.1",
    rate: Annotated[
        str, typer.Option(metavar="R", help="Requests per second before a 429, or off.")
    ] = "20",
    window: Annotated[
        Window,
        typer.Option(help="Count in seconds one after another, or in the last second."),
    ] = Window.FIXED,
    token: Annotated[
        str | None,
        typer.Option(metavar="T", help="API token that is let in. Absent: a new one."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="Makes ids and tokens the same in every run."),
    ] = None,
    deletion: Annotated[
        bool,
        typer.Option("--deletion", help="Let rooms be deleted. Absent: refused, as published."),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no line for each request.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print one line of JSON with url and api_token, and nothing else."
        ),
    ] = False,
) -> None:
    """Run the Rooms API on this machine, for trying things and for tests.

    Prints where it listens, the two variables to set, and a line for each
    request. Rooms are kept in memory. Ctrl-C and SIGTERM end it with exit code
    0; a port that is taken is exit code 1.
    """
    checked_rate, checked_token = _rate(rate), _token(token)
    if not host:
        raise typer.BadParameter("give an address or a host name", param_hint="'--host'")

    from videsk_rooms.sandbox import Sandbox

    from ._serving import announce, log_line, nothing, serve

    serve(
        Sandbox(
            port=port,
            host=host,
            api_token=checked_token,
            rate=checked_rate,
            window=window.value,
            seed=seed,
            deletion=deletion,
        ),
        host=host,
        port=port,
        started=lambda started: announce(started, as_json=as_json),
        answered=nothing if quiet or as_json else log_line,
    )


def _rate(text: str) -> int | None:
    if text == "off":
        return None
    if re.fullmatch(r"[0-9]{1,9}", text) and int(text) > 0:
        return int(text)
    raise typer.BadParameter(
        f"{text!r} is neither a whole number of 1 or more nor 'off'", param_hint="'--rate'"
    )


def _token(text: str | None) -> str | None:
    if text is None or re.fullmatch(r"[\x21-\x7e]+", text):
        return text
    raise typer.BadParameter(
        "a token is one word of printable ASCII, and not empty", param_hint="'--token'"
    )
