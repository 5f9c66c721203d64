"""`videsk-rooms sandbox` and `videsk-rooms dev`: serve the API on this machine until a signal.

`dev` serves everything that a product needs of Videsk: the API, a console, and a stand-in for the
Browser SDK.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import socket
import sys
import time
import webbrowser
from dataclasses import dataclass
from enum import Enum
from pathlib import Path  # noqa: TC003 - typer reads the hints
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from ._output import CommandFailedError, complain, printable, write_json
from ._params import is_this_machine, with_options
from ._signals import handled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms.sandbox import RequestLog, RequestRecord, Sandbox

_DEV_PORT = 8910
_SANDBOX_HEADING = "Sandbox of the Videsk Rooms API at {url}; Ctrl-C ends it.\n"
_DEV_HEADING = "Console: {console_url}\nBrowser SDK, a stand-in: {sdk_url}\nCtrl-C ends it.\n"
_LOOK_EVERY = 0.1
# Requests are answered within a moment, unless a fault leaves them without a response.
_ANSWER_WITHIN = 5.0


class Window(str, Enum):
    """How the sandbox's rate limit counts a second."""

    FIXED = "fixed"
    SLIDING = "sliding"


def _rate(text: str) -> str:
    if text == "off" or (re.fullmatch(r"[0-9]{1,9}", text) and int(text) > 0):
        return text
    raise typer.BadParameter(
        f"{text!r} is neither a whole number of 1 or more nor 'off'; give one of them"
    )


def _token(text: str) -> str:
    if re.fullmatch(r"[\x21-\x7e]+", text):
        return text
    raise typer.BadParameter("give one word of printable ASCII")


def _host(text: str) -> str:
    if text:
        return text
    raise typer.BadParameter("give an address or a host name")


@dataclass(frozen=True, kw_only=True)
class Serving:
    """The options of a command that serves a sandbox.

    Attributes:
        host: The address to listen on.
        rate: Requests per second, or `off`.
        window: How the rate limit counts a second.
        token: The accepted API token; `None`: a new one.
        quiet: Whether to print no line for each request.
        as_json: Whether to print only JSON.
    """

    host: Annotated[
        str,
        typer.Option(
            metavar="H",
            parser=_host,
            help="Address to listen on; another one may admit other machines.",
        ),
    ] = "127.0.0.1"
    rate: Annotated[
        str,
        typer.Option(metavar="R", parser=_rate, help="Requests per second before a 429, or off."),
    ] = "20"
    window: Annotated[
        Window, typer.Option(help="Count in fixed seconds, or in the last second.")
    ] = Window.FIXED
    token: Annotated[
        str | None,
        typer.Option(
            metavar="T", parser=_token, help="The accepted API token. Default: a new one."
        ),
    ] = None
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no line for each request.")
    ] = False
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print only one line of JSON, with the URLs and the token."),
    ] = False

    def sandbox(self, port: int, **more: Any) -> Sandbox:
        """Return a sandbox with these options and others, not started yet."""
        from videsk_rooms.sandbox import Sandbox

        return Sandbox(
            port=port,
            host=self.host,
            api_token=self.token,
            rate=None if self.rate == "off" else int(self.rate),
            window=self.window.value,
            **more,
        )

    def run(
        self, sandbox: Sandbox, port: int, ready: Callable[[Sandbox], object], *, any_port: str
    ) -> None:
        """Run a sandbox until SIGINT or SIGTERM, and stop it cleanly.

        Args:
            sandbox: The sandbox.
            port: The port to listen on.
            ready: Called once it listens.
            any_port: How to ask the command for any free port.

        Raises:
            CommandFailedError: It cannot listen on that address.
        """
        stops: list[int] = []
        # A list and not an Event: a handler that interrupts Event.wait in the main thread could
        # wait for a lock that the same thread holds.
        with handled(lambda number, _frame: stops.append(number), signal.SIGINT, signal.SIGTERM):
            try:
                sandbox.start()
            except OSError as error:
                raise CommandFailedError(_why_not(error, self.host, port, any_port)) from None
            with sandbox:
                ready(sandbox)
                new = NewRequests(sandbox.requests)
                while not stops:
                    time.sleep(_LOOK_EVERY)
                    for record in () if self.quiet or self.as_json else new:
                        log_line(record)
        if sys.stdout.isatty():
            print()  # the shell's next prompt goes below the ^C

    def announce(self, sandbox: Sandbox, heading: str, **more: str) -> None:
        """Print a sandbox's URLs, and the variables that point an application to it.

        Args:
            sandbox: The sandbox.
            heading: The text for people; its braces name values.
            more: Further URLs.
        """
        told = {"url": reachable(sandbox.url), "api_token": sandbox.api_token}
        told |= {name: reachable(url) for name, url in more.items()}
        if self.as_json:
            write_json(told)
            return
        print(heading.format(**told))
        variables = {"base_url": told["url"], **told}
        for name in ("base_url", "api_token", "sdk_url"):
            if name in variables:
                print(f"export VIDESK_{name.upper()}={shlex.quote(variables[name])}")
        print(flush=True)


