"""What becomes of a call whose time is up."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests import inside
from tests.peers import LINGER_SECONDS, answering, read_request, serving
from tests.support import TOKEN
from tests.waiting import until
from videsk_rooms import (
    AsyncVidesk,
    ConnectionFailedError,
    DeadlineExceededError,
    Retry,
    Timeout,
    TransportError,
    Videsk,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from videsk_rooms.sandbox import Sandbox

ID = "64f1a2b3c4d5e6f7a8b9c0d1"
SHORT = 0.3
CONNECTING = Timeout(total=LINGER_SECONDS, attempt=LINGER_SECONDS, connect=SHORT)
ONCE: dict[str, Any] = {"retry": Retry(attempts=1), "rate_limit": None}

CALLS: dict[str, tuple[Callable[[AsyncVidesk], Awaitable[object]], bool]] = {
    "get": (lambda videsk: videsk.rooms.get(ID), False),
    "list": (lambda videsk: videsk.rooms.list(), False),
    "stats": (lambda videsk: videsk.rooms.stats(ID), False),
    "create": (lambda videsk: videsk.rooms.create(external_id="ticket-1"), True),
    "update": (lambda videsk: videsk.rooms.update(ID, name="Moved"), True),
    "delete": (lambda videsk: videsk.rooms.delete(ID), True),
    "join": (lambda videsk: videsk.rooms.join(ID), True),
}
BOUNDS: dict[str, Timeout | float] = {
    "seconds": SHORT,
    "total": Timeout(total=SHORT),
    "total alone": Timeout(total=SHORT, attempt=None, connect=None),
    "attempt": Timeout(attempt=SHORT),
    "attempt alone": Timeout(total=None, attempt=SHORT, connect=None),
}
bounds = pytest.mark.parametrize("timeout", BOUNDS.values(), ids=BOUNDS)
one_of_each = pytest.mark.parametrize("timeout", [BOUNDS["total"], BOUNDS["attempt"]])


@pytest.mark.parametrize(("call", "outcome_unknown"), CALLS.values(), ids=CALLS)
async def test_the_time_is_up_before_the_answer(
    sandbox: Sandbox,
    once: AsyncVidesk,
    call: Callable[[AsyncVidesk], Awaitable[object]],
    *,
    outcome_unknown: bool,
) -> None:
    """Of a read the outcome does not matter; of a write it is unknown."""
    await once.rooms.list()  # the connection is there: the request surely leaves in time
    sandbox.faults.delay(LINGER_SECONDS)
    with pytest.raises(DeadlineExceededError) as caught:
        await call(once.with_options(timeout=SHORT))
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.outcome_unknown is outcome_unknown
    assert [attempt.status for attempt in caught.value.attempts] == [None]


@bounds
async def test_each_bound_is_kept(
    sandbox: Sandbox, once: AsyncVidesk, timeout: Timeout | float
) -> None:
    """The whole call, or one attempt of it."""
    sandbox.faults.delay(LINGER_SECONDS)
    with pytest.raises(DeadlineExceededError) as caught:
        await once.with_options(timeout=timeout).rooms.list()
    assert SHORT * 0.9 <= caught.value.attempts[0].duration < LINGER_SECONDS / 2


async def test_a_create_out_of_time_tells_how_to_find_the_room(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """The sandbox made the room, and its answer came too late."""
    await once.rooms.list()
    sandbox.faults.delay(LINGER_SECONDS)
    with pytest.raises(DeadlineExceededError, match=r"get_by_external_id\('ticket-1'\)") as caught:
        await once.with_options(timeout=SHORT).rooms.create(external_id="ticket-1")
    assert caught.value.external_id == "ticket-1"
    await until(lambda: sandbox.rooms)
    assert [room["externalId"] for room in sandbox.rooms] == ["ticket-1"]


def test_the_blocking_client_raises_what_except_timeouterror_catches(
    sandbox: Sandbox, blocking_once: Videsk
) -> None:
    """Also on Python 3.10, where asyncio has a TimeoutError of its own."""
    sandbox.faults.delay(LINGER_SECONDS)
    with pytest.raises(TimeoutError) as caught:
        blocking_once.with_options(timeout=SHORT).rooms.create(external_id="ticket-1")
    assert isinstance(caught.value, DeadlineExceededError)
    assert caught.value.outcome_unknown


@one_of_each
async def test_the_time_is_up_within_the_body(timeout: Timeout | float) -> None:
    """A bound is for the whole answer, to its last byte."""
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"
    async with (
        serving(answering(half, then_linger=True)) as port,
        AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", timeout=timeout, **ONCE) as videsk,
    ):
        with pytest.raises(DeadlineExceededError):
            await videsk.rooms.list()


@one_of_each
async def test_a_body_that_trickles_does_not_lift_the_bound(timeout: Timeout | float) -> None:
    """Each byte is in time, the answer is not."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with (
        serving(trickle) as port,
        AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", timeout=timeout, **ONCE) as videsk,
    ):
        with pytest.raises(DeadlineExceededError):
            await videsk.rooms.list()


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Accept a connection and say nothing: a TLS handshake never ends."""
    await reader.read()


async def test_a_connection_that_is_not_made_in_time_sent_nothing() -> None:
    """Making a connection includes its TLS handshake; before it ends nothing of a call is sent."""
    async with (
        serving(silence) as port,
        AsyncVidesk(
            TOKEN,
            base_url=f"https://127.0.0.1:{port}",
            timeout=CONNECTING,
            ssl=ssl.create_default_context(),
            **ONCE,
        ) as videsk,
    ):
        with pytest.raises(TransportError) as caught:
            await videsk.rooms.create(external_id="ticket-1")
    assert not getattr(caught.value, "outcome_unknown", False)
    assert caught.value.attempts[0].duration < LINGER_SECONDS / 2


async def test_a_call_whose_time_is_up_before_it_has_a_connection_says_so() -> None:
    """More time would not help to reach a host that is not there."""
    async with (
        serving(silence) as port,
        AsyncVidesk(
            TOKEN, base_url=f"https://127.0.0.1:{port}", timeout=SHORT, ssl=False, **ONCE
        ) as videsk,
    ):
        with pytest.raises(DeadlineExceededError, match="no connection within") as caught:
            await videsk.rooms.create(external_id="ticket-1")
    assert not caught.value.outcome_unknown


async def test_all_addresses_of_a_host_share_the_time_to_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four dead ones take no longer than one: the time is up while the first is tried."""
    reached: list[asyncio.StreamReader] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(reader)
        await silence(reader, writer)

    async with serving(silent) as port:
        address = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address] * 4)
        async with AsyncVidesk(
            TOKEN, base_url=f"https://videsk.example:{port}", timeout=CONNECTING, ssl=False, **ONCE
        ) as videsk:
            with pytest.raises(ConnectionFailedError, match="ConnectionTimeoutError"):
                await videsk.rooms.list()
    assert len(reached) == 1


