"""What users of both clients see of the rate limit."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.peers import nobody_listening
from tests.ratelimit.support import run
from videsk_rooms import (
    AsyncVidesk,
    ConfigurationError,
    ConnectionFailedError,
    DeadlineExceededError,
    Hooks,
    RateLimit,
    RateLimitError,
    Retry,
    Timeout,
    Videsk,
)
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from videsk_rooms import PaceEvent

ONE_A_MINUTE = RateLimit(requests=1, per=60.0)
A_MOMENT = 0.02


def client(sandbox: Sandbox, rate_limit: RateLimit | None, timeout: float = 30.0) -> AsyncVidesk:
    """Make a client of the sandbox's account."""
    return AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, rate_limit=rate_limit, timeout=timeout
    )


def most(sandbox: Sandbox, seconds: float) -> int:
    """Find how many requests came in any window of so many seconds."""
    came = [request.monotonic for request in sandbox.requests]
    return max(sum(end - seconds < each <= end for each in came) for end in came)


# -- one client -----------------------------------------------------------------------------------


async def test_a_refused_connection_uses_nothing_up() -> None:
    """Nothing left, so the next call may leave at once: it does not wait a minute."""
    with nobody_listening() as port:
        videsk = AsyncVidesk(
            "a-token",
            base_url=f"http://127.0.0.1:{port}",
            retry=Retry(attempts=1),
            rate_limit=ONE_A_MINUTE,
            timeout=30.0,
        )
        async with videsk:
            for _ in range(3):
                with pytest.raises(ConnectionFailedError):
                    await videsk.rooms.list()


async def test_a_call_whose_time_is_up_while_it_waits_waits_no_more(sandbox: Sandbox) -> None:
    """Waiting for the rate limit counts against the deadline, and the error says so."""
    videsk = AsyncVidesk(
        sandbox.api_token,
        base_url=sandbox.url,
        rate_limit=ONE_A_MINUTE,
        timeout=Timeout(total=0.2),
    )
    async with videsk:
        await videsk.rooms.list()
        with pytest.raises(
            DeadlineExceededError, match=r"rate limit of 1 request in 60 s \(set by rate_limit\)"
        ):
            await videsk.rooms.list()
        assert videsk.rate_limit_status.waiting == 0
    assert len(sandbox.requests) == 1


async def test_the_limit_of_the_answers_is_obeyed() -> None:
    """`Ratelimit-Limit` is believed over the setting (docs/api.md, "Access")."""
    async with Sandbox(rate=7) as sandbox, client(sandbox, RateLimit()) as videsk:
        await videsk.rooms.list()
        assert videsk.rate_limit_status.limit == 7
        await asyncio.gather(*(videsk.rooms.list() for _ in range(13)))
        assert [request.status for request in sandbox.requests] == [200] * 14
        assert most(sandbox, 0.9) <= 7


async def test_without_a_rate_limit_nothing_waits(sandbox: Sandbox) -> None:
    """`rate_limit=None`: no limit, and no pause after a refusal."""
    async with client(sandbox, None) as videsk:
        sandbox.faults.status(429, headers={"Retry-After": "30"})
        with pytest.raises(RateLimitError):
            await videsk.with_options(retry=Retry(attempts=1)).rooms.list()
        began = time.monotonic()
        await asyncio.gather(*(videsk.rooms.list() for _ in range(50)))
        assert time.monotonic() - began < 10


# -- rate_limit_status ----------------------------------------------------------------------------


async def test_the_status_says_what_holds_and_what_is_left() -> None:
    """By the settings at first, then by the last answer; it costs no request."""
    async with Sandbox(rate=20) as sandbox, client(sandbox, RateLimit(10)) as videsk:
        before = videsk.rate_limit_status
        assert (before.limit, before.per, before.waiting) == (10, 1.0, 0)
        assert (before.remaining, before.resets_in) == (None, None)
        await videsk.rooms.list()
        after = videsk.rate_limit_status
        assert (after.limit, after.per, after.remaining, after.waiting) == (20, 1.0, 19, 0)
        assert after.resets_in is not None
        assert 0 < after.resets_in <= 1.0
        await asyncio.sleep(1.1)
        later = videsk.rate_limit_status
        assert (later.limit, later.remaining, later.resets_in) == (20, None, None)
        assert len(sandbox.requests) == 1


