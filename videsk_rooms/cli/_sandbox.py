"""`videsk-rooms sandbox`: serves the API on this machine."""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import socket
import sys
import time
from enum import Enum
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from ._output import CommandFailedError, printable, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.sandbox import RequestLog, RequestRecord, Sandbox

_LOOK_EVERY = 0.1
# A request is answered within a moment of its arrival, unless it is never answered.
_ANSWER_WITHIN = 5.0


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
        typer.Option(metavar="T", help="API token that is accepted. Absent: a new one."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="Makes ids and tokens the same in every run."),
    ] = None,
    deletion: Annotated[
        bool,
        typer.Option("--deletion", help="Allow deleting rooms. Absent: refused, as published."),
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

    served = Sandbox(
        port=port,
        host=host,
        api_token=checked_token,
        rate=checked_rate,
        window=window.value,
        seed=seed,
        deletion=deletion,
    )
    _serve(served, host, port, as_json=as_json, quiet=quiet or as_json)


def _rate(text: str) -> int | None:
    if text == "off":
        return None
    if re.fullmatch(r"[0-9]{1,9}", text) and int(text) > 0:
        return int(text)
    raise typer.BadParameter(
        f"{text!r} is neither a whole number of 1 or more nor 'off'; give one of them",
        param_hint="'--rate'",
    )


def _token(text: str | None) -> str | None:
    if text is None or re.fullmatch(r"[\x21-\x7e]+", text):
        return text
    raise typer.BadParameter("give one word of printable ASCII", param_hint="'--token'")


def _serve(sandbox: Sandbox, host: str, port: int, *, as_json: bool, quiet: bool) -> None:
    """Run a sandbox until SIGINT or SIGTERM, and stop it in order.

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
            raise CommandFailedError(_why_not(error, host, port)) from None
        try:
            _announce(sandbox, as_json=as_json)
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


def _announce(sandbox: Sandbox, *, as_json: bool) -> None:
    url = reachable(sandbox.url)
    if as_json:
        write_json({"url": url, "api_token": sandbox.api_token})
        return
    print(f"Sandbox of the Videsk Rooms API at {url}; Ctrl-C ends it.\n")
    print(f"export VIDESK_BASE_URL={shlex.quote(url)}")
    print(f"export VIDESK_API_TOKEN={shlex.quote(sandbox.api_token)}\n", flush=True)


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


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another --port, or none for any free one"
    if isinstance(error, socket.gaierror) or not error.errno:  # a look-up has numbers of its own
        reason = error.strerror or str(error)
    else:
        reason = os.strerror(error.errno)  # asyncio's text repeats the address
    return f"cannot listen on {host}, port {port}: {reason}; choose another --host or --port"