async def test_the_time_to_connect_covers_the_look_up_of_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A resolver that does not answer is a network that cannot be reached."""
    released = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        released.wait(LINGER_SECONDS)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        async with AsyncVidesk(
            TOKEN, base_url="https://videsk.example", timeout=CONNECTING, **ONCE
        ) as videsk:
            with pytest.raises(ConnectionFailedError, match="ConnectionTimeoutError"):
                await videsk.rooms.create(external_id="ticket-1")
    finally:
        released.set()


async def test_the_time_to_connect_covers_the_answer_of_the_proxy() -> None:
    """The tunnel is a part of the connection."""
    async with (
        serving(silence) as port,
        AsyncVidesk(
            TOKEN,
            base_url="https://api.videsk.io",
            proxy=f"http://127.0.0.1:{port}",
            timeout=CONNECTING,
            **ONCE,
        ) as videsk,
    ):
        with pytest.raises(ConnectionFailedError, match="ConnectionTimeoutError"):
            await videsk.rooms.create(external_id="ticket-1")
        inside.nothing_is_left(videsk)


@pytest.mark.parametrize("timeout", [None, Timeout(total=None, attempt=None, connect=None)])
async def test_no_bound_waits_for_the_answer(
    sandbox: Sandbox, once: AsyncVidesk, timeout: Timeout | None
) -> None:
    """`None` lifts every bound, aiohttp's own of five minutes included."""
    sandbox.faults.delay(0.3)
    started = time.monotonic()
    await once.with_options(timeout=timeout).rooms.list()
    assert time.monotonic() - started >= 0.3
