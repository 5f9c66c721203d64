"""What becomes of a call when the network fails, or answers what is no answer."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.peers import answering, serving
from tests.support import API, ROOM, TOKEN
from videsk_rooms import (
    APIError,
    AsyncVidesk,
    ConnectionFailedError,
    OutcomeUnknownError,
    ResponseError,
    Retry,
    TransportError,
    Videsk,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aioresponses.core import aioresponses

    from videsk_rooms.sandbox import Sandbox

ID = "64f1a2b3c4d5e6f7a8b9c0d1"
SAFE = ["GET", "HEAD", "OPTIONS"]
UNSAFE = ["POST", "PATCH", "PUT", "DELETE"]

READS: dict[str, Callable[[AsyncVidesk], Awaitable[object]]] = {
    "get": lambda videsk: videsk.rooms.get(ID),
    "list": lambda videsk: videsk.rooms.list(),
    "stats": lambda videsk: videsk.rooms.stats(ID),
}
WRITES: dict[str, Callable[[AsyncVidesk], Awaitable[object]]] = {
    "create": lambda videsk: videsk.rooms.create(external_id="ticket-1"),
    "update": lambda videsk: videsk.rooms.update(ID, name="Moved"),
    "delete": lambda videsk: videsk.rooms.delete(ID),
    "join": lambda videsk: videsk.rooms.join(ID),
}
reads = pytest.mark.parametrize("call", READS.values(), ids=READS)
writes = pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
calls = pytest.mark.parametrize("call", [*READS.values(), *WRITES.values()], ids=[*READS, *WRITES])
dropped = pytest.mark.parametrize(
    ("when", "reset"), [("before", False), ("after", False), ("before", True), ("after", True)]
)


def towards(port: int, **options: Any) -> AsyncVidesk:
    """Make a client of single attempts for a server of this machine."""
    return AsyncVidesk(
        TOKEN,
        base_url=f"http://127.0.0.1:{port}",
        retry=Retry(attempts=1),
        rate_limit=None,
        **options,
    )


# -- no connection --------------------------------------------------------------------------------


@calls
async def test_a_refused_connection_was_surely_not_processed(
    sandbox: Sandbox, once: AsyncVidesk, call: Callable[[AsyncVidesk], Awaitable[object]]
) -> None:
    """Reads and writes alike: nothing was sent."""
    sandbox.stop()
    with pytest.raises(ConnectionFailedError, match="Nothing was sent") as caught:
        await call(once)
    (attempt,) = caught.value.attempts
    assert (attempt.number, attempt.status) == (1, None)
    assert attempt.error


def test_a_refused_connection_of_the_blocking_client(
    sandbox: Sandbox, blocking_once: Videsk
) -> None:
    """Both faces raise the same."""
    sandbox.stop()
    with pytest.raises(ConnectionFailedError):
        blocking_once.rooms.create(name="Support")


async def test_a_name_that_nobody_has_was_surely_not_processed() -> None:
    """The top level `invalid` is reserved: no resolver knows a name in it (RFC 2606)."""
    async with AsyncVidesk(
        TOKEN,
        base_url="https://name.invalid",
        retry=Retry(attempts=1),
        rate_limit=None,
        timeout=None,  # a machine without network may look for it a while
    ) as videsk:
        with pytest.raises(ConnectionFailedError, match=r"name\.invalid"):
            await videsk.rooms.create(name="Support")


# -- lost connections -----------------------------------------------------------------------------


@reads
@dropped
async def test_a_read_whose_answer_was_lost_changed_nothing(
    sandbox: Sandbox,
    once: AsyncVidesk,
    call: Callable[[AsyncVidesk], Awaitable[object]],
    when: Literal["before", "after"],
    *,
    reset: bool,
) -> None:
    """Whether the server processed it does not matter."""
    sandbox.faults.drop(when, reset=reset)
    with pytest.raises(TransportError) as caught:
        await call(once)
    assert type(caught.value) is TransportError
    assert len(caught.value.attempts) == len(sandbox.requests) == 1


@writes
@dropped
async def test_a_write_whose_answer_was_lost_has_an_unknown_outcome(
    sandbox: Sandbox,
    once: AsyncVidesk,
    call: Callable[[AsyncVidesk], Awaitable[object]],
    when: Literal["before", "after"],
    *,
    reset: bool,
) -> None:
    """Nobody here can know whether the server processed it."""
    sandbox.faults.drop(when, reset=reset)
    with pytest.raises(OutcomeUnknownError) as caught:
        await call(once)
    assert len(caught.value.attempts) == len(sandbox.requests) == 1


@pytest.mark.parametrize(("when", "rooms"), [("before", 0), ("after", 1)])
async def test_a_lost_create_tells_how_to_find_the_room(
    sandbox: Sandbox, once: AsyncVidesk, when: Literal["before", "after"], rooms: int
) -> None:
    """The error holds the external_id, and its text says what to do with it."""
    sandbox.faults.drop(when)
    with pytest.raises(OutcomeUnknownError, match=r"get_by_external_id\('ticket-1'\)") as caught:
        await once.rooms.create(external_id="ticket-1")
    assert caught.value.external_id == "ticket-1"
    assert len(sandbox.rooms) == rooms


@pytest.mark.parametrize("kept_alive", [False, True], ids=["fresh", "kept-alive"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", SAFE + UNSAFE)
async def test_one_attempt_is_one_request(
    sandbox: Sandbox,
    once: AsyncVidesk,
    method: str,
    when: Literal["before", "after"],
    *,
    kept_alive: bool,
) -> None:
    """Nothing underneath sends a request again by itself, on no connection and with no method."""
    if kept_alive:
        await once.rooms.list()
    sandbox.requests.clear()
    sandbox.faults.drop(when, times=None)
    with pytest.raises(TransportError) as caught:
        await once.request(method, "/vpaas/rooms")
    assert [request.method for request in sandbox.requests] == [method]
    assert len(caught.value.attempts) == 1


@pytest.mark.parametrize(
    ("method", "error"),
    [
        *((method, TransportError) for method in SAFE),
        *((method, OutcomeUnknownError) for method in UNSAFE),
    ],
)
async def test_the_method_tells_whether_the_outcome_matters(
    sandbox: Sandbox, once: AsyncVidesk, method: str, error: type[TransportError]
) -> None:
    """GET, HEAD and OPTIONS change nothing (RFC 9110, 9.2.1)."""
    sandbox.faults.drop()
    with pytest.raises(TransportError) as caught:
        await once.request(method, "/vpaas/rooms")
    assert type(caught.value) is error


# -- answers that are none ------------------------------------------------------------------------

BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "no size of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "a length of nothing": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}",
    "a length below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "no gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "bytes": bytes(range(256)),
    "an endless header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "only a promise": b"HTTP/1.1 100 Continue\r\n\r\n",
}
broken = pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)


ENDLESS_HEADERS = b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 20_000 + b"\r\n"


@broken
async def test_a_read_that_got_a_broken_answer_changed_nothing(answer: bytes) -> None:
    """What aiohttp calls a 400 here is no status of the API's."""
    async with serving(answering(answer)) as port, towards(port) as videsk:
        with pytest.raises(TransportError) as caught:
            await videsk.rooms.list()
    assert type(caught.value) is TransportError
    assert caught.value.attempts[0].status is None
    assert "400, " not in f"{caught.value} {caught.value.attempts[0].error}"


