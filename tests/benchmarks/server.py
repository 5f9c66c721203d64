"""A server that costs as little as possible: canned answers on connections that are kept alive.

It runs in a process of its own and tells its port on its first line; it ends with its input, so
that it outlives nobody.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

from .payloads import page_body, room_body

if TYPE_CHECKING:
    from collections.abc import Iterator

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
# What Feathers and the WAF before it send; a limit that no client reaches.
_HEADERS = (
    "HTTP/1.1 {status}\r\n"
    "Date: Thu, 14 Aug 2042 15:00:00 GMT\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: {length}\r\n"
    "Connection: keep-alive\r\n"
    "Vary: Accept, Accept-Encoding\r\n"
    "Ratelimit-Limit: 1000000\r\n"
    "Ratelimit-Remaining: 999999\r\n"
    "Ratelimit-Reset: 1\r\n"
    "Ratelimit-Policy: 1000000;w=1\r\n"
    "Server: cloudflare\r\n"
    "CF-Ray: 8f1a2b3c4d5e6f7a-SCL\r\n"
    "\r\n"
)


def _canned(body: bytes, *, status: str = "200 OK") -> bytes:
    return _HEADERS.format(status=status, length=len(body)).encode() + body


_ROOM = _canned(room_body())
_CREATED = _canned(room_body(), status="201 Created")


@cache  # each is made when it is first asked for, which is in a round that does not count
def _page(query: bytes) -> bytes:
    given = {"$skip": ["0"], "$limit": ["10"], **parse_qs(query.decode("ascii"))}
    return _canned(page_body(int(given["$skip"][0]), int(given["$limit"][0])))


def _answer(request_line: bytes) -> bytes:
    if request_line.startswith(b"POST"):
        return _CREATED
    _, asked, query = request_line.partition(b" HTTP/")[0].partition(b"?")
    return _page(query) if asked else _ROOM


class Canned(asyncio.Protocol):
    """Answers a created room to POST, a page where a request has a query, else a room."""

    def __init__(self) -> None:
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection to answer on."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come in whole."""
        self._unread += data
        while request := self._next():
            self._transport.write(_answer(request.partition(b"\r\n")[0]))

    def _next(self) -> bytes:
        head, ended, rest = self._unread.partition(_END_OF_HEAD)
        length = _length_of_body(head)
        if not ended or len(rest) < length:
            return b""
        self._unread = rest[length:]
        return head


def _length_of_body(head: bytes) -> int:
    if not head.startswith(b"POST"):
        return 0
    return int(head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0] or 0)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Canned, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def serving() -> Iterator[str]:
    """Run the server in a process of its own; give its URL."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def _main() -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve())
    else:
        uvloop.run(_serve())


if __name__ == "__main__":
    _main()