async def test_the_status_counts_those_who_wait(sandbox: Sandbox) -> None:
    """Of this client and its views, however they go."""
    async with client(sandbox, ONE_A_MINUTE) as videsk:
        await videsk.rooms.list()
        view = videsk.with_options(timeout=None)
        calls = [asyncio.ensure_future(each.rooms.list()) for each in (videsk, view, view)]
        await asyncio.sleep(0.05)
        assert videsk.rate_limit_status.waiting == view.rate_limit_status.waiting == 3
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        assert videsk.rate_limit_status.waiting == 0


async def test_without_a_limit_the_status_has_none(sandbox: Sandbox) -> None:
    """Nobody waits, and nothing is limited."""
    async with client(sandbox, None) as videsk:
        await videsk.rooms.list()
        status = videsk.rate_limit_status
        assert (status.limit, status.per, status.waiting) == (None, None, 0)


def test_the_blocking_client_has_the_same_status() -> None:
    """Also before its first call, and from any thread."""
    with Sandbox(rate=20) as sandbox:
        with Videsk(sandbox.api_token, base_url=sandbox.url) as videsk:
            assert videsk.rate_limit_status.remaining is None
            videsk.rooms.list()
            status = videsk.rate_limit_status
            assert (status.limit, status.remaining, status.waiting) == (20, 19, 0)
        assert videsk.rate_limit_status.limit == 20


# -- at_most --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, -1, 10_001, 2.5, "5", True, float("nan")])
def test_a_ceiling_is_a_whole_number(value: object) -> None:
    """The refusal names it and says what would be right."""
    with pytest.raises(ConfigurationError, match=r"RateLimit\.at_most=.*1 to 10,000"):
        RateLimit(at_most=value)  # type: ignore[arg-type]  # that is the test


async def test_no_header_lifts_the_ceiling() -> None:
    """The server allows more, and says so in each answer."""
    async with (
        Sandbox(rate=1000) as sandbox,
        client(sandbox, RateLimit(per=0.3, at_most=3)) as videsk,
    ):
        await asyncio.gather(*(videsk.rooms.list() for _ in range(10)))
        assert most(sandbox, 0.27) <= 3
        status = videsk.rate_limit_status
        assert (status.limit, status.per) == (3, 0.3)


async def test_a_lower_limit_of_the_server_holds_below_the_ceiling() -> None:
    """The ceiling is none that anybody has to reach."""
    async with Sandbox(rate=4) as sandbox, client(sandbox, RateLimit(at_most=500)) as videsk:
        await videsk.rooms.list()
        await asyncio.gather(*(videsk.rooms.list() for _ in range(7)))
        assert [request.status for request in sandbox.requests] == [200] * 8
        assert videsk.rate_limit_status.limit == 4


async def test_views_share_the_ceiling(sandbox: Sandbox) -> None:
    """Those that have another limit do not."""
    async with client(sandbox, RateLimit(per=60.0, at_most=2), timeout=0.3) as videsk:
        view = videsk.with_options(hooks=Hooks())
        await videsk.rooms.list()
        await view.rooms.list()
        for each in (videsk, view):
            with pytest.raises(DeadlineExceededError, match=r"RateLimit\.at_most"):
                await each.rooms.list()
        await videsk.with_options(rate_limit=RateLimit()).rooms.list()


async def test_each_client_has_a_ceiling_of_its_own_below_the_limit_of_all(
    sandbox: Sandbox,
) -> None:
    """Two clients of at most two have three together, where the account has no more."""
    pace = RateLimit(3, per=60.0, at_most=2)
    async with client(sandbox, pace, 0.3) as one, client(sandbox, pace, 0.3) as other:
        for videsk in (one, one, other):
            await videsk.rooms.list()
        with pytest.raises(DeadlineExceededError, match=r"2 requests in 60 s \(RateLimit\.at_most"):
            await one.rooms.list()
        with pytest.raises(DeadlineExceededError, match=r"3 requests in 60 s \(set by rate_limit"):
            await other.rooms.list()
    assert len(sandbox.requests) == 3


