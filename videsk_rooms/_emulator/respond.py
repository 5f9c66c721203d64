"""Sends a response, whole or broken by its fault."""

from __future__ import annotations

import socket
import struct
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp.abc import AbstractStreamWriter

    from videsk_rooms._emulator.fault import Fault
    from videsk_rooms._emulator.messages import Reply

_CHUNK = 256 * 1024
_GZIP = zlib.MAX_WBITS | 16


async def respond(
    request: web.BaseRequest, reply: Reply, fault: Fault | None
) -> web.StreamResponse:
    """Turn a reply into aiohttp's response."""
    if fault is None:
        return _whole(reply)
    if fault.kind in ("drop-before", "drop-after"):
        return _Verbatim(b"", reset=fault.reset)
    if fault.kind == "garbage-line":
        return _Verbatim(fault.line)
    if fault.kind == "truncated":
        return _Verbatim(_truncated(reply, fault.keep))
    if fault.kind == "enormous":
        return await _stream(request, reply, fault)
    return _whole(reply)


class _Verbatim(web.StreamResponse):
    """Sends bytes unchanged, then closes the connection."""

    def __init__(self, data: bytes, *, reset: bool = False) -> None:
        super().__init__()
        self.force_close()
        self._data = data
        self._reset = reset

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        transport = request.transport
        if transport is None:
            return None
        if self._reset:
            # With SO_LINGER at 0, closing the socket sends RST.
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        elif self._data:
            transport.write(self._data)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: `prepare` has sent everything."""


def _whole(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body or None, headers=reply.headers)


def _truncated(reply: Reply, keep: float) -> bytes:
    body = reply.body or b"{}"
    status = 200 if reply.status == 204 else reply.status  # a 204 has no body to truncate
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body[: int(len(body) * keep)]


async def _stream(request: web.BaseRequest, reply: Reply, fault: Fault) -> web.StreamResponse:
    encoding = {"Content-Encoding": "gzip"} if fault.gzip else {}
    response = web.StreamResponse(status=reply.status, headers={**reply.headers, **encoding})
    response.force_close()
    chunks = _endless_text(fault.size)
    try:
        await response.prepare(request)
        for chunk in _compressed(chunks) if fault.gzip else chunks:
            await response.write(chunk)
    except ConnectionError:
        pass  # the client stopped reading, as it should
    return response


def _endless_text(size: int) -> Iterator[bytes]:
    yield b'{"data":"'
    for start in range(0, size, _CHUNK):
        yield b"a" * min(_CHUNK, size - start)
    yield b'"}'


def _compressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        if data := compressor.compress(chunk):
            yield data
    yield compressor.flush()
