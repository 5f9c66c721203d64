"""Each failure, each call: how often it is tried, and what comes of it."""

from __future__ import annotations

import asyncio
import gc
import threading
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import pytest

from tests.inside import nothing_is_left
from tests.peers import nobody_listening, read_request, serving, with_length
from tests.retrying import (
    ATTEMPTS,
    FAST,
    LOST,
    SAID_UNDONE,
    UNDONE,
    UNREADABLE,
    client,
    outcome_of,
)
from tests.support import TOKEN
from videsk_rooms import (
    APIError,
    AsyncVidesk,
    Attempt,
    AttemptEvent,
    AuthenticationError,
    ConnectionFailedError,
    Hooks,
    NotFoundError,
    OutcomeUnknownError,
    RateLimit,
    RateLimitError,
    Response,
    ResponseError,
    Retry,
    RetryEvent,
    Room,
    RoomAccess,
    RoomPage,
    RoomStats,
    ServerError,
    TransportError,
    Videsk,
    VideskError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.retrying import Fail
    from videsk_rooms._emulator.messages import Operation
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.videsk_sandbox(deletion=True)

ROOMS = "/vpaas/rooms"


class Case(NamedTuple):
    """A call on a room that is there, and what is right after it."""

    operation: Operation
    call: Callable[[AsyncVidesk, str], Awaitable[object]]
    is_right: Callable[[Any, Sandbox], object]


CASES: dict[str, Case] = {
    "create": Case(
        "create",
        lambda videsk, _: videsk.rooms.create(external_id="ticket-1", name="Support"),
        lambda room, sandbox: (
            isinstance(room, Room)
            and room.access_token
            and [each["id"] for each in sandbox.rooms][1:] == [room.id]
        ),
    ),
    "list": Case(
        "list",
        lambda videsk, _: videsk.rooms.list(),
        lambda page, sandbox: isinstance(page, RoomPage) and page[0].id == sandbox.rooms[0]["id"],
    ),
    "get": Case(
        "get",
        lambda videsk, room: videsk.rooms.get(room),
        lambda room, sandbox: isinstance(room, Room) and room.id == sandbox.rooms[0]["id"],
    ),
    "update": Case(
        "update",
        lambda videsk, room: videsk.rooms.update(room, name="Moved", external_id="moved"),
        lambda room, sandbox: (
            isinstance(room, Room)
            and room.name == "Moved"
            and [each["externalId"] for each in sandbox.rooms] == ["moved"]
        ),
    ),
    "delete": Case(
        "delete",
        lambda videsk, room: videsk.rooms.delete(room),
        lambda nothing, sandbox: nothing is None and sandbox.rooms == (),
    ),
    "join": Case(
        "join",
        lambda videsk, room: videsk.rooms.join(room),
        lambda access, _: isinstance(access, RoomAccess) and access.access_token,
    ),
    "stats": Case(
        "stats",
        lambda videsk, room: videsk.rooms.stats(room),
        lambda stats, _: isinstance(stats, RoomStats) and stats.view == "report",
    ),
    "request GET": Case(
        "get",
        lambda videsk, room: videsk.request("GET", f"{ROOMS}/{room}"),
        lambda response, _: response.status == 200,
    ),
    "request DELETE": Case(
        "delete",
        lambda videsk, room: videsk.request("DELETE", f"{ROOMS}/{room}"),
        lambda response, sandbox: response.status == 200 and sandbox.rooms == (),
    ),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_lost_answer = pytest.mark.parametrize("fail", LOST.values(), ids=LOST)


@pytest.fixture
def room(sandbox: Sandbox) -> str:
    """A room that is there, by its id."""
    return str(sandbox.add_room(external_id="there-before")["id"])


def numbers_of(attempts: tuple[Attempt, ...]) -> list[int]:
    return [attempt.number for attempt in attempts]


def statuses_of(attempts: tuple[Attempt, ...]) -> list[int | None]:
    return [attempt.status for attempt in attempts]


# -- one failure ----------------------------------------------------------------------------------


@every_case
@pytest.mark.parametrize("fail", UNDONE.values(), ids=UNDONE)
async def test_a_call_that_failed_before_it_was_done_is_done_at_the_second_attempt(
    sandbox: Sandbox, fast: AsyncVidesk, room: str, fail: Fail, case: Case
) -> None:
    """Two requests, and the same result as without the failure."""
    fail(sandbox, case.operation)
    assert case.is_right(await case.call(fast, room), sandbox)
    assert len(sandbox.requests.of(case.operation)) == 2


@every_case
@every_lost_answer
async def test_a_call_whose_answer_was_lost_is_settled_by_the_second_attempt(
    sandbox: Sandbox, fast: AsyncVidesk, room: str, fail: Fail, case: Case
) -> None:
    """Though it was done at the first, whatever the second one is told."""
    fail(sandbox, case.operation)
    outcome = await outcome_of(case.call(fast, room))
    if case is CASES["request DELETE"]:  # which is told 404, and means no more than it says
        assert isinstance(outcome, NotFoundError)
        assert outcome.outcome_unknown
        assert sandbox.rooms == ()
    else:
        assert case.is_right(outcome, sandbox)
    assert len(sandbox.requests.of(case.operation)) == 2


@every_case
@pytest.mark.parametrize("fail", UNREADABLE.values(), ids=UNREADABLE)
async def test_garbage_is_a_lost_answer_where_it_is_read(
    sandbox: Sandbox, fast: AsyncVidesk, room: str, fail: Fail, case: Case
) -> None:
    """A delete and a `request` take any body: they succeed at once."""
    fail(sandbox, case.operation)
    assert case.is_right(await case.call(fast, room), sandbox)
    unread = case in {CASES[name] for name in ("delete", "request GET", "request DELETE")}
    assert len(sandbox.requests.of(case.operation)) == (1 if unread else 2)


@pytest.mark.parametrize("fail", [*LOST.values(), *UNDONE.values()], ids=[*LOST, *UNDONE])
async def test_a_response_tells_its_attempts(
    sandbox: Sandbox, fast: AsyncVidesk, fail: Fail
) -> None:
    """In order, the last one is the answer's; the same ids as in the server's own log."""
    fail(sandbox, None)
    response = await fast.request("GET", ROOMS)
    assert numbers_of(response.attempts) == [1, 2]
    first, second = response.attempts
    assert second.status == response.status == 200
    assert (first.status is None) is (first.error is not None)
    assert first.delay < second.delay
    assert second.request_id == sandbox.requests[1].request_id


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("name", UNDONE)
async def test_a_foreign_change_is_sent_again_only_if_it_was_surely_not_processed(
    sandbox: Sandbox, fast: AsyncVidesk, room: str, method: str, name: str
) -> None:
    """All of these failures leave nothing done, but only some of them say so."""
    UNDONE[name](sandbox, None)
    path = ROOMS if method == "POST" else f"{ROOMS}/{room}"
    outcome = await outcome_of(fast.request(method, path, json={"externalId": "mine"}))
    if name in SAID_UNDONE:
        assert isinstance(outcome, Response)
        assert numbers_of(outcome.attempts) == [1, 2]
        assert [each["externalId"] for each in sandbox.rooms][-1] == "mine"
    else:
        assert isinstance(outcome, VideskError)
        assert outcome.outcome_unknown
        assert len(sandbox.requests) == 1


@every_lost_answer
async def test_a_foreign_post_whose_answer_was_lost_is_sent_once(
    sandbox: Sandbox, fast: AsyncVidesk, fail: Fail
) -> None:
    """And the error says that it may have been processed, as here it was."""
    fail(sandbox, None)
    with pytest.raises(VideskError, match="may have been processed") as caught:
        await fast.request("POST", ROOMS, json={"externalId": "mine"})
    assert caught.value.outcome_unknown
    if isinstance(caught.value, TransportError):
        assert isinstance(caught.value, OutcomeUnknownError)
    assert len(sandbox.requests) == len(sandbox.rooms) == 1


# -- what is not tried again ----------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["get", "create", "update", "delete", "join", "list"])
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 410, 422, 501, 505])
async def test_what_the_api_means_is_one_attempt(
    sandbox: Sandbox, fast: AsyncVidesk, room: str, status: int, operation: str
) -> None:
    """Asking again would bring the same."""
    sandbox.faults.status(status, times=None)
    with pytest.raises(APIError) as caught:
        await CASES[operation].call(fast, room)
    assert statuses_of(caught.value.attempts) == [status]
    assert len(sandbox.requests) == 1
    assert caught.value.outcome_unknown is (status >= 500 and operation not in {"get", "list"})