async def test_whoever_is_cancelled_at_the_ceiling_gives_its_place_back(sandbox: Sandbox) -> None:
    """Whether it waited for the ceiling, or below it for the account."""
    pace = RateLimit(2, per=0.5, at_most=100)
    async with client(sandbox, pace) as videsk:
        await asyncio.gather(*(videsk.rooms.list() for _ in range(2)))
        calls = [asyncio.ensure_future(videsk.rooms.list()) for _ in range(20)]
        await asyncio.sleep(0.05)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        began = time.monotonic()
        await asyncio.gather(*(videsk.rooms.list() for _ in range(2)))
        assert time.monotonic() - began < 2.0


# -- several clients of an account ----------------------------------------------------------------


async def test_clients_of_one_account_share_its_limit(sandbox: Sandbox) -> None:
    """Awaited and blocking; who has another token has another limit."""
    pace = RateLimit(3, per=60.0)
    async with client(sandbox, pace, 0.3) as one, client(sandbox, pace, 0.3) as other:
        for videsk in (one, other, one):
            await videsk.rooms.list()
        with pytest.raises(DeadlineExceededError, match="rate limit"):
            await other.rooms.list()

        def blocking() -> None:
            with (
                Videsk(
                    sandbox.api_token, base_url=sandbox.url, rate_limit=pace, timeout=0.3
                ) as third,
                pytest.raises(DeadlineExceededError, match="rate limit"),
            ):
                third.rooms.list()

        await asyncio.to_thread(blocking)
    assert len(sandbox.requests) == 3


async def test_what_clients_before_have_sent_counts_while_one_is_there(sandbox: Sandbox) -> None:
    """A client that was closed has used up what it has."""
    async with client(sandbox, ONE_A_MINUTE, 0.3) as videsk:
        async with client(sandbox, ONE_A_MINUTE, 0.3) as other:
            await other.rooms.list()
        with pytest.raises(DeadlineExceededError, match="rate limit"):
            await videsk.rooms.list()


async def test_a_client_for_each_call_is_no_way_around_the_limit(sandbox: Sandbox) -> None:
    """What one has sent counts for the next, though nobody has one meanwhile."""
    async with client(sandbox, ONE_A_MINUTE, 0.3) as videsk:
        await videsk.rooms.list()
    del videsk
    gc.collect()
    async with client(sandbox, ONE_A_MINUTE, 0.3) as videsk:
        with pytest.raises(DeadlineExceededError, match="rate limit"):
            await videsk.rooms.list()


async def test_clients_of_one_callable_share_its_limit(sandbox: Sandbox) -> None:
    """Two callables may stand for two accounts, whatever tokens they return."""

    def token() -> str:
        return sandbox.api_token

    def from_elsewhere() -> str:
        return sandbox.api_token

    def of(ask: Callable[[], str]) -> AsyncVidesk:
        return AsyncVidesk(ask, base_url=sandbox.url, rate_limit=ONE_A_MINUTE, timeout=0.3)

    async with of(token) as one, of(token) as other, of(from_elsewhere) as third:
        await one.rooms.list()
        with pytest.raises(DeadlineExceededError, match="rate limit"):
            await other.rooms.list()
        await third.rooms.list()


async def test_methods_of_one_object_are_one_callable(sandbox: Sandbox) -> None:
    """A bound method is made anew each time that it is looked up."""

    class Vault:
        def token(self) -> str:
            return sandbox.api_token

    def of(vault: Vault) -> AsyncVidesk:
        return AsyncVidesk(vault.token, base_url=sandbox.url, rate_limit=ONE_A_MINUTE, timeout=0.3)

    vault = Vault()
    async with of(vault) as one, of(vault) as other, of(Vault()) as third:
        await one.rooms.list()
        with pytest.raises(DeadlineExceededError, match="rate limit"):
            await other.rooms.list()
        await third.rooms.list()


