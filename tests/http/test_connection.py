"""A connection on which anything came that nobody asked for is never used again."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import re
import socket
import ssl
import struct
import time
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import pytest

from tests import inside
from tests.blocking.support import Script
from tests.peers import read_request, self_signed, serving
from tests.support import TOKEN
from tests.waiting import until, wait_until
from videsk_rooms import (
    AsyncVidesk,
    ConnectionFailedError,
    DeadlineExceededError,
    Retry,
    TransportError,
    Videsk,
    VideskError,
)
from videsk_rooms._http.session import Connector

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

LATER = 0.03
ONCE: dict[str, Any] = {"retry": Retry(attempts=1), "rate_limit": None, "timeout": 10.0}

Write: TypeAlias = "Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]"


def answer_to(request: bytes) -> bytes:
    """Answer a create with its own room, and what asks for a room with that one."""
    head, _, body = request.partition(b"\r\n\r\n")
    method, path, _ = head.split(b" ", 2)
    if method == b"POST":
        room = {"id": "0" * 24, "externalId": json.loads(body)["externalId"], "accessToken": "x"}
        return answer(json.dumps(room).encode(), "201 Created")
    return answer(json.dumps({"id": path.decode().rpartition("/")[2]}).encode())


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Write an answer that tells its length, on a connection that stays."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Peer:
    """Answers each request, and does more than that at the first."""

    def __init__(self, first: Write) -> None:
        self.connections = 0
        self.requests = 0
        self.has_written = False  # all that it does at the first request
        self._first = first

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            request = await read_request(reader)
            self.requests += 1
            if self.requests == 1:
                await self._first(writer, answer_to(request))
                self.has_written = True
            else:
                writer.write(answer_to(request))


async def _twice(writer: asyncio.StreamWriter, right: bytes) -> None:
    writer.write(right + right)


async def _twice_in_two_segments(writer: asyncio.StreamWriter, right: bytes) -> None:
    writer.write(right)
    await asyncio.sleep(LATER)
    writer.write(right)


async def _begun_twice(writer: asyncio.StreamWriter, right: bytes) -> None:
    writer.write(right + right[:17])
    await asyncio.sleep(LATER)
    writer.write(right[17:])


async def _begun_later(writer: asyncio.StreamWriter, right: bytes) -> None:
    writer.write(right)
    await asyncio.sleep(LATER)
    writer.write(right[:17])


async def _longer_than_told(writer: asyncio.StreamWriter, right: bytes) -> None:
    writer.write(right + b"}")


async def _byte_by_byte_and_one_more(writer: asyncio.StreamWriter, right: bytes) -> None:
    for byte in right + b"H":
        writer.write(bytes([byte]))
        await asyncio.sleep(0)


async def _another_status_later(writer: asyncio.StreamWriter, right: bytes) -> None:
    writer.write(right)
    await asyncio.sleep(LATER)
    writer.write(answer(b'{"id": "of another"}', "500 Internal Server Error"))


async def _two_finals_after_an_interim(writer: asyncio.StreamWriter, right: bytes) -> None:
    writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" + right + right)


async def _an_interim_later(writer: asyncio.StreamWriter, right: bytes) -> None:
    writer.write(right)
    await asyncio.sleep(LATER)
    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _chunks_and_rubbish(writer: asyncio.StreamWriter, right: bytes) -> None:
    body = right.partition(b"\r\n\r\n")[2]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    await asyncio.sleep(LATER)
    writer.write(b"rubbish")


async def _version_1_0_kept_alive(writer: asyncio.StreamWriter, right: bytes) -> None:
    line, _, rest = right.partition(b"\r\n")
    kept = line.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\nConnection: keep-alive\r\n" + rest
    writer.write(kept)
    await asyncio.sleep(LATER)
    writer.write(kept)


async def _the_end(writer: asyncio.StreamWriter, right: bytes) -> None:
    writer.write(right)
    await asyncio.sleep(LATER)
    writer.close()


MORE: dict[str, Write] = {
    name[1:].replace("_", " "): write
    for name, write in list(globals().items())
    if name.startswith("_") and not name.startswith("__") and inspect.iscoroutinefunction(write)
}
anything_more = pytest.mark.parametrize("more", MORE.values(), ids=MORE)


# What aiohttp's own protocol takes in on an idle connection, and drops with its parser. The rest of
# such a head is no answer; the request that meets it fails.
SEEN_BY_OURS_ALONE = ("begun twice", "begun later", "byte by byte and one more")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def encrypted(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture(scope="module")
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


async def create_three(videsk: AsyncVidesk, peer: Peer, *, is_noticed: bool = True) -> None:
    """Create rooms, the second when all has come that follows the first answer."""
    with contextlib.suppress(TransportError):  # bytes that came along may have spoiled the answer
        assert (await videsk.rooms.create(external_id="a-1")).external_id == "a-1"
    await until(lambda: peer.has_written)
    if is_noticed:
        await until(lambda: not inside.reusable_connections(inside.session_here(videsk)))
    for name in ("b-2", "c-3"):
        assert (await videsk.rooms.create(external_id=name)).external_id == name


async def create_three_plainly(more: Write, *, is_noticed: bool = True) -> tuple[int, int]:
    """Create rooms at a peer, and return how many requests and connections it saw."""
    peer = Peer(more)
    async with (
        serving(peer.converse) as port,
        AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", **ONCE) as videsk,
    ):
        await create_three(videsk, peer, is_noticed=is_noticed)
    return peer.requests, peer.connections


@anything_more
async def test_a_create_gets_its_own_room(more: Write) -> None:
    """Not the one that another was told twice, nor an error over it; and on a new connection."""
    assert await create_three_plainly(more) == (3, 2)


@anything_more
def test_a_create_gets_its_own_room_on_uvloop(more: Write) -> None:
    """Whose transports read in another order."""
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")
    loop = uvloop.new_event_loop()
    try:
        assert loop.run_until_complete(create_three_plainly(more)) == (3, 2)
    finally:
        loop.close()


@anything_more
async def test_a_create_gets_its_own_room_over_tls(
    more: Write, encrypted: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """The same, where the bytes are hidden from whoever looks at the socket."""
    peer = Peer(more)
    async with (
        serving(peer.converse, ssl=encrypted) as port,
        AsyncVidesk(TOKEN, base_url=f"https://127.0.0.1:{port}", ssl=trusting, **ONCE) as videsk,
    ):
        await create_three(videsk, peer)
    assert (peer.requests, peer.connections) == (3, 2)


@anything_more
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tunnel"])
async def test_a_create_gets_its_own_room_through_a_proxy(
    more: Write, tls: bool, encrypted: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Which a connection is kept to as well, as itself or as a tunnel."""
    peer = Peer(more)
    async with (
        serving(peer.converse, ssl=encrypted if tls else None) as port,
        serving(forward) as proxy,
        AsyncVidesk(
            TOKEN,
            base_url=f"http{'s' * tls}://127.0.0.1:{port}",
            proxy=f"http://127.0.0.1:{proxy}",
            ssl=trusting,
            **ONCE,
        ) as videsk,
    ):
        await create_three(videsk, peer)
    assert (peer.requests, peer.connections) == (3, 2)


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be a proxy for one connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    method, target, _ = head.split(b" ", 2)
    port = re.findall(rb":(\d+)", target)[0]
    there = await asyncio.open_connection("127.0.0.1", int(port))
    if method == b"CONNECT":
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        there[1].write(head)
    await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Carry all bytes over."""
    try:
        while data := await source.read(65536):
            sink.write(data)
    except ConnectionError:
        pass  # hung up on in the middle of it, as happens here
    finally:
        sink.close()


@anything_more
async def test_a_blocking_create_gets_its_own_room(more: Write) -> None:
    """In the thread of the blocking client."""
    peer = Peer(more)

    def create() -> None:
        with Videsk(TOKEN, base_url=f"http://127.0.0.1:{port}", **ONCE) as videsk:
            with contextlib.suppress(TransportError):
                assert videsk.rooms.create(external_id="a-1").external_id == "a-1"
            (session,) = inside.sessions(inside.awaited(videsk))
            wait_until(lambda: peer.has_written and not inside.reusable_connections(session))
            for name in ("b-2", "c-3"):
                assert videsk.rooms.create(external_id=name).external_id == name

    async with serving(peer.converse) as port:
        await asyncio.to_thread(create)
    assert (peer.requests, peer.connections) == (3, 2)


async def test_a_create_among_greenlets_gets_its_own_room() -> None:
    """Where Python's own modules for sockets and for waiting are gevent's."""
    pytest.importorskip("gevent")
    peer = Peer(MORE["twice in two segments"])
    async with serving(peer.converse) as port:
        program = Script("greenlets", "own_rooms", url=f"http://127.0.0.1:{port}", token=TOKEN)
        assert await asyncio.to_thread(program.finish) == (0, "", "")
    assert (peer.requests, peer.connections) == (3, 2)


@pytest.mark.parametrize("more", [name for name in MORE if name not in SEEN_BY_OURS_ALONE])
async def test_a_session_of_the_callers_gets_its_own_room(more: str) -> None:
    """Its pool is aiohttp's, whose connections are looked at before anything is sent on them."""
    peer = Peer(MORE[more])
    async with serving(peer.converse) as port, aiohttp.ClientSession() as session:
        videsk = AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", session=session, **ONCE)
        await create_three(videsk, peer)
    assert (peer.requests, peer.connections) == (3, 2)


