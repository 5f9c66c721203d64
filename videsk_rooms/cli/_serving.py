"""`videsk-rooms sandbox`: what it runs."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ._output import CommandFailedError, printable, write_json
from ._signals import handled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms.sandbox import RequestLog, RequestRecord, Sandbox

_LOOK_EVERY = 0.1
# A request is answered within a moment of its arrival, unless it is never answered.
_ANSWER_WITHIN = 5.0


def serve(
    sandbox: Sandbox,
    *,
    host: str,
    port: int,
    started: Callable[[Sandbox], None],
    answered: Callable[[RequestRecord], None],
) -> None:
    """Run a sandbox until SIGINT or SIGTERM, and end it in order.

    Args:
        sandbox: The sandbox, not started yet.
        host: Where it is to listen, for the message when it cannot.
        port: Where it is to listen.
        started: Called when it listens.
        answered: Called for each request, in the order of arrival.

    Raises:
        CommandFailedError: It cannot listen there.
    """
    stops: list[int] = []
    # A list and not an Event: a handler that runs while the main thread is inside of Event.wait
    # could wait for the lock that this thread holds.
    with handled(lambda number, _frame: stops.append(number), signal.SIGINT, signal.SIGTERM):
        try:
            sandbox.start()
        except OSError as error:
            raise CommandFailedError(_why_not(error, host, port)) from None
        try:
            started(sandbox)
            new = NewRequests(sandbox.requests)
            while not stops:
                time.sleep(_LOOK_EVERY)
                for record in new:
                    answered(record)
        finally:
            sandbox.stop()
    if sys.stdout.isatty():
        print()  # the shell's next prompt goes below the ^C


class NewRequests:
    """The requests of a log that were answered since they were last iterated over.

    Args:
        log: The log.
        answer_within: Seconds after which an answer is not waited for any longer.
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
                return  # the next look brings it
            self._seen = record.number
            yield record


def announce(sandbox: Sandbox, *, as_json: bool) -> None:
    """Say where a sandbox listens and which token it lets in."""
    url = reachable(sandbox.url)
    if as_json:
        write_json({"url": url, "api_token": sandbox.api_token})
        return
    print(f"Sandbox of the Videsk Rooms API at {url}; Ctrl-C ends it.\n")
    print(f"export VIDESK_BASE_URL={shlex.quote(url)}")
    print(f"export VIDESK_API_TOKEN={shlex.quote(sandbox.api_token)}\n", flush=True)


def reachable(url: str) -> str:
    """Turn the address of all interfaces into one that a client can be pointed at."""
    # The client sends its token over plain http to this machine only.
    for everywhere, here in (("0.0.0.0", "127.0.0.1"), ("[::]", "[::1]")):  # noqa: S104
        netloc = urlsplit(url).netloc
        if netloc.startswith(f"{everywhere}:"):
            return url.replace(everywhere, here, 1)
    return url


def log_line(record: RequestRecord) -> None:
    """Print method, path and status of a request."""
    status = "no answer" if record.status is None else record.status
    print(f"{record.method:<6} {printable(record.path)} {status}", flush=True)


def nothing(_record: RequestRecord) -> None:
    """Print nothing."""


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another --port, or none for any free one"
    if (
        isinstance(error, socket.gaierror) or not error.errno
    ):  # a failed look-up has its own numbers
        reason = error.strerror or str(error)
    else:
        reason = os.strerror(error.errno)  # asyncio's text repeats the address
    return f"cannot listen on {host}, port {port}: {reason}; choose another --host or --port"