async def test_a_callable_without_a_hash_is_a_token_of_its_own(sandbox: Sandbox) -> None:
    """It can be compared with nothing, and works."""

    class Odd:
        __hash__ = None  # type: ignore[assignment]  # that is the test

        def __call__(self) -> str:
            return sandbox.api_token

    odd = Odd()
    for _ in range(2):
        async with AsyncVidesk(odd, base_url=sandbox.url, rate_limit=ONE_A_MINUTE) as videsk:
            await videsk.rooms.list()


async def test_another_token_has_another_limit(sandbox: Sandbox) -> None:
    """Also in a view; the one token again is the one limit again."""
    async with client(sandbox, ONE_A_MINUTE, 0.3) as videsk:
        await videsk.rooms.list()
        other = videsk.with_options(api_token="another-token", retry=Retry(attempts=1))
        with pytest.raises(Exception, match="401"):
            await other.rooms.list()
        same = videsk.with_options(api_token=sandbox.api_token)
        with pytest.raises(DeadlineExceededError, match="rate limit"):
            await same.rooms.list()


async def test_another_server_has_another_limit(sandbox: Sandbox) -> None:
    """The same token may be known to both."""
    with Sandbox(rate=None, api_token=sandbox.api_token) as another:
        async with client(sandbox, ONE_A_MINUTE) as one, client(another, ONE_A_MINUTE) as other:
            await one.rooms.list()
            await other.rooms.list()


GREENLETS = """
    from gevent import monkey
    monkey.patch_all()
    import sys, time
    import gevent
    from videsk_rooms import RateLimit, Videsk

    url, token, shared = sys.argv[1:]
    pace = RateLimit(6, per=0.3, shared=shared or None)
    with (
        Videsk(token, base_url=url, rate_limit=pace) as one,
        Videsk(token, base_url=url, rate_limit=pace) as other,
    ):
        calls = [gevent.spawn(each.rooms.list) for each in (one, other) for _ in range(12)]
        gevent.joinall(calls, timeout=30, raise_error=True)
        print(sum(call.successful() for call in calls))
"""