@pytest.mark.parametrize("more", [name for name in MORE if name != "the end"])
async def test_a_session_of_the_callers_with_tls_gets_its_own_room(
    more: str, encrypted: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """The server's end is left out: Python 3.10 itself warns that nobody closed the transport."""
    peer = Peer(MORE[more])
    async with serving(peer.converse, ssl=encrypted) as port, aiohttp.ClientSession() as session:
        videsk = AsyncVidesk(
            TOKEN, base_url=f"https://127.0.0.1:{port}", session=session, ssl=trusting, **ONCE
        )
        # What aiohttp takes in over TLS, no test sees.
        await create_three(videsk, peer, is_noticed=more not in SEEN_BY_OURS_ALONE)


async def test_an_orderly_connection_is_used_again() -> None:
    """Also after an answer that came in several segments."""

    async def in_parts(writer: asyncio.StreamWriter, right: bytes) -> None:
        for start in range(0, len(right), 20):
            writer.write(right[start : start + 20])
            await asyncio.sleep(0.001)

    assert await create_three_plainly(in_parts, is_noticed=False) == (3, 1)


@pytest.mark.parametrize("session", ["ours", "the caller's"])
async def test_many_calls_share_few_connections(session: str) -> None:
    """Nothing is closed that could be used: as many connections as calls at once."""

    async def orderly(writer: asyncio.StreamWriter, right: bytes) -> None:
        writer.write(right)

    peer = Peer(orderly)
    async with serving(peer.converse) as port, aiohttp.ClientSession() as theirs:
        options = ONCE if session == "ours" else {**ONCE, "session": theirs}
        async with AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", **options) as videsk:
            for turn in range(10):
                ids = [f"{turn * 5 + place:024x}" for place in range(5)]
                rooms = await asyncio.gather(*map(videsk.rooms.get, ids))
                assert [room.id for room in rooms] == ids
    assert peer.connections <= 5


@pytest.mark.parametrize(
    ("method", "status"),
    [("GET", "204 No Content"), ("GET", "304 Not Modified"), ("HEAD", "200 OK")],
)
@pytest.mark.parametrize("delay", [0, LATER])
async def test_what_follows_an_answer_without_a_body_is_no_answer(
    method: str, status: str, delay: float
) -> None:
    """A status or a method may rule a body out, and one comes all the same."""

    async def with_body(writer: asyncio.StreamWriter, _: bytes) -> None:
        head, mark, body = answer(answer(b'{"id": "of another"}'), status).partition(b"\r\n\r\n")
        writer.write(head + mark)
        await asyncio.sleep(delay)
        writer.write(body)

    peer = Peer(with_body)
    async with (
        serving(peer.converse) as port,
        AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", **ONCE) as videsk,
    ):
        with contextlib.suppress(VideskError):
            await videsk.request(method, "/vpaas/rooms/x")
        await asyncio.sleep(2 * delay)
        assert (await videsk.rooms.get("1" * 24)).id == "1" * 24
    assert (peer.requests, peer.connections) == (2, 2)


@pytest.mark.parametrize("connector", [Connector, aiohttp.TCPConnector])
@pytest.mark.parametrize("ends", [False, True], ids=["answer", "end"])
async def test_what_comes_before_a_request_is_no_answer_to_it(
    connector: type[aiohttp.TCPConnector], *, ends: bool
) -> None:
    """Whoever answers a connection and no request answers somebody else's, if any."""

    async def too_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if ends:
            writer.write_eof()
        else:
            writer.write(answer(b'{"id": "of another"}'))
        await reader.read()

    async def until_the_bytes_are_there(*_: object) -> None:
        await asyncio.sleep(LATER)

    slowly = aiohttp.TraceConfig()
    slowly.on_connection_create_end.append(until_the_bytes_are_there)
    async with (
        serving(too_early) as port,
        aiohttp.ClientSession(
            connector=connector(resolver=None), trace_configs=[slowly]
        ) as session,
    ):
        videsk = AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", session=session, **ONCE)
        with pytest.raises(ConnectionFailedError, match="closed the connection, or sent bytes"):
            await videsk.rooms.get("1" * 24)


async def test_a_connection_with_something_unread_is_not_used() -> None:
    """Bytes that the loop has not read yet are in the system's hands, and looked for there."""
    written = asyncio.Event()

    async def twice_when_told(writer: asyncio.StreamWriter, right: bytes) -> None:
        writer.write(right)
        await written.wait()
        writer.write(right)

    peer = Peer(twice_when_told)
    async with (
        serving(peer.converse) as port,
        AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", **ONCE) as videsk,
    ):
        assert (await videsk.rooms.create(external_id="a-1")).external_id == "a-1"
        written.set()
        # One turn for the server to write in; the client's turn to read would be the next.
        await asyncio.sleep(0)
        assert (await videsk.rooms.create(external_id="b-2")).external_id == "b-2"


# -- what has no end --------------------------------------------------------------------------


def endless(begin: bytes, piece: bytes) -> Write:
    """Write a piece over and over, as fast as it is read."""

    async def write(writer: asyncio.StreamWriter, _: bytes) -> None:
        writer.write(begin)
        while True:
            writer.write(piece)
            await writer.drain()

    return write


ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1000),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: again\r\n" * 1000),
    "one header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 10000),
    "a reason": (b"HTTP/1.1 200 ", b"O" * 10000),
    "empty lines": (b"", b"\r\n" * 5000),
    "a chunk's extension": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=",
        b"y" * 10000,
    ),
    "chunks of a byte": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n" * 2000,
    ),
    "trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X-More: again\r\n" * 1000,
    ),
    "a body": (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10000),
}


