"""How the tests talk to a sandbox: plain HTTP, nothing of the client."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from yarl import URL

if TYPE_CHECKING:
    import io
    from collections.abc import Mapping

    import aiohttp
    from multidict import CIMultiDictProxy

    from videsk_rooms.sandbox import Sandbox

ROOMS = "/vpaas/rooms"


@dataclass
class RawResponse:
    """What came back."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Api:
    """A session towards one sandbox, with its token."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def call(
        self,
        method: str,
        path: str,
        *,
        content: object = None,
        body: bytes | io.BytesIO | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> RawResponse:
        """Send one request and read its whole answer."""
        sent = {"Authorization": f"Bearer {token or self.sandbox.api_token}"}
        if content is not None:
            body = json.dumps(content).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        async with self.session.request(
            method,
            URL(self.sandbox.url + path, encoded=True),  # sent as it stands, nothing normalised
            data=body,
            headers={**sent, **(headers or {})},
            allow_redirects=False,
        ) as response:
            return RawResponse(response.status, response.headers, await response.read())

    async def create(self, **fields: object) -> RawResponse:
        """Create a room."""
        return await self.call("POST", ROOMS, content=fields)

    async def list(self, query: str = "") -> RawResponse:
        """List rooms."""
        return await self.call("GET", f"{ROOMS}?{query}")


def raw_exchange(sandbox: Sandbox, method: str = "POST", path: str = ROOMS) -> bytes:
    """Send one request over a bare socket and read until the connection ends."""
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 0\r\n"
            f"Authorization: Bearer {sandbox.api_token}\r\n\r\n".encode()
        )
        received = b""
        while data := connection.recv(65536):
            received += data
        return received