async def test_a_connection_that_is_lost_within_the_head_is_told_in_words() -> None:
    """The object that aiohttp has parsed so far is not shown."""
    async with serving(answering(BROKEN["half a head"])) as port, towards(port) as videsk:
        with pytest.raises(TransportError, match=r"ServerDisconnectedError: Server disconnected\."):
            await videsk.rooms.list()


async def test_endless_headers_are_no_answer() -> None:
    """An older aiohttp reads them to the end, and finds no body; a newer one does not."""
    async with serving(answering(ENDLESS_HEADERS)) as port, towards(port) as videsk:
        with pytest.raises((TransportError, ResponseError)) as caught:
            await videsk.rooms.create(external_id="ticket-1")
    assert caught.value.outcome_unknown
    assert caught.value.external_id == "ticket-1"


@broken
async def test_a_write_that_got_a_broken_answer_has_an_unknown_outcome(answer: bytes) -> None:
    """The request has reached somebody."""
    async with serving(answering(answer)) as port, towards(port) as videsk:
        with pytest.raises(OutcomeUnknownError) as caught:
            await videsk.rooms.create(external_id="ticket-1")
    assert caught.value.external_id == "ticket-1"


ANSWERED_BY_AN_OBJECT = {
    name: call for name, call in {**READS, **WRITES}.items() if name not in {"stats", "delete"}
}


