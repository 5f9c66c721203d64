"""Serves a sandbox until a signal: what `videsk-rooms sandbox` and `videsk-rooms dev` share."""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import socket
import sys
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from ._output import CommandFailedError, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms.sandbox import RequestLog, RequestRecord, Sandbox

_LOOK_EVERY = 0.1
# A request is answered within a moment of its arrival, unless it is never answered.
_ANSWER_WITHIN = 5.0


class Window(str, Enum):
    """How the sandbox counts a second."""

    FIXED = "fixed"
    SLIDING = "sliding"


RateOption = Annotated[
    str, typer.Option(metavar="R", help="Requests per second before a 429, or off.")
]
WindowOption = Annotated[
    Window,
    typer.Option(help="Count in seconds one after another, or in the last second."),
]
TokenOption = Annotated[
    str | None,
    typer.Option(metavar="T", help="API token that is accepted. Absent: a new one."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no line for each request.")]


def checked_rate(text: str) -> int | None:
    """Read the option --rate."""
    if text == "off":
        return None
    if re.fullmatch(r"[0-9]{1,9}", text) and int(text) > 0:
        return int(text)
    raise typer.BadParameter(
        f"{text!r} is neither a whole number of 1 or more nor 'off'; give one of them",
        param_hint="'--rate'",
    )


def checked_token(text: str | None) -> str | None:
    """Read the option --token."""
    if text is None or re.fullmatch(r"[\x21-\x7e]+", text):
        return text
    raise typer.BadParameter("give one word of printable ASCII", param_hint="'--token'")


def checked_host(text: str) -> str:
    """Read the option --host."""
    if not text:
        raise typer.BadParameter("give an address or a host name", param_hint="'--host'")
    return text


@dataclass(frozen=True)
class Place:
    """Where a sandbox is to listen.

    Attributes:
        host: The address.
        port: The port.
        any_port: How the command is told to take any free port.
    """

    host: str
    port: int
    any_port: str


def serve(
    sandbox: Sandbox, place: Place, announce: Callable[[Sandbox], object], *, quiet: bool
) -> None:
    """Run a sandbox until SIGINT or SIGTERM, and stop it in order.

    Args:
        sandbox: The sandbox, not started yet.
        place: Where it is to listen.
        announce: Called once it listens.
        quiet: Whether to print no line for each request.

    Raises:
        CommandFailedError: It cannot listen there.
    """
    from ._signals import handled

    stops: list[int] = []
    # A list and not an Event: a handler that runs while the main thread is inside of Event.wait
    # could wait for the lock that this thread holds.
    with handled(lambda number, _frame: stops.append(number), signal.SIGINT, signal.SIGTERM):
        try:
            sandbox.start()
        except OSError as error:
            raise CommandFailedError(_why_not(error, place)) from None
        try:
            announce(sandbox)
            new = NewRequests(sandbox.requests)
            while not stops:
                time.sleep(_LOOK_EVERY)
                for record in () if quiet else new:
                    log_line(record)
        finally:
            sandbox.stop()
    if sys.stdout.isatty():
        print()  # the shell's next prompt goes below the ^C


class NewRequests:
    """The requests that were answered since the last iteration.

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


def print_exports(url: str, api_token: str, sdk_url: str | None = None) -> None:
    """Print the lines that point an application, and its page if `sdk_url` is given, here."""
    variables = {"BASE_URL": url, "API_TOKEN": api_token}
    if sdk_url is not None:
        variables["SDK_URL"] = sdk_url
    for name, value in variables.items():
        print(f"export VIDESK_{name}={shlex.quote(value)}")
    print(flush=True)


def reachable(url: str) -> str:
    """Replace the address of all interfaces by one that a client can connect to."""
    # The client sends its token over plain http to this machine only.
    for everywhere, here in (("0.0.0.0", "127.0.0.1"), ("[::]", "[::1]")):  # noqa: S104
        if urlsplit(url).netloc.startswith(f"{everywhere}:"):
            return url.replace(everywhere, here, 1)
    return url


def log_line(record: RequestRecord) -> None:
    """Print method, path and status of a request."""
    status = "no answer" if record.status is None else record.status
    print(f"{record.method:<6} {printable(record.path)} {status}", flush=True)


def _why_not(error: OSError, place: Place) -> str:
    host, port = place.host, place.port
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another --port, {place.any_port}"
    if isinstance(error, socket.gaierror) or not error.errno:  # a look-up has numbers of its own
        reason = error.strerror or str(error)
    else:
        reason = os.strerror(error.errno)  # asyncio's text repeats the address
    return f"cannot listen on {host}, port {port}: {reason}; choose another --host or --port"
