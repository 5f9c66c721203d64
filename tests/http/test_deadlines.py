"""The time of a call: what it covers, what its end means, and what a call leaves that is ended."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
import ssl
import sys
import threading
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver

from tests import inside
from tests.inside import nothing_is_left
from tests.peers import read_request, serving, with_length
from tests.retrying import ID, LATE, client, outcome_of
from tests.support import TOKEN
from tests.waiting import until, wait_until
from videsk_rooms import (
    AsyncVidesk,
    BadRequestError,
    ClosedError,
    DeadlineExceededError,
    Hooks,
    OutcomeUnknownError,
    RateLimit,
    RateLimitError,
    Retry,
    RetryEvent,
    ServerError,
    Timeout,
    Videsk,
    VideskError,
)
from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._http import deadline
from videsk_rooms.errors import OutcomeUnknownAtDeadlineError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from aiohttp.abc import ResolveResult

    from videsk_rooms._emulator.messages import Operation
    from videsk_rooms.sandbox import Sandbox

PAGE = b'{"total":0,"limit":10,"skip":0,"data":[]}'
FOR_EVER: dict[str, Any] = {"timeout": None}
SHORT = 0.3
SLOW = RateLimit(requests=1, per=LATE)
"""One request, and the next one when no test waits any more."""


def line_of(videsk: AsyncVidesk) -> int:
    """Return how many wait for the rate limit."""
    return videsk.rate_limit_status.waiting


# -- what the total covers ------------------------------------------------------------------------


async def test_the_total_covers_the_wait_for_the_rate_limit(sandbox: Sandbox) -> None:
    """No request leaves, so nothing is unknown, and no attempt was made."""
    async with client(sandbox, rate_limit=SLOW) as videsk:
        await videsk.rooms.list()
        with pytest.raises(DeadlineExceededError, match="waited for the rate limit") as caught:
            await videsk.with_options(timeout=0.5).rooms.create(external_id="ticket-1")
        nothing_is_left(videsk)
    assert type(caught.value) is DeadlineExceededError
    assert (caught.value.attempts, caught.value.outcome_unknown) == ((), False)
    assert caught.value.external_id == "ticket-1"
    assert len(sandbox.requests) == 1


async def test_the_error_names_the_limit_that_was_set(sandbox: Sandbox) -> None:
    """Whoever set it finds it there."""
    async with client(sandbox, rate_limit=RateLimit(requests=1, per=500.0)) as videsk:
        await videsk.rooms.list()
        with pytest.raises(DeadlineExceededError) as caught:
            await videsk.with_options(timeout=0.2).rooms.list()
    assert "waited for the rate limit of 1 request in 500 s (set by rate_limit)." in str(
        caught.value
    )


async def test_the_error_names_the_header_that_told_the_limit(sandbox: Sandbox) -> None:
    """It may be wrong; then the server is to be asked, and not this package."""
    policy = {"Ratelimit-Policy": "1;w=50"}
    sandbox.faults.answer(200, headers=policy, body=PAGE, on="list")
    async with client(sandbox, rate_limit=RateLimit()) as videsk:
        await videsk.rooms.list()
        with pytest.raises(DeadlineExceededError) as caught:
            await videsk.with_options(timeout=0.2).rooms.list()
    assert "of 1 request in 50 s (by the server's Ratelimit-Policy header)." in str(caught.value)


async def test_the_error_names_the_429_that_holds_all_back(sandbox: Sandbox) -> None:
    """The limit alone would not explain the wait."""
    sandbox.faults.status(429, on="list", headers={"Retry-After": "30"})
    async with client(sandbox, rate_limit=RateLimit(), retry=Retry(attempts=1)) as videsk:
        with pytest.raises(RateLimitError):
            await videsk.rooms.list()
        with pytest.raises(DeadlineExceededError, match=r"a 429 pauses all calls for (30|29\.)"):
            await videsk.with_options(timeout=0.2).rooms.list()


@pytest.mark.parametrize("policy", ["1;w=999999999", "1;w=86400", "0;w=1", "-1;w=1"])
async def test_no_header_freezes_the_client(sandbox: Sandbox, policy: str) -> None:
    """One wrong answer is not the last one."""
    headers = {"Ratelimit-Policy": policy}
    sandbox.faults.answer(200, headers=headers, body=PAGE, on="list", times=3)
    async with client(sandbox, rate_limit=RateLimit(), timeout=5.0) as videsk:
        for _ in range(3):
            await videsk.rooms.list()


async def test_the_total_covers_the_wait_for_a_connection(sandbox: Sandbox) -> None:
    """The only one is in use by a call that takes longer."""
    sandbox.faults.delay(LATE, on="get")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        videsk = client(sandbox, session=session, **FOR_EVER)
        holder = asyncio.ensure_future(videsk.rooms.get(ID))
        await until(lambda: sandbox.requests)
        with pytest.raises(DeadlineExceededError):
            await videsk.with_options(timeout=0.5).rooms.list()
        assert len(sandbox.requests) == 1
        assert not holder.done()
        holder.cancel()


async def test_a_create_that_waited_for_a_connection_in_vain_was_not_sent(
    sandbox: Sandbox,
) -> None:
    """The client's own session knows that it never left."""
    sandbox.faults.delay(LATE, times=None)
    async with client(sandbox, **FOR_EVER) as videsk:
        holders = [asyncio.ensure_future(videsk.rooms.list()) for _ in range(100)]
        await until(lambda: len(sandbox.requests) == 100)
        with pytest.raises(DeadlineExceededError) as caught:
            await videsk.with_options(timeout=1.0).rooms.create(external_id="ticket-1")
        for holder in holders:
            holder.cancel()
        await asyncio.wait(holders)
        nothing_is_left(videsk)
    assert not caught.value.outcome_unknown
    assert sandbox.rooms == ()