@pytest.mark.parametrize("operation", ["get", "create", "delete"])
async def test_a_redirect_is_one_attempt(
    sandbox: Sandbox, fast: AsyncVidesk, room: str, operation: str
) -> None:
    """It is not followed, and was not processed."""
    sandbox.faults.answer(307, headers={"Location": f"{sandbox.url}/elsewhere"}, times=None)
    with pytest.raises(ResponseError) as caught:
        await CASES[operation].call(fast, room)
    assert statuses_of(caught.value.attempts) == [307]
    assert len(sandbox.requests) == 1
    assert not caught.value.outcome_unknown


# -- the last attempt -----------------------------------------------------------------------------


@pytest.mark.parametrize("attempts", [1, 2, 4])
async def test_the_last_error_tells_of_all_attempts(sandbox: Sandbox, attempts: int) -> None:
    """As many as were allowed, each with its status and the server's id for it."""
    sandbox.faults.status(500, on="get")
    sandbox.faults.status(503, times=None)
    retry = Retry(attempts=attempts, base_delay=0.01)
    async with client(sandbox, retry=retry) as videsk:
        with pytest.raises(ServerError) as caught:
            await videsk.request("GET", f"{ROOMS}/1")
    assert statuses_of(caught.value.attempts) == [500, 503, 503, 503][:attempts]
    assert numbers_of(caught.value.attempts) == list(range(1, attempts + 1))
    assert [attempt.request_id for attempt in caught.value.attempts] == [
        request.request_id for request in sandbox.requests
    ]


