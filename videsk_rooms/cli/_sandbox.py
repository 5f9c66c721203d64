"""`videsk-rooms sandbox`: serves the API on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ._output import write_json
from ._serving import (
    Place,
    QuietOption,
    RateOption,
    TokenOption,
    Window,
    WindowOption,
    checked_host,
    checked_rate,
    checked_token,
    print_exports,
    reachable,
    serve,
)

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox


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
    rate: RateOption = "20",
    window: WindowOption = Window.FIXED,
    token: TokenOption = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="Makes ids and tokens the same in every run."),
    ] = None,
    deletion: Annotated[
        bool,
        typer.Option("--deletion", help="Allow deleting rooms. Absent: refused, as published."),
    ] = False,
    quiet: QuietOption = False,
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
    per_second, api_token = checked_rate(rate), checked_token(token)
    place = Place(checked_host(host), port, "or none for any free one")

    from videsk_rooms.sandbox import Sandbox

    served = Sandbox(
        port=port,
        host=host,
        api_token=api_token,
        rate=per_second,
        window=window.value,
        seed=seed,
        deletion=deletion,
    )
    announce = _announce_in_json if as_json else _announce
    serve(served, place, announce, quiet=quiet or as_json)


def _announce(sandbox: Sandbox) -> None:
    url = reachable(sandbox.url)
    print(f"Sandbox of the Videsk Rooms API at {url}; Ctrl-C ends it.\n")
    print_exports(url, sandbox.api_token)


def _announce_in_json(sandbox: Sandbox) -> None:
    write_json({"url": reachable(sandbox.url), "api_token": sandbox.api_token})
