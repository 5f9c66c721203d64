"""`videsk-rooms dev`: all that a product needs of Videsk, on this machine."""

from __future__ import annotations

import ipaddress
import webbrowser
from pathlib import Path  # noqa: TC003 - typer reads the hints
from typing import TYPE_CHECKING, Annotated

import typer

from ._output import CommandFailedError, complain, write_json
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

DEFAULT_PORT = 8910


def dev(
    *,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="N", help="Port to listen on; 0: any free one."),
    ] = DEFAULT_PORT,
    host: Annotated[
        str,
        typer.Option(metavar="H", help="Address to listen on; others let other machines in."),
    ] = "127.0.0.1",
    rate: RateOption = "20",
    window: WindowOption = Window.FIXED,
    token: TokenOption = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep the rooms and the token in this file. Absent: in memory.",
            show_default=False,
        ),
    ] = None,
    open_console: Annotated[
        bool, typer.Option("--open", help="Open the console in the browser.")
    ] = False,
    quiet: QuietOption = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one line of JSON with url, api_token, console_url and sdk_url, "
            "and nothing else.",
        ),
    ] = False,
) -> None:
    """Run all that a product needs of Videsk on this machine, offline.

    Serves the Rooms API, a console that shows what happens, and a stand-in for
    the Browser SDK. Prints where the console is, the variables to set, and a
    line for each request. Ctrl-C and SIGTERM end it with exit code 0; a port
    that is taken is exit code 1.
    """
    per_second, api_token = checked_rate(rate), checked_token(token)
    place = Place(checked_host(host), port, "or --port 0 for any free one")

    from videsk_rooms.sandbox import Sandbox

    try:
        served = Sandbox(
            port=port,
            host=host,
            api_token=api_token,
            rate=per_second,
            window=window.value,
            console=True,
            state=state,
        )
    except ValueError as error:  # the rest is checked: the file is broken
        raise CommandFailedError(f"--state: {error}") from None
    except OSError as error:
        raise CommandFailedError(_unreadable(error, state)) from None
    if not _is_loopback(host):
        complain(
            f"warning: --host {host} lets whoever reaches this machine use the console and read "
            "the API token; leave --host out unless you trust the network"
        )

    def announce(sandbox: Sandbox) -> None:
        (_announce_in_json if as_json else _announce)(sandbox)
        if open_console:
            webbrowser.open(reachable(sandbox.console_url))

    try:
        serve(served, place, announce, quiet=quiet or as_json)
    except OSError as error:  # where it listens is checked: the last state could not be written
        raise CommandFailedError(_unreadable(error, state)) from None


def _unreadable(error: OSError, state: Path | None) -> str:
    reason = error.strerror or str(error)
    return f"--state {state}: {reason}; give a file that can be read and written"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _announce(sandbox: Sandbox) -> None:
    print(f"Console: {reachable(sandbox.console_url)}")
    print(f"Browser SDK, a stand-in: {reachable(sandbox.sdk_url)}")
    print("Ctrl-C ends it.\n")
    print_exports(reachable(sandbox.url), sandbox.api_token, reachable(sandbox.sdk_url))


def _announce_in_json(sandbox: Sandbox) -> None:
    write_json(
        {
            "url": reachable(sandbox.url),
            "api_token": sandbox.api_token,
            "console_url": reachable(sandbox.console_url),
            "sdk_url": reachable(sandbox.sdk_url),
        }
    )
