"""How much a console that is looked at slows a sandbox down: `python -m tests.dev.load`.

Rounds without and with a console take turns. In those with one, a process reads the events, as a
tab does. Both ask for a list of ten rooms. What counts is the processor time of the sandbox's
thread a request, in the best round: on a busy machine the others are measured, too.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import socket
import statistics
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CONNECTIONS = 8


@dataclass(frozen=True)
class Round:
    """What a round of requests took, in seconds a request."""

    wall: float
    processor: float


def send(port: int, token: str, count: int) -> float:
    """Send requests over a few connections, one at a time on each; return the seconds."""
    request = (
        f"GET /vpaas/rooms HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for _ in range(count // CONNECTIONS):
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            _read_answer(connection)
    took = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return took


def _read_answer(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise RuntimeError(f"answered {head!r}")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)


def read_events(port: int, ready: Connection) -> None:
    """Read events until the sandbox stops, and give how many bytes they had."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/dev/v1/events")
    answer = connection.getresponse()
    ready.send(answer.status)
    size = 0
    try:
        while chunk := answer.read1(65536):
            size += len(chunk)
    except (OSError, http.client.HTTPException):
        pass
    ready.send(size)


def run_round(count: int, *, console: bool) -> tuple[Round, int]:
    """Send a number of requests to a new sandbox; also give the bytes of events that were read."""
    processes = multiprocessing.get_context("spawn")
    with Sandbox(rate=None, console=console) as sandbox:
        sandbox.add_rooms(10)
        port = int(sandbox.url.rpartition(":")[2])
        ours, theirs = processes.Pipe()
        reader = processes.Process(target=read_events, args=(port, theirs))
        if console:
            reader.start()
            if ours.recv() != 200:
                raise RuntimeError("the events were refused")
        send(port, sandbox.api_token, 400)  # what is made once, is made by now
        clock = _clock_of("videsk-sandbox")
        before = time.clock_gettime(clock)
        wall = send(port, sandbox.api_token, count)
        processor = time.clock_gettime(clock) - before
        time.sleep(0.3 if console else 0.0)  # the last events are on their way
    size = ours.recv() if console else 0
    if console:
        reader.join()
    return Round(wall / count, processor / count), size


def _clock_of(name: str) -> int:
    (thread,) = [each for each in threading.enumerate() if each.name == name]
    assert thread.ident is not None
    return time.pthread_getcpuclockid(thread.ident)


def main(requests: int, rounds: int) -> None:
    """Print both speeds and how one relates to the other."""
    found: dict[bool, list[Round]] = {False: [], True: []}
    for _ in range(rounds):
        for console in (False, True):
            result, size = run_round(requests, console=console)
            found[console].append(result)
            print(
                f"{'with' if console else 'without':8} {1e6 * result.wall:6.0f} µs a request, "
                f"{1e6 * result.processor:6.0f} µs of the processor, {size:9} bytes of events",
                flush=True,
            )
    for what in ("wall", "processor"):
        for name, choose in (("median", statistics.median), ("best", min)):
            without, with_ = (
                choose(getattr(each, what) for each in found[console]) for console in (False, True)
            )
            print(f"{what}, {name}: with a console looked at {without / with_:.3f} of the speed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.dev.load", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    main(arguments.requests, arguments.rounds)
