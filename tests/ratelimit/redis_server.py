"""A real Redis server, for as long as it is needed."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from typing import TYPE_CHECKING

from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = shutil.which("redis-server")
MISSING = "redis-server is not installed"


class RedisServer:
    """A server on a free port of this machine that keeps nothing and leaves nothing behind."""

    def __init__(
        self, folder: str, *, password: str | None = None, options: tuple[str, ...] = ()
    ) -> None:
        self.port = _free_port()
        self._options = options
        self.password = password
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """How to reach it."""
        user = f":{self.password}@" if self.password else ""
        return f"redis://{user}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        assert PROGRAM is not None, MISSING
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder]
        arguments += ["--save", "", "--appendonly", "no", *self._options]
        if self.password:
            arguments += ["--requirepass", self.password]
        self._process = subprocess.Popen(
            [PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        wait_until(self._answers)

    def kill(self) -> None:
        """End it without a good-bye."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def pause(self) -> None:
        """Let it answer nobody."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "redis-server has ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as to:
            to.sendall(b"PING\r\n")
            return bool(to.recv(64))
        return False


@contextlib.contextmanager
def serving(*, password: str | None = None) -> Iterator[RedisServer]:
    """Run a server."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(folder, password=password)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _free_port() -> int:
    """Choose a port below those that systems give to whoever asks for any.

    One of those may go to another server before Redis listens, or while it is killed. A node of a
    cluster talks to the others at a port that is 10,000 higher.
    """
    while True:
        port = random.randrange(10_000, 22_000)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as bus:
            one.bind(("127.0.0.1", port))
            bus.bind(("127.0.0.1", port + 10_000))
            return port