@pytest.mark.parametrize("kind", ["in process", "file", "redis"])
def test_clients_beside_gevent_share_their_limit(
    sandbox: Sandbox, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Each has a thread of its own, which no greenlet's lock may stop."""
    pytest.importorskip("gevent")
    shared = {"in process": "", "file": f"file:{tmp_path / 'limit'}"}.get(kind)
    if shared is None:
        shared = request.getfixturevalue("common_redis").url
    assert run(GREENLETS, sandbox.url, sandbox.api_token, shared) == "24\n"
    assert most(sandbox, 0.25) <= 6


# -- who waits, and for how long ------------------------------------------------------------------


async def test_a_wait_is_told_where_there_was_one(sandbox: Sandbox) -> None:
    """As long as it was, and not at all where a request left at once."""
    waits: list[PaceEvent] = []
    videsk = AsyncVidesk(
        sandbox.api_token,
        base_url=sandbox.url,
        rate_limit=RateLimit(2, per=0.6),
        hooks=Hooks(on_pace=waits.append),
    )
    async with videsk:
        await videsk.rooms.list()
        await videsk.rooms.list()
        assert waits == []
        began = time.monotonic()
        await videsk.rooms.list()
        took = time.monotonic() - began
    (event,) = waits
    assert (event.operation, event.method, event.path) == ("rooms.list", "GET", "/vpaas/rooms")
    assert 0.2 < event.waited <= took


@pytest.mark.parametrize("kind", ["file", "redis"])
async def test_that_a_store_takes_a_moment_to_answer_is_no_wait(
    sandbox: Sandbox, kind: str, request: pytest.FixtureRequest
) -> None:
    """What is told is the wait for the limit."""
    folder = request.getfixturevalue("tmp_path")
    shared = f"file:{folder / 'limit'}"
    if kind == "redis":
        shared = request.getfixturevalue("common_redis").url
    waits: list[PaceEvent] = []
    videsk = AsyncVidesk(
        sandbox.api_token,
        base_url=sandbox.url,
        rate_limit=RateLimit(40, shared=shared),
        hooks=Hooks(on_pace=waits.append),
    )
    async with videsk:
        for _ in range(10):
            await videsk.rooms.list()
    assert waits == []


def finished_in_order(*calls: asyncio.Task[object]) -> list[int]:
    """Note in which order tasks end."""
    ended: list[int] = []
    for number, call in enumerate(calls):
        call.add_done_callback(lambda _, number=number: ended.append(number))  # type: ignore[misc]
    return ended


async def test_people_go_before_the_background(sandbox: Sandbox) -> None:
    """In order of their priority, and in each in order of their coming."""
    async with client(sandbox, RateLimit(1, per=0.25)) as videsk:
        behind = videsk.with_options(priority="background")
        await videsk.rooms.list()
        calls: list[asyncio.Task[object]] = []
        for each in (behind, behind, videsk, videsk):
            calls.append(asyncio.ensure_future(each.rooms.list()))
            await asyncio.sleep(0.001)
        ended = finished_in_order(*calls)
        await asyncio.wait(calls)
        await asyncio.sleep(0)
        assert ended == [2, 3, 0, 1]


async def test_what_is_begun_goes_before_what_is_not(sandbox: Sandbox) -> None:
    """A retry goes before the first requests of others, who came before it was due."""
    sandbox.faults.status(503)
    async with client(sandbox, RateLimit(1, per=0.4)) as videsk:
        quick = videsk.with_options(retry=Retry(base_delay=0.01))
        calls: list[asyncio.Task[object]] = [
            asyncio.ensure_future(quick.rooms.list()) for _ in range(3)
        ]
        ended = finished_in_order(*calls)
        await asyncio.wait(calls)
        await asyncio.sleep(0)
    assert ended == [0, 1, 2]
    assert [request.status for request in sandbox.requests] == [503, 200, 200, 200]


async def test_one_client_lets_the_people_of_another_go_first(sandbox: Sandbox) -> None:
    """They share the limit, and its order."""
    pace = RateLimit(1, per=0.3)
    async with client(sandbox, pace) as importing, client(sandbox, pace) as serving:
        behind = importing.with_options(priority="background")
        await behind.rooms.list()
        calls: list[asyncio.Task[object]] = [asyncio.ensure_future(behind.rooms.list())]
        await asyncio.sleep(0.02)
        calls.append(asyncio.ensure_future(serving.rooms.list()))
        ended = finished_in_order(*calls)
        await asyncio.wait(calls)
        await asyncio.sleep(0)
    assert ended == [1, 0]


# -- a herd ---------------------------------------------------------------------------------------


async def test_a_herd_for_one_new_room_costs_a_request_each() -> None:
    """And two for looking it up and creating it; each has a token of their own."""
    many = 200
    async with (
        Sandbox(rate=many // 2, window="sliding") as sandbox,
        client(sandbox, RateLimit(many // 2)) as videsk,
    ):
        rooms = await asyncio.gather(*(videsk.rooms.get_or_create("class") for _ in range(many)))
        assert len({room.id for room in rooms}) == 1
        assert len({room.access_token for room in rooms}) == many
        assert {request.status for request in sandbox.requests} == {200, 201, 404}
        spent = Counter(request.operation for request in sandbox.requests)
        assert spent == {"get": many, "list": 1, "create": 1}


async def test_a_herd_for_many_rooms_costs_a_request_each() -> None:
    """As people who do not wait for long: nobody's second request is before others' first one."""
    many = 60
    async with (
        Sandbox(rate=many // 3, window="sliding") as sandbox,
        client(sandbox, RateLimit(many // 3), timeout=9.0) as videsk,
    ):
        names = [f"lesson-{number}" for number in range(many)]
        for name in names:
            sandbox.add_room(external_id=name)
        rooms = await asyncio.gather(*(videsk.rooms.get_or_create(name) for name in names))
        assert [room.external_id for room in rooms] == names
        assert [request.status for request in sandbox.requests] == [200] * many
        came = [request.monotonic for request in sandbox.requests]
        assert came[-1] - came[0] < 3.0