async def test_the_total_cuts_the_last_attempt_short(sandbox: Sandbox) -> None:
    """The first one may take its own time, the second one what is left."""
    sandbox.faults.delay(LATE, times=None)
    async with client(sandbox, timeout=Timeout(total=2.0, attempt=1.5)) as videsk:
        with pytest.raises(DeadlineExceededError) as caught:
            await videsk.rooms.list()
    first, second = caught.value.attempts
    assert first.duration >= 1.4
    assert second.duration < first.duration


async def test_an_attempt_may_end_before_one_that_began_earlier(sandbox: Sandbox) -> None:
    """Whoever has less time is not kept waiting by who has more."""
    sandbox.faults.delay(LATE, times=None)
    async with client(sandbox, timeout=LATE) as videsk:
        patient = asyncio.ensure_future(videsk.rooms.list())
        await until(lambda: sandbox.requests)
        with pytest.raises(DeadlineExceededError):
            await videsk.with_options(timeout=SHORT).rooms.list()
        assert not patient.done()
        patient.cancel()
        await asyncio.wait([patient])


async def test_attempts_end_one_after_another_each_in_its_time(sandbox: Sandbox) -> None:
    """None too early, and none forgotten."""
    sandbox.faults.delay(LATE, times=None)
    bounds = [2 * SHORT, SHORT, 3 * SHORT, SHORT]
    async with client(sandbox, retry=Retry(attempts=1)) as videsk:
        calls = [videsk.with_options(timeout=bound).rooms.list() for bound in bounds]
        errors = await asyncio.gather(*calls, return_exceptions=True)
    for error, bound in zip(errors, bounds, strict=True):
        assert isinstance(error, DeadlineExceededError)
        assert error.attempts[0].duration >= bound * 0.9


