"""A web server with a small application in it, run as people run it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.blocking.support import Thread

from .program import Program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .account import Account

# To load an application may take long on a busy machine, and what was asked meanwhile waits.
_PATIENCE_WITH_ANSWERS = 60.0

# Lines that surprise nobody. A traceback is judged by its last line.
_EXPECTED = re.compile(
    r"\[[^]]+\] \[\d+\] \[INFO\] "  # gunicorn
    r"|INFO: "  # uvicorn
    # uWSGI, which tells at length of itself and its machine.
    r"|uwsgi socket |\*\*\* |compiled with|os: |nodename: |machine: |clock source: |detected "
    r"|current working|!!! no internal routing|uWSGI running as root|your |lock engine: "
    r"|thunder lock: |mapped \d+ |Python (version|main interpreter)|python threads support"
    r"|WSGI app 0 |spawned uWSGI |worker \d |SIGINT/SIGTERM received|goodbye to uWSGI"
    r"|[\w: ]+ - SIGPIPE: writing to a closed pipe"  # a visitor has left, as the first probe may
    r"|the Rooms API failed: "  # the application, of errors that were asked for
    r"|videsk_rooms\.errors\.PermissionDeniedError: .* Scripted "  # the traceback of one of them
    # Servers leave the socket that they listen on unclosed; it is the one without a peer.
    r"|(Exception ignored (in:|while finalizing socket)|ResourceWarning:) (unclosed )?"
    r"<socket\.socket (?!.*raddr)"
    # Logging ends after gevent, in an older one.
    r"|Exception ignored in: <function _removeHandlerRef|RuntimeError: greenlet is being finalized"
    r"|Traceback |\s|$"
)


@dataclass(frozen=True)
class Slot:
    """A server and what it serves.

    Attributes:
        name: Its row in the matrix.
        command: What starts it; `{fd}` is the number of the listening socket, `{log}` a file for
            the process that serves, a line for each request.
        at_once: How many requests it serves at the same time, whichever process they come to.
        processes: How many processes serve.
    """

    name: str
    command: tuple[str, ...]
    at_once: int
    processes: int


@dataclass(frozen=True)
class RawResponse:
    """What a visitor is told; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # it may hold an access token

    @property
    def json(self) -> dict[str, str]:
        """The body, read as JSON."""
        read: dict[str, str] = json.loads(self.body)
        return read


@dataclass(frozen=True)
class End:
    """How a server went."""

    code: int
    surprises: list[str]


class Server:
    """A place at work in a folder."""

    def __init__(self, place: Slot, account: Account, folder: Path) -> None:
        self.place = place
        self.account = account
        self._folder = folder
        self._errors = folder / "errors.txt"
        self._log = folder / "access.txt"
        self._port = 0
        self._program: Program | None = None

    def start(self) -> None:
        """Start it, unless it runs, and wait until it serves."""
        if self._program is not None:
            return
        # Listening before it starts: nobody else can take the port, and who connects may wait.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
            names = {"fd": listener.fileno(), "log": self._log}
            self._program = Program(
                [part.format(**names) for part in self.place.command],
                folder=self._folder,
                environment={**self.account.environment(self._folder), "PYTHONWARNINGS": "error"},
                log=self._errors,
                output=subprocess.DEVNULL,
                descriptors=[listener.fileno()],
            )
        assert self._ask("GET", "/").status == 404

    def enter(self, ticket: int) -> RawResponse:
        """Ask to be let into the room of a ticket."""
        return self._ask("POST", f"/tickets/{ticket}/room")

    def enter_at_once(self, count: int, *, first: int = 0) -> list[Thread]:
        """Ask to be let into the rooms of so many tickets; the threads have the answers."""
        return [Thread(self.enter, first + ticket) for ticket in range(count)]

    def _ask(self, method: str, path: str) -> RawResponse:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=_PATIENCE_WITH_ANSWERS
        )
        try:
            connection.request(method, path, headers={"Connection": "close"})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return RawResponse(answer.status, headers, answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise AssertionError(f"no answer ({error!r}); it said {self.said()!r}") from None
        finally:
            connection.close()

    def served_by(self) -> list[str]:
        """Which process served, for each request."""
        return self._log.read_text().split() if self._log.exists() else []

    def said(self) -> str:
        """What it wrote to its standard error."""
        return self._errors.read_text()

    def stop(self) -> End:
        """Ask it to end, and see how it does."""
        assert self._program is not None
        self._program.ask_to_end()
        try:
            code = self._program.exit_code()
        finally:
            self.kill()
        lines = self.said().splitlines()
        return End(code, [line for line in lines if not _EXPECTED.match(line)])

    def kill(self) -> None:
        """End whatever is left of it."""
        program, self._program = self._program, None
        if program is not None:
            program.kill()
