"""Connections are given back after every kind of end, and end with the client."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.support import printed_by
from tests.waiting import until
from videsk_rooms import AsyncVidesk, ClosedError, Retry, Videsk, VideskError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from videsk_rooms.sandbox import Sandbox

MISSING = "0123456789abcdef01234567"
LATE = 60
POOL_OF_OWN_SESSION = 100
ONCE: dict[str, Any] = {"retry": Retry(attempts=1), "rate_limit": None}


@pytest.fixture
async def narrow(sandbox: Sandbox) -> AsyncIterator[AsyncVidesk]:
    """A client on a session with a single connection: one that is not given back blocks it."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        yield AsyncVidesk(
            sandbox.api_token, base_url=sandbox.url, session=session, timeout=10.0, **ONCE
        )


FAILURES: dict[str, Callable[[Sandbox], object]] = {
    "status": lambda sandbox: sandbox.faults.status(503),
    "page": lambda sandbox: sandbox.faults.status(403, html=True),
    "redirect": lambda sandbox: sandbox.faults.answer(302, headers={"Location": "/"}, body=b"x"),
    "dropped before": lambda sandbox: sandbox.faults.drop("before"),
    "dropped after": lambda sandbox: sandbox.faults.drop("after"),
    "reset": lambda sandbox: sandbox.faults.drop(reset=True),
    "truncated": lambda sandbox: sandbox.faults.truncated(),
    "garbage": lambda sandbox: sandbox.faults.garbage(),
    "garbage line": lambda sandbox: sandbox.faults.garbage_line(),
    "empty": lambda sandbox: sandbox.faults.empty(),
    "too long": lambda sandbox: sandbox.faults.enormous(),
    "too long, gzip": lambda sandbox: sandbox.faults.enormous(gzip=True),
    "refused token": lambda sandbox: sandbox.tokens.revoke(sandbox.api_token),
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
async def test_the_only_connection_is_free_after_a_failure(
    sandbox: Sandbox, narrow: AsyncVidesk, fail: Callable[[Sandbox], object]
) -> None:
    """Twice over, and the next call goes through."""
    for _ in range(2):
        fail(sandbox)
        with pytest.raises(VideskError):
            await narrow.rooms.list()
    sandbox.tokens.restore(sandbox.api_token)
    await narrow.rooms.list()
    assert sandbox.requests[-1].status == 200


async def test_the_only_connection_is_free_after_a_refusal(
    sandbox: Sandbox, narrow: AsyncVidesk
) -> None:
    """The API's own errors have bodies too, for every method."""
    calls: list[Awaitable[object]] = [
        narrow.rooms.get(MISSING),
        narrow.rooms.update(MISSING, name="x"),
        narrow.rooms.delete(MISSING),
        narrow.rooms.join(MISSING),
        narrow.rooms.stats(MISSING),
    ]
    for call in calls:
        with pytest.raises(VideskError):
            await call
    await narrow.rooms.list()
    assert [request.status for request in sandbox.requests] == [404, 404, 403, 404, 404, 200]


async def test_the_only_connection_is_free_when_the_time_is_up(
    sandbox: Sandbox, narrow: AsyncVidesk
) -> None:
    """What was waited for in vain is not waited for by the next call."""
    sandbox.faults.delay(LATE)
    with pytest.raises(TimeoutError):
        await narrow.with_options(timeout=0.3).rooms.list()
    await narrow.rooms.list()


async def test_the_only_connection_is_free_after_a_cancelled_call(
    sandbox: Sandbox, narrow: AsyncVidesk
) -> None:
    """Cancelling is the caller's right, and no error of this package's."""
    sandbox.faults.delay(LATE)
    call = asyncio.ensure_future(narrow.rooms.list())
    await until(lambda: sandbox.requests)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await narrow.rooms.list()


async def test_the_only_connection_is_free_when_the_callable_raises(
    sandbox: Sandbox, narrow: AsyncVidesk
) -> None:
    """The token is asked for before a connection is taken, or the connection is given back."""

    def ask() -> str:
        raise LookupError("sealed")

    with pytest.raises(LookupError):
        await narrow.with_options(api_token=ask).rooms.list()
    await narrow.rooms.list()


async def test_the_only_connection_is_enough_for_a_renewed_token(
    sandbox: Sandbox, narrow: AsyncVidesk
) -> None:
    """The refused answer is read before the call is sent once more."""
    tokens = iter(["nobody-issued-this-one", sandbox.api_token])
    await narrow.with_options(api_token=lambda: next(tokens)).rooms.list()
    assert [request.status for request in sandbox.requests] == [401, 200]


async def test_calls_wait_for_the_only_connection(sandbox: Sandbox, narrow: AsyncVidesk) -> None:
    """Many calls at once share it, one after the other."""
    pages = await asyncio.gather(*(narrow.rooms.list() for _ in range(20)))
    assert len(pages) == len(sandbox.requests) == 20


async def test_no_cookie_is_kept(sandbox: Sandbox) -> None:
    """A firewall sets some; with them, calls of one account would no longer be alike."""
    by_name = sandbox.url.replace("127.0.0.1", "localhost")  # aiohttp keeps none of an address
    async with AsyncVidesk(sandbox.api_token, base_url=by_name, **ONCE) as videsk:
        sandbox.faults.answer(200, headers={"Set-Cookie": "__cf_bm=1; Path=/"}, body=b"{}")
        await videsk.request("GET", "/vpaas/rooms")
        await videsk.rooms.list()
    assert "Cookie" not in sandbox.requests[1].headers


# -- closing --------------------------------------------------------------------------------------


async def test_a_closed_client_sends_nothing(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """Nor does a view of it; and closing twice is closing once."""
    view = once.with_options(timeout=5.0)
    await once.close()
    await once.close()
    for client in (once, view, once.with_options(timeout=6.0)):
        with pytest.raises(ClosedError):
            await client.rooms.create(name="Support")
        with pytest.raises(ClosedError):
            await client.request("GET", "/vpaas/rooms")
    assert not sandbox.requests


def test_a_closed_blocking_client_sends_nothing(sandbox: Sandbox, blocking_once: Videsk) -> None:
    """Nor does a view of it."""
    view = blocking_once.with_options(timeout=5.0)
    blocking_once.rooms.list()
    blocking_once.close()
    blocking_once.close()
    for client in (blocking_once, view):
        with pytest.raises(ClosedError):
            client.rooms.create(name="Support")
    assert len(sandbox.requests) == 1


async def test_closing_ends_the_calls_that_wait_for_an_answer(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """Reads and writes alike."""
    sandbox.faults.delay(LATE, times=None)
    calls = [
        asyncio.ensure_future(once.rooms.list()),
        asyncio.ensure_future(once.rooms.create(name="Support")),
    ]
    await until(lambda: len(sandbox.requests) == 2)
    await once.close()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ClosedError, ClosedError]


async def test_closing_ends_the_calls_that_wait_for_a_connection(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """More calls than connections: those in the queue are ended too, and none is cancelled."""
    sandbox.faults.delay(LATE, times=None)
    calls = [asyncio.ensure_future(once.rooms.list()) for _ in range(POOL_OF_OWN_SESSION + 3)]
    await until(lambda: len(sandbox.requests) == POOL_OF_OWN_SESSION)
    await once.close()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ClosedError}


async def test_closing_ends_the_calls_that_wait_for_a_token(sandbox: Sandbox) -> None:
    """A token that comes too late is not sent any more."""
    asked, answered = asyncio.Event(), asyncio.Event()

    async def ask() -> str:
        asked.set()
        await answered.wait()
        return sandbox.api_token

    videsk = AsyncVidesk(ask, base_url=sandbox.url, **ONCE)
    call = asyncio.ensure_future(videsk.rooms.list())
    await asked.wait()
    await videsk.close()
    answered.set()
    with pytest.raises(ClosedError):
        await call
    assert not sandbox.requests


def test_closing_the_blocking_client_ends_the_calls_of_other_threads(
    sandbox: Sandbox, blocking_once: Videsk
) -> None:
    """A thread that waits for its answer learns of it at once."""
    sandbox.faults.delay(LATE, times=None)
    errors: list[BaseException] = []

    def list_rooms() -> None:
        try:
            blocking_once.rooms.list()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=list_rooms) for _ in range(3)]
    for thread in threads:
        thread.start()
    asyncio.run(until(lambda: len(sandbox.requests) == len(threads)))
    blocking_once.close()
    for thread in threads:
        thread.join(timeout=LATE / 2)
    assert [type(error) for error in errors] == [ClosedError] * 3


# -- nothing is left open -------------------------------------------------------------------------


async def test_a_closed_client_leaves_nothing_open(sandbox: Sandbox) -> None:
    """No "Unclosed client session", neither as a warning nor in the loop's log."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url, **ONCE) as videsk:
            await videsk.rooms.list()
            for fail in FAILURES.values():
                fail(sandbox)
                with pytest.raises(VideskError):
                    await videsk.rooms.list()
        del videsk
        gc.collect()
        await asyncio.sleep(0)
    assert told == []
    assert [str(warning.message) for warning in warned] == []


UNCLOSED = """
import sys
from videsk_rooms import AsyncVidesk, Videsk

url, token = sys.argv[1:]
never_used = Videsk(token, base_url=url), AsyncVidesk(token, base_url=url)
del never_used
videsk = Videsk(token, base_url=url)
print(videsk.rooms.list().total)
"""


def test_a_blocking_client_that_nobody_closed_ends_silently(sandbox: Sandbox) -> None:
    """At the end of the process, with every warning an error and asyncio in its debug mode."""
    printed = printed_by("-X", "dev", "-c", UNCLOSED, sandbox.url, sandbox.api_token)
    assert printed == "0\n"
