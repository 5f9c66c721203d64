"""How the tests talk to the server of a console: plain HTTP, with whatever headers they choose."""

from __future__ import annotations

import http.client
import json
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from videsk_rooms.sandbox import Sandbox

PATIENCE = 30.0
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """What a refusal says."""
        return str(self.json["message"])


class Server:
    """The server of a sandbox with a console."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.address = sandbox.url.removeprefix("http://")

    def send(
        self,
        method: str,
        path: str,
        content: object = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, its path as it stands; one that changes something is JSON."""
        sent = {**({} if method in ("GET", "HEAD") else JSON), **(headers or {})}
        data = json.dumps(content).encode() if content is not None else body
        with closing(http.client.HTTPConnection(self.address, timeout=PATIENCE)) as connection:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())

    def get(self, path: str, **headers: str) -> Any:
        """Read what is below `/dev/v1`, which must be answered 200."""
        answer = self.send("GET", f"/dev/v1{path}", headers=headers)
        assert answer.status == 200, answer
        return answer.json

    def do(self, method: str, path: str, content: object = None) -> Answer:
        """Change something below `/dev/v1`."""
        return self.send(method, f"/dev/v1{path}", content)

    def call(self, method: str, path: str, content: object = None, **headers: str) -> Answer:
        """Ask the API, with the token."""
        authorization = {"Authorization": f"Bearer {self.sandbox.api_token}"}
        return self.send(method, path, content, headers={**authorization, **headers})

    @contextmanager
    def events(self, query: str = "", **headers: str) -> Iterator[EventReader]:
        """Read the events."""
        with closing(http.client.HTTPConnection(self.address, timeout=PATIENCE)) as connection:
            connection.request("GET", f"/dev/v1/events{query}", headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            yield EventReader(answer)


@dataclass(frozen=True)
class Event:
    """An event."""

    id: int
    kind: str
    data: Any


class EventReader:
    """Reads events one after another."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.headers = answer.headers
        self._answer = answer

    def next(self, *kinds: str) -> Event:
        """Read on to the next event of some kinds, or of any."""
        while True:
            event = self._read()
            if not kinds or event.kind in kinds:
                return event

    def _read(self) -> Event:
        fields: dict[str, str] = {}
        while True:
            line = self._answer.readline()
            if not line:
                raise EOFError("the events have ended")
            if line == b"\n" and "event" in fields:
                return Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            name, _, value = line.decode().rstrip("\n").partition(": ")
            fields[name] = value