@with_options(Serving)
def sandbox(
    serving: Serving,
    *,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            metavar="N",
            show_default=False,
            help="Port to listen on. Default: any free one.",
        ),
    ] = 0,
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="Seed, for the same ids and tokens in every run."),
    ] = None,
    deletion: Annotated[
        bool,
        typer.Option("--deletion", help="Allow deleting rooms. Default: refused, as published."),
    ] = False,
) -> None:
    """Run the Rooms API on this machine, for tests and demos.

    Prints its URL, the two variables to set, and a line for each request. Rooms
    are kept in memory. Ctrl-C and SIGTERM end it with exit code 0. If the port is
    in use, the exit code is 1.
    """
    serving.run(
        serving.sandbox(port, seed=seed, deletion=deletion),
        port,
        lambda sandbox: serving.announce(sandbox, _SANDBOX_HEADING),
        any_port="none for any free one",
    )


@with_options(Serving)
def dev(
    serving: Serving,
    *,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="N", help="Port to listen on; 0: any free one."),
    ] = _DEV_PORT,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep the rooms and the token in this file. Default: in memory.",
            show_default=False,
        ),
    ] = None,
    open_console: Annotated[
        bool, typer.Option("--open", help="Open the console in the browser.")
    ] = False,
) -> None:
    """Run everything that a product needs of Videsk on this machine, offline.

    Serves the Rooms API, a console that shows what happens, and a stand-in for
    the Browser SDK. Prints the console's URL, the variables to set, and a line
    for each request. Ctrl-C and SIGTERM end it with exit code 0. If the port is
    in use, the exit code is 1.
    """
    if not is_this_machine(serving.host):
        complain(
            f"warning: with --host {serving.host}, anybody who reaches this machine can use the "
            "console and read the API token; leave --host out unless you trust the network"
        )

    def ready(sandbox: Sandbox) -> None:
        serving.announce(
            sandbox, _DEV_HEADING, console_url=sandbox.console_url, sdk_url=sandbox.sdk_url
        )
        if open_console:
            webbrowser.open(reachable(sandbox.console_url))

    try:
        sandbox = serving.sandbox(port, console=True, state=state)
        serving.run(sandbox, port, ready, any_port="--port 0 for any free one")
    except ValueError as error:  # the options are already checked, so the file is corrupt
        raise CommandFailedError(f"--state: {error}") from None
    except BrokenPipeError:  # of standard output
        raise
    except OSError as error:  # the address is already checked, so it is the file
        raise CommandFailedError(
            f"--state {state}: {error.strerror or error}; give a file that can be read and written"
        ) from None


class NewRequests:
    """The requests answered since the last iteration.

    Args:
        log: The log.
        answer_within: Seconds after which a request counts as never answered.
    """

    def __init__(self, log: RequestLog, answer_within: float = _ANSWER_WITHIN) -> None:
        self._log = log
        self._answer_within = answer_within
        self._seen = 0

    def __iter__(self) -> Iterator[RequestRecord]:
        if not self._log:
            return
        count = self._log[-1].number - self._seen
        for record in self._log[-count:] if count > 0 else ():
            if record.status is None and time.monotonic() - record.monotonic < self._answer_within:
                return  # the next iteration yields it
            self._seen = record.number
            yield record


def reachable(url: str) -> str:
    """Replace the wildcard address by one that a client can connect to."""
    # The client sends its token over plain http only to this machine.
    for everywhere, here in (("0.0.0.0", "127.0.0.1"), ("[::]", "[::1]")):  # noqa: S104
        if urlsplit(url).netloc.startswith(f"{everywhere}:"):
            return url.replace(everywhere, here, 1)
    return url


def log_line(record: RequestRecord) -> None:
    """Print method, path and status of a request."""
    status = "no response" if record.status is None else record.status
    print(f"{record.method:<6} {printable(record.path)} {status}", flush=True)


def _why_not(error: OSError, host: str, port: int, any_port: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; choose another --port, or {any_port}"
    if isinstance(error, socket.gaierror) or not error.errno:  # DNS errors have other numbers
        reason = error.strerror or str(error)
    else:
        reason = os.strerror(error.errno)  # asyncio's message repeats the address
    return f"cannot listen on {host}, port {port}: {reason}; choose another --host or --port"