@pytest.mark.parametrize("attempts", [1, 3])
async def test_the_last_silence_tells_of_all_attempts(sandbox: Sandbox, attempts: int) -> None:
    """Of a read nothing is unknown, only its answer is lost."""
    sandbox.faults.drop(times=None)
    async with client(sandbox, retry=Retry(attempts=attempts, base_delay=0.01)) as videsk:
        with pytest.raises(TransportError) as caught:
            await videsk.rooms.list()
    assert type(caught.value) is TransportError
    assert numbers_of(caught.value.attempts) == list(range(1, attempts + 1))
    assert all(attempt.error and attempt.status is None for attempt in caught.value.attempts)
    assert len(sandbox.requests) == attempts


@pytest.mark.parametrize("name", ["update", "delete", "join", "create"])
async def test_a_change_whose_answers_were_all_lost_is_unknown(
    sandbox: Sandbox, fast: AsyncVidesk, room: str, name: str
) -> None:
    """None of its attempts brought an answer, each may have been processed."""
    case = CASES[name]
    sandbox.faults.drop(on=case.operation, times=None)
    with pytest.raises(OutcomeUnknownError) as caught:
        await case.call(fast, room)
    assert len(caught.value.attempts) == len(sandbox.requests.of(case.operation)) == ATTEMPTS


async def test_a_refused_connection_is_tried_again_and_was_surely_not_processed() -> None:
    """Also a POST to any path: nothing was sent."""
    with nobody_listening() as port:
        url = f"http://127.0.0.1:{port}"
        async with AsyncVidesk(TOKEN, base_url=url, retry=FAST, rate_limit=None) as videsk:
            for call in (
                videsk.rooms.create(external_id="ticket-1"),
                videsk.request("POST", "/vpaas/other"),
            ):
                with pytest.raises(ConnectionFailedError) as caught:
                    await call
                assert numbers_of(caught.value.attempts) == list(range(1, ATTEMPTS + 1))
                assert not caught.value.outcome_unknown


async def test_a_refused_connection_does_not_settle_what_was_lost_before(sandbox: Sandbox) -> None:
    """The first attempt may have been processed, whatever became of the others."""
    sandbox.faults.drop("after")
    attempts: list[Attempt] = []

    def stop(event: AttemptEvent) -> None:
        attempts.append(event.attempt)
        sandbox.stop()

    async with client(sandbox, hooks=Hooks(on_attempt=stop)) as videsk:
        with pytest.raises(OutcomeUnknownError) as caught:
            await videsk.rooms.create(external_id="ticket-1")
    assert caught.value.external_id == "ticket-1"
    assert caught.value.attempts == tuple(attempts)
    assert len(sandbox.rooms) == 1


# -- the token and the attempts -------------------------------------------------------------------