@pytest.mark.parametrize(("begin", "piece"), ENDLESS.values(), ids=ENDLESS)
async def test_what_has_no_end_is_cut_off(begin: bytes, piece: bytes) -> None:
    """By its size, long before its time is up; others get their turn meanwhile."""
    peer = Peer(endless(begin, piece))
    async with (
        serving(peer.converse) as port,
        AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", **ONCE) as videsk,
    ):
        began = time.thread_time()
        with pytest.raises(VideskError) as caught:
            await videsk.rooms.get("1" * 24)
        assert not isinstance(caught.value, DeadlineExceededError)
        assert time.thread_time() - began < 5  # of 10, the server's share included
        assert (await videsk.rooms.get("2" * 24)).id == "2" * 24
    assert peer.connections == 2


async def test_a_flood_of_interim_answers_keeps_no_other_call_waiting() -> None:
    """They came one after the other without a pause for the loop, as long as there were any."""
    peer = Peer(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 20000))
    async with (
        serving(peer.converse) as port,
        AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", **ONCE) as videsk,
    ):
        flooded = asyncio.ensure_future(videsk.rooms.get("1" * 24))
        await until(lambda: peer.requests)
        others = await asyncio.gather(*(videsk.rooms.get(f"{n:024x}") for n in range(20)))
        assert [room.id for room in others] == [f"{n:024x}" for n in range(20)]
        with pytest.raises(TransportError, match="head of the response is longer than 64 KiB"):
            await flooded


async def test_a_reset_while_idle_is_noticed() -> None:
    """A connection that the peer has torn down is not tried with a create."""

    async def and_reset(writer: asyncio.StreamWriter, right: bytes) -> None:
        writer.write(right)
        await asyncio.sleep(LATER)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    assert await create_three_plainly(and_reset) == (3, 2)
