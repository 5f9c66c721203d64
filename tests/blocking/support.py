"""What the tests of the blocking face need."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests import inside
from tests.waiting import PATIENCE, wait_until
from videsk_rooms import Retry, Videsk
from videsk_rooms._blocking.loop_thread import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

    from videsk_rooms.sandbox import Sandbox

# Seconds of delays that are cut off: longer than anybody waits.
FOREVER = 300.0


def blocking_client(sandbox: Sandbox, **options: Any) -> Videsk:
    """Make a client with one attempt a call, no pacing and no bound on the time of a call."""
    options = {
        "base_url": sandbox.url,
        "retry": Retry(attempts=1),
        "rate_limit": None,
        "timeout": None,
        **options,
    }
    return Videsk(options.pop("api_token", sandbox.api_token), **options)


def under_way(sandbox: Sandbox, count: int = 1) -> None:
    """Wait until so many requests have reached the sandbox."""
    wait_until(lambda: len(sandbox.requests) >= count)


def loop_threads() -> list[threading.Thread]:
    """Return the threads in which loops of clients run."""
    return [
        thread
        for thread in threading.enumerate()
        if thread.name == "videsk-rooms" and thread.is_alive()
    ]


def tasks_of(client: Videsk) -> list[str]:
    """Return what runs in the loop of a client, but for what keeps the loop."""

    async def others() -> list[str]:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        names = [getattr(task.get_coro(), "__qualname__", "?") for task in tasks]
        return sorted(name for name in names if name != "LoopThread._main")

    return inside.run_in_loop(client, others)


def calls_alive() -> int:
    """Count the calls that something still refers to."""
    # Not isinstance(): it asks for __class__, at which lazy objects of frameworks wake up.
    return sum(issubclass(type(kept), Call) for kept in gc.get_objects())


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Leave it to reference counts alone: what is in a cycle stays."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Thread(threading.Thread):
    """A thread whose outcome is not lost."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        super().__init__(daemon=True)
        self._function = function
        self._arguments = arguments
        self._result: object = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Call the function and keep what comes of it."""
        try:
            self._result = self._function(*self._arguments)
        except BaseException as error:
            self._error = error

    def result(self) -> Any:
        """Wait for the end, and return or raise what the function did."""
        self.join(PATIENCE)
        assert not self.is_alive(), "the thread did not end"
        if self._error is not None:
            raise self._error
        return self._result


class Relay:
    """Stands between clients and a server, and sees connections come and go."""

    def __init__(self, url: str) -> None:
        self._target = ("127.0.0.1", urlsplit(url).port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.opened = 0
        self.closed = 0
        self._answers_pass = threading.Event()
        self._answers_pass.set()
        self._threads = [Thread(self._accept)]

    @property
    def open(self) -> int:
        """How many connections clients hold."""
        return self.opened - self.closed

    @contextmanager
    def holding_answers(self) -> Iterator[None]:
        """Let requests pass but no answer: whatever reaches the server now is under way at once."""
        self._answers_pass.clear()
        try:
            yield
        finally:
            self._answers_pass.set()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                self.opened += 1
                self._threads.append(Thread(self._serve, client))

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            back = Thread(self._pump, server, client, self._answers_pass)
            self._pump(client, server)
            self.closed += 1  # by the client: the sandbox keeps connections
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            back.result()

    def _pump(
        self,
        source: socket.socket,
        target: socket.socket,
        may_pass: threading.Event | None = None,
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if may_pass is not None:
                    may_pass.wait()
                target.sendall(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening, once all clients are closed."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        for thread in self._threads:
            thread.result()


class Script:
    """A program of this folder, running with warnings as errors and Python's checks switched on."""

    def __init__(self, program: str, *arguments: str, url: str, token: str) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-W", "error", "-X", "dev"),
                str(Path(__file__).with_name(f"{program}.py")),
                *arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "VIDESK_BASE_URL": url, "VIDESK_API_TOKEN": token},
        )

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def says(self) -> str:
        """Return the next line that it prints, waiting for it."""
        assert self._process.stdout is not None
        return str(Thread(self._process.stdout.readline).result()).strip()

    def go_on(self) -> None:
        """Let it go on from where it waits."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def finish(self) -> tuple[int, str, str]:
        """Wait for its end, and return its exit code and what it printed."""
        try:
            out, err = self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, err = self._process.communicate()
            raise AssertionError(f"it did not end; it said {out!r} and {err!r}") from None
        return self._process.returncode, out, err