@pytest.mark.parametrize(("attempts", "statuses"), [(2, [401, 503, 200]), (1, [401, 503])])
async def test_the_replay_with_a_new_token_uses_up_no_attempt(
    sandbox: Sandbox, attempts: int, statuses: list[int]
) -> None:
    """It is owed besides what was allowed, and counted all the same."""
    sandbox.faults.status(401)
    sandbox.faults.status(503)
    videsk = AsyncVidesk(
        sandbox.tokens.issue,
        base_url=sandbox.url,
        retry=Retry(attempts=attempts, base_delay=0.01),
        rate_limit=None,
    )
    async with videsk:
        outcome = await outcome_of(videsk.request("GET", ROOMS))
    assert isinstance(outcome, Response | ServerError)
    assert isinstance(outcome, Response) is (statuses[-1] == 200)
    assert statuses_of(outcome.attempts) == statuses
    assert [request.status for request in sandbox.requests] == statuses


async def test_a_token_that_stays_refused_is_not_tried_again(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """A fixed one is the same at every attempt."""
    sandbox.faults.status(401, times=None)
    with pytest.raises(AuthenticationError) as caught:
        await fast.rooms.list()
    assert statuses_of(caught.value.attempts) == [401]


# -- what the server asks for ---------------------------------------------------------------------


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
async def test_a_wait_that_is_too_long_is_told_at_once(
    sandbox: Sandbox, fast: AsyncVidesk, status: int, *, as_date: bool
) -> None:
    """With `retry_after`, for the caller to come back."""
    value = in_seconds(3_600) if as_date else "3600"
    sandbox.faults.status(status, headers={"Retry-After": value}, times=None)
    with pytest.raises((RateLimitError, ServerError)) as caught:
        await fast.rooms.list()
    assert statuses_of(caught.value.attempts) == [status]
    assert caught.value.retry_after == pytest.approx(3_600, abs=60)
    assert len(sandbox.requests) == 1


async def test_a_wait_that_was_asked_for_is_waited(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """In full, though the client's own pauses are a hundred times shorter."""
    sandbox.faults.status(503, headers={"Retry-After": "1"})
    response = await fast.request("GET", ROOMS)
    first, second = sandbox.requests
    assert second.monotonic - first.monotonic >= 1
    assert response.attempts[1].delay >= 1


async def test_an_unspecific_429_is_waited_for_until_the_reset(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Where `Retry-After` is missing, `Ratelimit-Reset` tells (docs/api.md, "Access")."""
    sandbox.faults.status(429, headers={"Ratelimit-Reset": "1"})
    await fast.rooms.list()
    first, second = sandbox.requests
    assert second.monotonic - first.monotonic >= 1


@pytest.mark.parametrize("attempts", [1, 2])
async def test_a_429_holds_back_all_calls_of_the_client(sandbox: Sandbox, attempts: int) -> None:
    """Until the reset, whatever becomes of the call that ran into it."""
    sandbox.faults.status(429, headers={"Retry-After": "2"})
    refused = asyncio.Event()
    async with client(
        sandbox,
        retry=Retry(attempts=attempts, base_delay=0.01),
        rate_limit=RateLimit(requests=1_000),
        hooks=Hooks(on_attempt=lambda _: refused.set()),
    ) as videsk:
        unlucky = asyncio.ensure_future(outcome_of(videsk.rooms.list()))
        await refused.wait()
        await asyncio.gather(*(videsk.rooms.list() for _ in range(5)))
        outcome = await unlucky
        nothing_is_left(videsk)
    assert isinstance(outcome, RateLimitError if attempts == 1 else RoomPage)
    first, *others = sandbox.requests
    assert first.status == 429
    assert len(others) == 4 + attempts
    assert min(other.monotonic for other in others) - first.monotonic >= 2


async def test_a_429_that_says_nothing_holds_the_others_back_shortly(sandbox: Sandbox) -> None:
    """A tenth of a second the first time, and not for a whole window."""
    sandbox.faults.status(429)
    pausing = asyncio.Event()

    def note(_: RetryEvent) -> None:
        pausing.set()

    async with client(
        sandbox,
        retry=Retry(attempts=2, base_delay=0.5),
        rate_limit=RateLimit(requests=1_000),
        hooks=Hooks(on_retry=note),
    ) as videsk:
        unlucky = asyncio.ensure_future(videsk.rooms.list())
        await pausing.wait()
        await videsk.rooms.list()
        await unlucky
    first, *others = sandbox.requests
    assert 0.09 <= min(other.monotonic for other in others) - first.monotonic < 0.9


@pytest.mark.parametrize("attempts", [1, 4])
async def test_a_429_that_asks_for_too_long_holds_nobody_back(
    sandbox: Sandbox, attempts: int
) -> None:
    """The others are told so at once too, instead of waiting for their time to be up."""
    sandbox.faults.status(429, headers={"Retry-After": "3600"}, times=2)
    async with client(
        sandbox, retry=Retry(attempts=attempts), rate_limit=RateLimit(requests=1_000), timeout=5.0
    ) as videsk:
        for _ in range(2):
            with pytest.raises(RateLimitError):
                await videsk.rooms.list()
        await videsk.rooms.list()
    assert [request.status for request in sandbox.requests] == [429, 429, 200]


# -- the budget -----------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [False, True], ids=["in a row", "at once"])
async def test_an_outage_is_not_multiplied_by_the_attempts(
    sandbox: Sandbox, *, at_once: bool
) -> None:
    """Sixty calls of four attempts are 110 requests, not 240; and after it all is as before."""
    sandbox.faults.status(503, times=None)
    async with client(sandbox, retry=Retry(attempts=4, base_delay=0.001)) as videsk:
        calls = [videsk.rooms.list() for _ in range(60)]
        outcomes: list[object] = []
        if at_once:
            outcomes += await asyncio.gather(*calls, return_exceptions=True)
        else:
            outcomes += [await outcome_of(call) for call in calls]
        assert {type(outcome) for outcome in outcomes} == {ServerError}
        assert len(sandbox.requests) == 60 + 50

        sandbox.faults.clear()
        sandbox.faults.status(503)
        with pytest.raises(ServerError) as caught:
            await videsk.rooms.list()
        assert statuses_of(caught.value.attempts) == [503]
        for _ in range(2):
            await videsk.rooms.list()
        sandbox.faults.status(503)
        response = await videsk.request("GET", ROOMS)
        assert statuses_of(response.attempts) == [503, 200]


async def test_the_error_says_that_the_budget_is_used_up(sandbox: Sandbox) -> None:
    """Otherwise a single attempt would be a riddle."""
    sandbox.faults.drop(times=None)
    async with client(sandbox, retry=Retry(attempts=60, base_delay=0.0)) as videsk:
        with pytest.raises(TransportError, match="too many calls have failed lately"):
            await videsk.rooms.list()
    assert len(sandbox.requests) == 51


async def test_views_share_the_budget(sandbox: Sandbox) -> None:
    """They talk to the same server."""
    sandbox.faults.status(503, times=None)
    async with client(sandbox, retry=Retry(attempts=60, base_delay=0.0)) as videsk:
        for each in (videsk, videsk.with_options(timeout=5.0)):
            with pytest.raises(ServerError):
                await each.rooms.list()
    assert len(sandbox.requests) == 51 + 1


async def test_a_429_needs_no_budget(sandbox: Sandbox) -> None:
    """Waiting for the account's limit is no outage."""
    sandbox.faults.status(503, times=51)
    sandbox.faults.status(429, times=3)
    async with client(sandbox, retry=Retry(attempts=60, base_delay=0.0)) as videsk:
        with pytest.raises(ServerError):
            await videsk.rooms.list()
        response = await videsk.request("GET", ROOMS)
    assert statuses_of(response.attempts) == [429, 429, 429, 200]


async def test_429s_use_no_budget_up(sandbox: Sandbox) -> None:
    """After more of them than the budget holds, a passing fault can still be paid for."""
    sandbox.faults.status(429, times=55)
    sandbox.faults.status(503)
    async with client(sandbox, retry=Retry(attempts=60, base_delay=0.0)) as videsk:
        response = await videsk.request("GET", ROOMS)
    assert statuses_of(response.attempts) == [429] * 55 + [503, 200]


# -- one attempt is one request -------------------------------------------------------------------


@pytest.mark.parametrize("kept_alive", [False, True], ids=["fresh", "kept alive"])
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"])
async def test_no_request_is_sent_behind_our_back(
    sandbox: Sandbox, method: str, *, reset: bool, kept_alive: bool
) -> None:
    """An idempotent one aiohttp would send again by itself when its connection is dropped."""
    async with client(sandbox, retry=Retry(attempts=1)) as videsk:
        if kept_alive:
            await videsk.rooms.list()
            sandbox.requests.clear()
        sandbox.faults.drop(reset=reset, times=None)
        with pytest.raises(TransportError) as caught:
            await videsk.request(method, f"{ROOMS}/1")
    assert len(sandbox.requests) == len(caught.value.attempts) == 1


async def test_each_attempt_is_one_request(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """Not one more than `attempts` of them, on the wire too."""
    sandbox.faults.drop(times=None)
    with pytest.raises(TransportError) as caught:
        await fast.rooms.list()
    assert len(sandbox.requests) == len(caught.value.attempts) == ATTEMPTS


async def test_a_server_that_hangs_up_after_each_answer_is_an_everyday_matter() -> None:
    """It says nothing of it, so that every second call finds its connection dead."""
    page = with_length(b'{"total":0,"limit":10,"skip":0,"data":[]}').replace(
        b"Connection: close", b"Connection: keep-alive"
    )

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(page)
        await writer.drain()

    async with (
        serving(hang_up) as port,
        AsyncVidesk(
            TOKEN, base_url=f"http://127.0.0.1:{port}", retry=FAST, rate_limit=None
        ) as videsk,
    ):
        for _ in range(20):
            assert (await videsk.rooms.list()).total == 0


# -- the blocking face ----------------------------------------------------------------------------


@pytest.fixture
def blocking(sandbox: Sandbox) -> Videsk:
    """A blocking client that tries again soon."""
    return Videsk(sandbox.api_token, base_url=sandbox.url, retry=FAST, rate_limit=None)


@pytest.mark.parametrize("name", ["dropped after", "truncated", "500"])
def test_the_blocking_face_tries_again_too(sandbox: Sandbox, blocking: Videsk, name: str) -> None:
    """The same pipeline, behind a thread."""
    with blocking:
        LOST[name](sandbox, "create")
        room = blocking.rooms.create(name="Support")
        LOST[name](sandbox, "delete")
        blocking.rooms.delete(room)
    assert sandbox.rooms == ()
    assert len(sandbox.requests.of("create")) == len(sandbox.requests.of("delete")) == 2


def test_threads_share_one_budget(sandbox: Sandbox, blocking: Videsk) -> None:
    """An outage is not multiplied by them either."""
    sandbox.faults.status(503, times=None)

    def list_rooms() -> None:
        for _ in range(10):
            with pytest.raises(ServerError):
                blocking.rooms.list()

    with blocking:
        threads = [threading.Thread(target=list_rooms) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(sandbox.requests) == 60 + 50


# -- what is left behind --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fail",
    [*LOST.values(), *UNREADABLE.values(), *UNDONE.values()],
    ids=[*LOST, *UNREADABLE, *UNDONE],
)
async def test_a_call_that_fails_leaves_nothing_behind(sandbox: Sandbox, fail: Fail) -> None:
    """No connection in use, nothing that waits for the rate limit, no task."""
    async with client(sandbox, rate_limit=RateLimit(requests=1_000)) as videsk:
        for _ in range(ATTEMPTS):
            fail(sandbox, None)
        with pytest.raises(VideskError):
            await videsk.rooms.join("64f1a2b3c4d5e6f7a8b9c0d1")
        nothing_is_left(videsk)
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_single_connection_is_enough_for_all_attempts(sandbox: Sandbox) -> None:
    """Each answer is read, or its connection closed, before the next attempt."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        videsk = client(sandbox, session=session, retry=Retry(attempts=20, base_delay=0.0))
        for fail in [*LOST.values(), *UNDONE.values()]:
            fail(sandbox, None)
        response = await videsk.request("GET", ROOMS)
    assert len(response.attempts) == len(LOST) + len(UNDONE) + 1


async def test_attempts_that_failed_are_no_garbage(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """An error that was overcome is freed at once, with the answer and the frames that it holds."""
    sandbox.faults.status(503, times=3)
    gc.collect()
    gc.disable()
    try:
        await fast.rooms.list()
        kept = [each for each in gc.get_objects() if type(each) is ServerError]
        assert not [each for each in kept if each.url.startswith(sandbox.url)]
    finally:
        gc.enable()