async def test_the_total_covers_the_pauses(sandbox: Sandbox) -> None:
    """As many attempts as fit into it, though hundreds are allowed."""
    sandbox.faults.status(503, times=None)
    retry = Retry(attempts=1_000, base_delay=0.25, max_delay=0.25)
    started = time.monotonic()
    async with client(sandbox, retry=retry, timeout=1.0) as videsk:
        # The last pause may end just before the deadline, which then cuts the attempt after it.
        with pytest.raises((ServerError, DeadlineExceededError)) as caught:
            await videsk.rooms.list()
    assert time.monotonic() - started < LATE / 2
    error = caught.value
    assert isinstance(error, ServerError | DeadlineExceededError)
    assert 2 <= len(error.attempts) < 50
    assert sum(each.delay for each in error.attempts) <= 1.0


@pytest.mark.parametrize("status", [429, 503])
async def test_no_pause_is_begun_that_the_deadline_would_cut(sandbox: Sandbox, status: int) -> None:
    """What the server asks for would take too long, so its error is raised at once."""
    sandbox.faults.status(status, headers={"Retry-After": "50"}, times=None)
    started = time.monotonic()
    async with client(sandbox, timeout=40.0) as videsk:
        with pytest.raises((RateLimitError, ServerError)) as caught:
            await videsk.rooms.list()
    assert time.monotonic() - started < 20
    assert caught.value.retry_after == 50
    assert len(caught.value.attempts) == 1


async def test_a_hook_that_takes_what_was_left_prolongs_no_pause(sandbox: Sandbox) -> None:
    """The pause was decided on before; it is cut at the deadline, and nothing more is sent."""
    sandbox.faults.status(503, headers={"Retry-After": "2"}, times=None)

    async def hang(_: RetryEvent) -> None:
        await asyncio.Event().wait()

    started = time.monotonic()
    async with client(sandbox, timeout=3.0, hooks=Hooks(on_retry=hang)) as videsk:
        with pytest.raises(DeadlineExceededError, match="before the request could be sent"):
            await videsk.rooms.list()
    assert time.monotonic() - started < 3.0 + 2.0
    assert len(sandbox.requests) == 1


SEVERAL: dict[str, tuple[list[Operation], Callable[[AsyncVidesk], Awaitable[object]]]] = {
    "looked up in the listing": (
        ["get", "list", "get"],
        lambda videsk: videsk.rooms.get_by_external_id("ticket-1"),
    ),
    "got": (["get", "list", "get"], lambda videsk: videsk.rooms.get_or_create("ticket-1")),
    "created": (["get", "list", "create"], lambda videsk: videsk.rooms.get_or_create("ticket-2")),
    "renewed": (
        ["get", "list", "get", "update"],
        lambda videsk: videsk.rooms.get_or_create("ticket-1", renew=True),
    ),
    "got after it was renewed": (
        ["get", "list", "get", "update", "get"],
        lambda videsk: videsk.rooms.get_or_create("ticket-1", renew=True),
    ),
}


@pytest.mark.videsk_sandbox(external_ids=False)
@pytest.mark.parametrize(("operations", "ask"), SEVERAL.values(), ids=SEVERAL)
async def test_one_deadline_is_for_all_requests_of_a_call(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    operations: list[Operation],
    ask: Callable[[AsyncVidesk], Awaitable[object]],
) -> None:
    """Each takes a second; the last one has half a second left, and no time of its own."""
    over = sandbox.now - timedelta(hours=1)
    sandbox.add_room(external_id="ticket-1", exp=over, nbf=over - timedelta(hours=1))
    for _ in operations[1:]:
        sandbox.faults.delay(0)
    sandbox.faults.delay(LATE)
    passed = [monotonic()]
    monkeypatch.setattr(deadline, "monotonic", lambda: passed[-1])
    hooks = Hooks(on_attempt=lambda _: passed.append(passed[-1] + 1.0))
    async with client(sandbox, timeout=len(operations) - 0.5, hooks=hooks) as videsk:
        with pytest.raises(DeadlineExceededError) as caught:
            await ask(videsk)
    assert [request.operation for request in sandbox.requests] == operations
    assert caught.value.attempts[-1].duration < len(operations) - 0.5


