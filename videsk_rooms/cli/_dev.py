"""`videsk-rooms dev`: all that a product needs of Videsk, on this machine."""

from __future__ import annotations

import ipaddress
import webbrowser
from pathlib import Path  # noqa: TC003 - typer reads the hints
from typing import TYPE_CHECKING, Annotated

import typer

from ._output import CommandFailedError, complain
from ._params import with_options
from ._serving import Serving, reachable

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

DEFAULT_PORT = 8910
_HEADING = "Console: {console_url}\nBrowser SDK, a stand-in: {sdk_url}\nCtrl-C ends it.\n"


@with_options(Serving)
def dev(
    serving: Serving,
    *,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="N", help="Port to listen on; 0: any free one."),
    ] = DEFAULT_PORT,
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
) -> None:
    """Run all that a product needs of Videsk on this machine, offline.

    Serves the Rooms API, a console that shows what happens, and a stand-in for
    the Browser SDK. Prints where the console is, the variables to set, and a
    line for each request. Ctrl-C and SIGTERM end it with exit code 0; a port
    that is taken is exit code 1.
    """
    if not _is_loopback(serving.host):
        complain(
            f"warning: --host {serving.host} lets whoever reaches this machine use the console and "
            "read the API token; leave --host out unless you trust the network"
        )

    def ready(sandbox: Sandbox) -> None:
        serving.announce(
            sandbox, _HEADING, console_url=sandbox.console_url, sdk_url=sandbox.sdk_url
        )
        if open_console:
            webbrowser.open(reachable(sandbox.console_url))

    try:
        sandbox = serving.sandbox(port, console=True, state=state)
        serving.run(sandbox, port, ready, any_port="--port 0 for any free one")
    except ValueError as error:  # the options are checked: the file is broken
        raise CommandFailedError(f"--state: {error}") from None
    except BrokenPipeError:  # of standard output
        raise
    except OSError as error:  # where it listens is checked
        raise CommandFailedError(
            f"--state {state}: {error.strerror or error}; give a file that can be read and written"
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
