"""A sandbox behind a network: a relay that holds back what passes. In a process of its own.

`python -m tests.ratelimit.network` says where it listens, serves until its input ends, and then
prints what has arrived and when, by the clock that all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from random import Random
from typing import TYPE_CHECKING, Any

import attrs

from videsk_rooms.sandbox import Sandbox

from .delay import Delay
from .support import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 20
SECOND = 1.0
_CHUNK = 65536
_SECONDS_TO_END = 30.0


@attrs.frozen
class Path:
    """A way to the server and back.

    Attributes:
        out: From the client to the server.
        back: From the server to the client.
        work: How long the server works on each answer. It counts before that.
        window: How the server counts.
    """

    out: Delay = Delay()  # noqa: RUF009 - immutable
    back: Delay = Delay()  # noqa: RUF009 - immutable
    work: Delay = Delay()  # noqa: RUF009 - immutable
    window: str = "sliding"
    rate: int | None = RATE


@attrs.frozen
class Arrival:
    """A request that has reached the server.

    Attributes:
        at: When, by `time.monotonic()`.
        status: What it was answered.
        operation: Which it is.
    """

    at: float
    status: int | None
    operation: str | None

    @property
    def refused(self) -> bool:
        """Whether the rate limit refused it."""
        return self.status == 429


# -- in the process of the relay ------------------------------------------------------------------


class Relay:
    """Passes connections on to a server, and holds back each message for a while.

    What passes in one direction of a connection stays in order.
    """

    def __init__(self, path: Path, port: int) -> None:
        self._path = path
        self._to = port
        self._random = Random(1)
        self._begun: float | None = None

    async def start(self) -> int:
        """Listen on a free port, and return it."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _connected(self, client: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
        out = asyncio.create_task(self._pass(client, to_server, self._out))
        back = asyncio.create_task(self._pass(server, to, self._back))
        await asyncio.gather(out, back)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, draw: Callable[[], float]
    ) -> None:
        loop = asyncio.get_running_loop()
        last = 0.0

        def send(data: bytes) -> None:
            if not writer.is_closing():
                writer.write(data) if data else writer.close()

        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                last = max(last, loop.time() + draw())
                loop.call_at(last, send, data)
        loop.call_at(max(last, loop.time()), send, b"")

    def _out(self) -> float:
        cold = self._path.out.cold if self._begun is None else 0.0
        return self._path.out.draw(self._random, self._elapsed()) + cold

    def _back(self) -> float:
        elapsed = self._elapsed()
        work = self._path.work.draw(self._random, elapsed)
        return work + self._path.back.draw(self._random, elapsed)

    def _elapsed(self) -> float:
        now = time.monotonic()
        if self._begun is None:
            self._begun = now
        return now - self._begun


async def _serve(path: Path) -> None:
    window: Any = path.window
    with Sandbox(rate=path.rate, window=window) as sandbox:
        relay = Relay(path, int(sandbox.url.rpartition(":")[2]))
        port = await relay.start()
        print(json.dumps([f"http://127.0.0.1:{port}", sandbox.api_token, sandbox.url]), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        arrivals = [[each.monotonic, each.status, each.operation] for each in sandbox.requests]
        print(json.dumps(arrivals), flush=True)


# -- in the process that measures -----------------------------------------------------------------


class Network:
    """A sandbox behind a relay, in a process of its own.

    Attributes:
        url: The relay's address.
        direct_url: The sandbox's own.
        api_token: The token that is let in.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.url, self.api_token, self.direct_url = json.loads(process.stdout.readline())

    def end(self) -> list[Arrival]:
        """End it, and return what has arrived, in order."""
        printed, _ = self._process.communicate(timeout=_SECONDS_TO_END)
        return [Arrival(*each) for each in json.loads(printed)]


@contextlib.contextmanager
def network(path: Path) -> Iterator[Network]:
    """Start a sandbox behind a relay."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ratelimit.network", json.dumps(attrs.asdict(path))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **environment(),
    )
    try:
        yield Network(process)
    finally:
        process.kill()
        process.communicate()


def path_from(data: dict[str, Any]) -> Path:
    """Make a path of plain data."""
    ways: dict[str, Any] = {name: Delay(**data.pop(name)) for name in ("out", "back", "work")}
    return Path(**ways, **data)


if __name__ == "__main__":
    asyncio.run(_serve(path_from(json.loads(sys.argv[1]))))