async def test_one_deadline_is_for_an_end_that_is_looked_into(sandbox: Sandbox) -> None:
    """The refusal stands where there is no time to see whether the room had ended before."""
    room = str(sandbox.add_room()["id"])
    sandbox.faults.status(400, on="update")
    sandbox.faults.delay(LATE, on="get")
    started = time.monotonic()
    async with client(sandbox, timeout=1.0) as videsk:
        with pytest.raises(BadRequestError):
            await videsk.rooms.end(room)
    assert time.monotonic() - started < 1.0 + 2.0


# -- what the end of the time means ---------------------------------------------------------------


class Meaning(NamedTuple):
    """A call, and what is to be told of it when its time was up after it was sent."""

    call: Callable[[AsyncVidesk], Awaitable[object]]
    kind: type[DeadlineExceededError]
    external_id: str | None = None


MEANINGS: dict[str, Meaning] = {
    "get": Meaning(lambda videsk: videsk.rooms.get(ID), DeadlineExceededError),
    "list": Meaning(lambda videsk: videsk.rooms.list(), DeadlineExceededError),
    "stats": Meaning(lambda videsk: videsk.rooms.stats(ID), DeadlineExceededError),
    "lookup": Meaning(lambda videsk: videsk.rooms.get_by_external_id("a"), DeadlineExceededError),
    "create": Meaning(
        lambda videsk: videsk.rooms.create(external_id="ticket-1"),
        OutcomeUnknownAtDeadlineError,
        "ticket-1",
    ),
    "update": Meaning(
        lambda videsk: videsk.rooms.update(ID, name="Moved"), OutcomeUnknownAtDeadlineError
    ),
    "delete": Meaning(lambda videsk: videsk.rooms.delete(ID), OutcomeUnknownAtDeadlineError),
    "join": Meaning(lambda videsk: videsk.rooms.join(ID), OutcomeUnknownAtDeadlineError),
    "request GET": Meaning(lambda videsk: videsk.request("GET", "/other"), DeadlineExceededError),
    "request POST": Meaning(
        lambda videsk: videsk.request("POST", "/other"), OutcomeUnknownAtDeadlineError
    ),
}


@pytest.mark.parametrize("meaning", MEANINGS.values(), ids=MEANINGS)
async def test_the_time_is_up_and_the_outcome_may_be_unknown(
    sandbox: Sandbox, meaning: Meaning
) -> None:
    """Of a change, both are said by one error, which whoever catches either gets; picklable."""
    async with client(sandbox) as videsk:
        await videsk.rooms.list()  # connected: the request leaves in time
        sandbox.faults.delay(LATE, times=None)
        with pytest.raises(TimeoutError) as caught:
            await meaning.call(videsk.with_options(timeout=0.5))
    error = pickle.loads(pickle.dumps(caught.value))
    assert type(error) is meaning.kind
    assert isinstance(error, DeadlineExceededError)
    assert isinstance(error, OutcomeUnknownError) is error.outcome_unknown
    assert error.outcome_unknown is (meaning.kind is OutcomeUnknownAtDeadlineError)
    assert error.external_id == meaning.external_id
    assert len(error.attempts) == 1


async def test_a_time_up_between_two_attempts_keeps_the_doubt_about_the_first(
    sandbox: Sandbox,
) -> None:
    """The lost attempt made the room; the call then waited for the rate limit in vain."""
    sandbox.faults.drop("after")
    async with client(sandbox, rate_limit=SLOW, timeout=1.0) as videsk:
        with pytest.raises(OutcomeUnknownAtDeadlineError, match="after 1 attempt") as caught:
            await videsk.rooms.create(name="Support")
    assert [caught.value.external_id] == [room["externalId"] for room in sandbox.rooms]
    assert len(caught.value.attempts) == len(sandbox.requests) == 1