@pytest.mark.parametrize("call", ANSWERED_BY_AN_OBJECT.values(), ids=ANSWERED_BY_AN_OBJECT)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<<<not JSON",
        b"\xff\xfe{}",
        b'{"id": NaN}',
        b"[]",
        b"null",
        b"{}",
        b'{"id": 5, "data": {}, "accessToken": []}',
    ],
)
async def test_a_success_that_is_not_the_apis_is_told(
    sandbox: Sandbox,
    once: AsyncVidesk,
    call: Callable[[AsyncVidesk], Awaitable[object]],
    body: bytes,
) -> None:
    """With its status, its request id and the start of its body."""
    sandbox.faults.garbage(body, status=201)
    with pytest.raises(ResponseError) as caught:
        await call(once)
    (request,) = sandbox.requests
    error = caught.value
    assert (error.status, error.method, error.request_id) == (
        201,
        request.method,
        request.request_id,
    )
    assert error.url == f"{sandbox.url}{request.path}"
    assert error.body_start == body.decode("utf-8", "replace")
    assert [attempt.status for attempt in error.attempts] == [201]
    assert repr(error.body_start) in str(error) or not body


async def test_the_start_of_a_body_is_short(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """An error is read by people."""
    sandbox.faults.garbage(b"<p>" + b"x" * 100_000)
    with pytest.raises(ResponseError) as caught:
        await once.rooms.list()
    assert caught.value.body_start.startswith("<p>xxx")
    assert len(caught.value.body_start) <= 1000
    assert len(str(caught.value)) <= 2000


@pytest.mark.parametrize("status", [100, 101, 102, 199])
async def test_a_status_that_only_announces_an_answer_is_none(status: int) -> None:
    """It is neither a success nor a redirect."""
    answer = f"HTTP/1.1 {status} Wait\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n".encode()
    async with serving(answering(answer)) as port, towards(port) as videsk:
        with pytest.raises((ResponseError, TransportError)) as caught:
            await videsk.rooms.list()
    assert "redirect" not in str(caught.value)


async def test_an_upgraded_connection_is_closed_at_once() -> None:
    """Nobody gives it back, and asyncio's debug mode would tell of a response left open."""
    left_open: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.set_exception_handler(lambda _, context: left_open.append(context))
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    async with serving(answering(answer)) as port, towards(port) as videsk:
        with pytest.raises(ResponseError):
            await videsk.rooms.list()
    assert not left_open


# -- what an attempt tells ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({"x-request-id": "server-1", "cf-ray": "ray-1"}, "server-1"),
        ({"X-Request-ID": "server-1"}, "server-1"),
        ({"CF-Ray": "ray-1"}, "ray-1"),
        ({"x-request-id": "", "cf-ray": "ray-1"}, "ray-1"),
        ({}, None),
    ],
)
async def test_the_request_id_is_the_servers_else_that_of_cloudflare(
    wire: aioresponses, wired: AsyncVidesk, headers: Mapping[str, str], request_id: str | None
) -> None:
    """The WAF names requests in `cf-ray` (docs/api.md, "Access")."""
    url = f"{API}/vpaas/rooms/{ID}"
    wire.get(url, payload=ROOM, headers=headers)
    response = await wired.request("GET", f"/vpaas/rooms/{ID}")
    assert (response.request_id, response.attempts[0].request_id) == (request_id, request_id)
    wire.get(url, status=500, headers=headers)
    wire.get(url, body="<p>", headers=headers)
    for _ in range(2):
        with pytest.raises((APIError, ResponseError)) as caught:
            await wired.rooms.get(ID)
        error = caught.value
        assert isinstance(error, APIError | ResponseError)
        assert (error.request_id, error.attempts[0].request_id) == (request_id, request_id)


async def test_an_attempt_tells_what_happened(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """When, how long, with which answer; a delay before it there was none."""
    before = datetime.now(timezone.utc)
    response = await once.request("GET", "/vpaas/rooms")
    after = datetime.now(timezone.utc)
    (attempt,) = response.attempts
    assert before <= attempt.started_at <= after
    assert timedelta(0) < timedelta(seconds=attempt.duration) <= after - before
    assert (attempt.number, attempt.status, attempt.error, attempt.delay) == (1, 200, None, 0)
    assert attempt.request_id == sandbox.requests[0].request_id
