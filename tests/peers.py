"""Servers that are not the API: whatever bytes a test wants, from asyncio alone."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    import ssl as _ssl
    from pathlib import Path

Conversation: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LINGER_SECONDS = 60


@asynccontextmanager
async def serving(
    converse: Conversation, *, ssl: _ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Converse with whoever connects to the port that it gives; at the end all are cut off."""
    conversations: set[asyncio.Task[None]] = set()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        # Whoever hangs up early has had enough, and a cancelled conversation is over.
        with contextlib.suppress(ConnectionError, EOFError, asyncio.CancelledError):
            await converse(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError, OSError, asyncio.CancelledError):
            await writer.wait_closed()
        conversations.discard(task)

    server = await asyncio.start_server(hold, "127.0.0.1", 0, ssl=ssl)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


@contextmanager
def nobody_listening() -> Iterator[int]:
    """Give a port that refuses connections: held, lest another process listen there meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port


def answering(*answers: bytes, then_linger: bool = False) -> Conversation:
    """Answer the request of each connection with bytes, and hang up."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for answer in answers:
            writer.write(answer)
            await writer.drain()
        if then_linger:
            await asyncio.sleep(LINGER_SECONDS)

    return converse


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read the head of a request, and its body as far as Content-Length tells."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return head + await reader.readexactly(int(value))
    return head


def with_length(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Write an answer that tells its length and ends its connection."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that only itself vouches for, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