async def test_a_time_up_in_the_line_quotes_no_token_that_was_taken_for_an_id(
    sandbox: Sandbox,
) -> None:
    """It is told like every other error: without what looks like a token."""
    pasted = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiI0NzExIn0.c2lnbmF0dXJl"
    async with client(sandbox, rate_limit=SLOW, timeout=1.0) as videsk:
        await videsk.rooms.list()
        with pytest.raises(DeadlineExceededError, match="rate limit") as caught:
            await videsk.rooms.get(pasted)
    assert pasted[:20] not in str(caught.value)


@pytest.mark.parametrize("awaitable", [False, True], ids=["plain", "awaitable"])
async def test_a_token_that_never_comes_ends_with_the_time(
    sandbox: Sandbox, *, awaitable: bool
) -> None:
    """Nothing was sent without it; afterwards all is free."""
    released = threading.Event()

    def ask() -> str:
        released.wait(LATE)
        return sandbox.api_token

    async def ask_awaitably() -> str:
        await asyncio.Event().wait()
        return sandbox.api_token

    videsk = AsyncVidesk(
        ask_awaitably if awaitable else ask, base_url=sandbox.url, timeout=Timeout(total=0.5)
    )
    async with videsk:
        with pytest.raises(DeadlineExceededError) as caught:
            await videsk.rooms.create(external_id="ticket-1")
        nothing_is_left(videsk)
    released.set()
    assert type(caught.value) is DeadlineExceededError
    assert not sandbox.requests


async def test_none_lifts_the_bound_from_the_wait_for_the_rate_limit(sandbox: Sandbox) -> None:
    """A call without a bound waits as long as it takes."""
    async with client(sandbox, rate_limit=RateLimit(requests=1), **FOR_EVER) as videsk:
        await asyncio.gather(*(videsk.rooms.list() for _ in range(3)))
    first, _, last = sandbox.requests
    assert last.monotonic - first.monotonic >= 2


async def test_none_lifts_the_bound_from_the_pauses(sandbox: Sandbox) -> None:
    """A view without a bound does what its client has no time for."""
    sandbox.faults.status(503, headers={"Retry-After": "1"}, times=2)
    async with client(sandbox, timeout=0.9) as videsk:
        with pytest.raises(ServerError):
            await videsk.rooms.list()
        await videsk.with_options(timeout=None).rooms.list()
    assert [request.status for request in sandbox.requests] == [503, 503, 200]


def test_the_blocking_face_has_the_same_deadline(sandbox: Sandbox) -> None:
    """And the same views with another one."""
    sandbox.faults.status(503, headers={"Retry-After": "1"}, times=2)
    with Videsk(sandbox.api_token, base_url=sandbox.url, timeout=0.9) as videsk:
        with pytest.raises(ServerError):
            videsk.rooms.list()
        videsk.with_options(timeout=LATE).rooms.list()


# -- ended at each stage --------------------------------------------------------------------------


class Stage(NamedTuple):
    """A client, how one knows that a call has come to the stage, and what makes way again."""

    videsk: AsyncVidesk
    reached: Callable[[], object]
    make_way: Callable[[], object] = lambda: None
    sent: bool = False


