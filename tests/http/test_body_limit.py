"""A body beyond 4 MiB is cut off, and costs no more memory than that."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.peers import answering, read_request, serving, with_length
from tests.support import TOKEN
from videsk_rooms import AsyncVidesk, ResponseError, Retry, Videsk

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from videsk_rooms.sandbox import Sandbox

MEBIBYTE = 1024 * 1024
LIMIT = 4 * MEBIBYTE
ENORMOUS = 50 * LIMIT
# The body itself, once in pieces, once whole and once cut to its length; and what the sandbox in
# the same process has under way.
MOST_MEMORY = 4 * LIMIT


def towards(port: int, session: aiohttp.ClientSession | None = None) -> AsyncVidesk:
    return AsyncVidesk(
        TOKEN,
        base_url=f"http://127.0.0.1:{port}",
        retry=Retry(attempts=1),
        rate_limit=None,
        session=session,
    )


@contextmanager
def memory_watched() -> Iterator[Callable[[], int]]:
    """Give a function that tells how far memory grew at most since the beginning."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield lambda: tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
async def test_a_body_without_a_length_is_cut_off(
    sandbox: Sandbox, once: AsyncVidesk, *, compressed: bool
) -> None:
    """Chunk after chunk, or a bomb of a few kilobytes that would become 200 MiB."""
    sandbox.faults.enormous(ENORMOUS, gzip=compressed)
    with memory_watched() as growth:
        with pytest.raises(ResponseError, match="4 MiB; ask for a smaller page") as caught:
            await once.rooms.list()
        assert growth() < MOST_MEMORY
    assert caught.value.status == 200
    assert caught.value.body_start.startswith('{"data":"aaa')
    assert len(str(caught.value)) < 1000


def test_the_blocking_client_cuts_a_body_off(sandbox: Sandbox, blocking_once: Videsk) -> None:
    """Both faces are bounded."""
    sandbox.faults.enormous(ENORMOUS, gzip=True)
    with memory_watched() as growth:
        with pytest.raises(ResponseError, match="4 MiB"):
            blocking_once.rooms.list()
        assert growth() < MOST_MEMORY


class Flood:
    """Answers with as many bytes as are taken, and counts them."""

    def __init__(self, *head: str) -> None:
        self._head = "\r\n".join(("HTTP/1.1 200 OK", *head, "", "")).encode()
        self.sent = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(self._head)
        while True:
            writer.write(b"x" * MEBIBYTE)
            await writer.drain()
            self.sent += MEBIBYTE


@pytest.mark.parametrize(
    "head", [f"Content-Length: {1000 * ENORMOUS}", "Connection: close"], ids=["length", "no-length"]
)
async def test_nothing_is_read_beyond_the_limit(head: str) -> None:
    """The connection is closed, not drained: the server is left with what it wanted to send."""
    flood = Flood(head)
    with memory_watched() as growth:
        async with serving(flood) as port, towards(port) as videsk:
            with pytest.raises(ResponseError, match="4 MiB"):
                await videsk.rooms.list()
        assert growth() < MOST_MEMORY
    assert flood.sent < ENORMOUS  # the rest lay in the buffers of both sides


def chunked(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    return head + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "length": with_length,
    "chunked": chunked,
    "gzip": lambda body: with_length(gzip.compress(body), "Content-Encoding: gzip"),
    "deflate": lambda body: with_length(zlib.compress(body), "Content-Encoding: deflate"),
}


@pytest.mark.parametrize("write", FORMS.values(), ids=FORMS)
async def test_a_body_of_the_limit_is_read(write: Callable[[bytes], bytes]) -> None:
    """4 MiB after decompression are allowed."""
    body = b" " * LIMIT
    async with serving(answering(write(body))) as port, towards(port) as videsk:
        response = await videsk.request("GET", "/vpaas/rooms")
    assert response.body == body


@pytest.mark.parametrize("write", FORMS.values(), ids=FORMS)
async def test_a_body_of_one_byte_more_is_cut_off(write: Callable[[bytes], bytes]) -> None:
    """The boundary is exact, whatever form the body comes in."""
    body = b" " * (LIMIT + 1)
    async with serving(answering(write(body))) as port, towards(port) as videsk:
        with pytest.raises(ResponseError, match="4 MiB"):
            await videsk.request("GET", "/vpaas/rooms")


@pytest.mark.parametrize("write", FORMS.values(), ids=FORMS)
async def test_any_form_of_body_is_read(write: Callable[[bytes], bytes]) -> None:
    """Plain, chunked and compressed answers say the same."""
    body = b'{"total": 0, "limit": 10, "skip": 0, "data": []}'
    async with serving(answering(write(body))) as port, towards(port) as videsk:
        assert (await videsk.rooms.list()).total == 0


@pytest.mark.parametrize("write", [with_length, chunked])
async def test_a_body_that_a_middleware_has_read_is_read(write: Callable[[bytes], bytes]) -> None:
    """The caller's session may log its answers, body and all."""
    read: list[bytes] = []

    async def log(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        response = await handler(request)
        read.append(await response.read())
        return response

    async with (
        serving(answering(write(b"{}"))) as port,
        aiohttp.ClientSession(middlewares=(log,)) as session,
    ):
        response = await towards(port, session=session).request("GET", "/vpaas/rooms")
    assert (read, response.body) == ([b"{}"], b"{}")