@asynccontextmanager
async def in_line(sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Wait for the rate limit."""
    async with client(sandbox, rate_limit=SLOW, **FOR_EVER) as videsk:
        await videsk.rooms.list()
        sandbox.requests.clear()
        higher = {"ratelimit-limit": "1000"}
        raise_it = partial(inside.limiter(videsk).update_limit, higher)
        yield Stage(videsk, lambda: line_of(videsk), raise_it)


@asynccontextmanager
async def at_the_pool(sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Wait for one of the session's hundred connections."""
    sandbox.faults.delay(LATE, on="stats", times=None)
    async with client(sandbox, rate_limit=RateLimit(requests=1_000), **FOR_EVER) as videsk:
        holders = [asyncio.ensure_future(videsk.rooms.stats(ID)) for _ in range(100)]
        await until(lambda: len(sandbox.requests) == 100)

        def waiting() -> bool:
            return inside.waits_for_a_connection(inside.session_here(videsk))

        yield Stage(videsk, waiting, lambda: [holder.cancel() for holder in holders])
        for holder in holders:
            holder.cancel()
        await asyncio.gather(*holders, return_exceptions=True)


@asynccontextmanager
async def connecting(_: Sandbox) -> AsyncIterator[Stage]:
    """Shake hands with a server that says nothing, the first time."""
    greeted = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        greeted.set()
        await reader.read()

    async with (
        serving(say_nothing) as port,
        AsyncVidesk(
            TOKEN,
            base_url=f"https://127.0.0.1:{port}",
            ssl=ssl.create_default_context(),
            **FOR_EVER,
        ) as videsk,
    ):
        yield Stage(videsk, greeted.is_set)


@asynccontextmanager
async def resolving(sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Wait for the address of the server's name."""
    asked, answered = asyncio.Event(), asyncio.Event()
    port = int(sandbox.url.rpartition(":")[2])

    class Slow(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
            asked.set()
            await answered.wait()
            return [
                {
                    "hostname": host,
                    "host": "127.0.0.1",
                    "port": port,
                    "family": 2,
                    "proto": 0,
                    "flags": 0,
                }
            ]

        async def close(self) -> None:
            """Hold nothing."""

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Slow())) as session:
        videsk = AsyncVidesk(
            sandbox.api_token, base_url=f"http://localhost:{port}", session=session, **FOR_EVER
        )
        # When a request leaves, another's session does not tell: it is taken for sent.
        yield Stage(videsk, asked.is_set, answered.set, sent=True)


@asynccontextmanager
async def asking_for_the_token(sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Wait for a callable."""
    asked, answered = asyncio.Event(), asyncio.Event()

    async def ask() -> str:
        asked.set()
        await answered.wait()
        return sandbox.api_token

    async with AsyncVidesk(ask, base_url=sandbox.url, **FOR_EVER) as videsk:
        yield Stage(videsk, asked.is_set, answered.set)


@asynccontextmanager
async def awaiting_the_answer(sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Wait for an answer that does not come."""
    sandbox.faults.delay(LATE)
    async with client(sandbox, rate_limit=RateLimit(requests=1_000), **FOR_EVER) as videsk:
        yield Stage(videsk, lambda: sandbox.requests, sent=True)


@asynccontextmanager
async def reading_the_body(_: Sandbox) -> AsyncIterator[Stage]:
    """Wait for the rest of an answer, the first time."""
    begun = asyncio.Event()

    async def break_off_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        if begun.is_set():
            writer.write(with_length(PAGE))
            return
        writer.write(with_length(PAGE)[:-20])
        await writer.drain()
        begun.set()
        await reader.read()

    async with (
        serving(break_off_once) as port,
        AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", **FOR_EVER) as videsk,
    ):
        yield Stage(videsk, begun.is_set, sent=True)


@asynccontextmanager
async def pausing(sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Pause before the second attempt."""
    sandbox.faults.status(503, headers={"Retry-After": "50"})
    paused = asyncio.Event()
    async with client(
        sandbox,
        rate_limit=RateLimit(requests=1_000),
        hooks=Hooks(on_retry=lambda _: paused.set()),
        **FOR_EVER,
    ) as videsk:
        yield Stage(videsk, paused.is_set, sent=True)


@asynccontextmanager
async def in_a_hook(sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Wait for a hook that does not end, with a place in the pacing taken."""
    told, gone = asyncio.Event(), asyncio.Event()

    async def hang(_: object) -> None:
        told.set()
        await gone.wait()

    limit = RateLimit(requests=1, per=0.1)
    async with client(sandbox, rate_limit=limit, hooks=Hooks(on_pace=hang), **FOR_EVER) as videsk:
        await videsk.rooms.list()
        sandbox.requests.clear()
        yield Stage(videsk, told.is_set, gone.set)


STAGES: dict[str, Callable[[Sandbox], AbstractAsyncContextManager[Stage]]] = {
    "rate limit": in_line,
    "hook": in_a_hook,
    "pool": at_the_pool,
    "resolving": resolving,
    "connecting": connecting,
    "token": asking_for_the_token,
    "answer": awaiting_the_answer,
    "body": reading_the_body,
    "pause": pausing,
}


@pytest.mark.parametrize("enter", STAGES.values(), ids=STAGES)
async def test_a_cancelled_call_leaves_nothing_behind(
    sandbox: Sandbox, enter: Callable[[Sandbox], AbstractAsyncContextManager[Stage]]
) -> None:
    """Wherever it was: no connection, no place in the pacing; and the next call goes through."""
    async with enter(sandbox) as (videsk, reached, make_way, _):
        call = asyncio.ensure_future(videsk.rooms.create(external_id="ticket-1"))
        await until(reached)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        if enter is not at_the_pool:  # where the others are still under way
            nothing_is_left(videsk)
        make_way()
        if enter is not connecting:  # where nobody ever answers
            await videsk.rooms.list()
            nothing_is_left(videsk)
    assert sandbox.rooms == () or enter is awaiting_the_answer


@pytest.mark.parametrize("enter", STAGES.values(), ids=STAGES)
async def test_closing_ends_a_call_wherever_it_is(
    sandbox: Sandbox, enter: Callable[[Sandbox], AbstractAsyncContextManager[Stage]]
) -> None:
    """At once, with a `ClosedError` that says whether the room may have been created."""
    started = time.monotonic()
    async with enter(sandbox) as (videsk, reached, make_way, sent):
        call = asyncio.ensure_future(outcome_of(videsk.rooms.create(external_id="ticket-1")))
        await until(reached)
        await videsk.close()
        if enter is in_a_hook:  # which is the caller's own, and not interrupted
            make_way()
        error = await call
        nothing_is_left(videsk)
        with pytest.raises(ClosedError):
            await videsk.rooms.list()
    assert isinstance(error, ClosedError)
    assert error.external_id == "ticket-1"
    assert error.outcome_unknown is sent
    assert ("get_by_external_id('ticket-1')" in str(error)) is sent
    assert time.monotonic() - started < LATE / 2


async def test_closing_says_nothing_unknown_of_a_read(sandbox: Sandbox) -> None:
    """Its outcome does not matter."""
    async with awaiting_the_answer(sandbox) as (videsk, reached, *_):
        call = asyncio.ensure_future(outcome_of(videsk.rooms.list()))
        await until(reached)
        await videsk.close()
        error = await call
    assert isinstance(error, ClosedError)
    assert not error.outcome_unknown


counts_cancellations = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="a task counts its cancellations from Python 3.11 on"
)


@counts_cancellations
async def test_a_task_whose_call_was_closed_is_not_cancelled(sandbox: Sandbox) -> None:
    """It may go on, and set itself time limits as before."""

    async def go_on(videsk: AsyncVidesk) -> str:
        with pytest.raises(ClosedError):
            await videsk.rooms.list()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0  # type: ignore[attr-defined,unused-ignore]  # from 3.11 on
        return "went on"

    async with awaiting_the_answer(sandbox) as (videsk, reached, *_):
        work = asyncio.ensure_future(go_on(videsk))
        await until(reached)
        await videsk.close()
        assert await work == "went on"


@counts_cancellations
async def test_a_task_whose_time_was_up_is_not_cancelled(sandbox: Sandbox) -> None:
    """It may go on as well."""
    sandbox.faults.delay(LATE)
    async with client(sandbox, timeout=SHORT) as videsk:
        with pytest.raises(DeadlineExceededError):
            await videsk.rooms.list()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0  # type: ignore[attr-defined,unused-ignore]  # from 3.11 on


@pytest.mark.parametrize("end", ["time", "closing"])
async def test_a_task_that_was_cancelled_before_is_told_what_ended_its_call(
    sandbox: Sandbox, end: str
) -> None:
    """Whoever cleans up after it was cancelled goes by the bounds as anybody else."""
    sandbox.faults.delay(LATE)

    async def clean_up() -> VideskError | None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(LATE)
        try:
            await videsk.rooms.delete(ID)
        except VideskError as error:
            return error
        return None

    async with client(sandbox, timeout=SHORT if end == "time" else None) as videsk:
        work = asyncio.ensure_future(clean_up())
        await asyncio.sleep(0)
        work.cancel()
        if end == "closing":
            await until(lambda: sandbox.requests)
            await videsk.close()
        kind = DeadlineExceededError if end == "time" else ClosedError
        assert isinstance(await work, kind)


async def test_who_cancels_a_call_of_a_closing_client_has_cancelled_it(sandbox: Sandbox) -> None:
    """The caller's word counts more than the client's."""
    async with awaiting_the_answer(sandbox) as (videsk, reached, *_):
        call = asyncio.ensure_future(videsk.rooms.list())
        await until(reached)
        call.cancel()
        await videsk.close()
        with pytest.raises(asyncio.CancelledError):
            await call


def test_closing_the_blocking_face_tells_the_same(sandbox: Sandbox) -> None:
    """The thread that waits for its answer learns that the room may have been created."""
    sandbox.faults.delay(LATE)
    errors: list[BaseException] = []

    def create_room() -> None:
        try:
            videsk.rooms.create(external_id="ticket-1")
        except BaseException as error:
            errors.append(error)

    videsk = Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None, timeout=None)
    thread = threading.Thread(target=create_room)
    thread.start()
    wait_until(lambda: sandbox.requests)
    videsk.close()
    thread.join(timeout=LATE / 2)
    (error,) = errors
    assert isinstance(error, ClosedError)
    assert (error.outcome_unknown, error.external_id) == (True, "ticket-1")


async def test_whoever_waited_behind_a_cancelled_call_moves_up(sandbox: Sandbox) -> None:
    """The order is that of the calls, without the one that has gone."""
    limit = RateLimit(requests=1, per=0.5)
    async with client(sandbox, rate_limit=limit, **FOR_EVER) as videsk:
        await videsk.rooms.list()
        calls = [asyncio.ensure_future(videsk.rooms.list(skip=number)) for number in range(4)]
        await until(lambda: line_of(videsk) == 4)
        calls[1].cancel()
        await asyncio.wait(calls)
        nothing_is_left(videsk)
    skips = [dict(request.query).get("$skip") for request in sandbox.requests]
    assert skips == [None, "0", "2", "3"]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads here")
@pytest.mark.parametrize("stage", ["rate limit", "answer"])
def test_an_interrupt_frees_what_a_blocking_call_held(sandbox: Sandbox, stage: str) -> None:
    """Ctrl-C while it waits for its turn, or for its answer."""
    main = threading.get_ident()
    limit = SLOW if stage == "rate limit" else RateLimit(requests=1_000)
    with Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=limit, timeout=None) as videsk:
        videsk.rooms.list()
        sandbox.faults.delay(LATE)
        awaited = inside.awaited(videsk)

        def interrupt() -> None:
            wait_until(lambda: line_of(awaited) or len(sandbox.requests) == 2)
            signal.pthread_kill(main, signal.SIGINT)

        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            videsk.rooms.list()
        wait_until(lambda: is_free(awaited))


def is_free(videsk: AsyncVidesk) -> bool:
    try:
        nothing_is_left(videsk)
    except AssertionError:
        return False
    return True
