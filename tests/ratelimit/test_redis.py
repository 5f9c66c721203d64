"""Machines that share a Redis: a real server, started for these tests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

import pytest
import redis

from tests.peers import nobody_listening
from tests.ratelimit.support import (
    PATIENCE,
    check_both_faces_share,
    check_paced,
    finished,
    run,
    started,
)
from tests.support import TOKEN
from videsk_rooms import AsyncVidesk, ConfigurationError, RateLimit
from videsk_rooms._http.tokens import account_of, token_source
from videsk_rooms._ratelimit import make_limiter
from videsk_rooms._ratelimit.fallback import SHARE
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.redis_store import RedisStore
from videsk_rooms._ratelimit.store import MICRO, StoreUnreachableError, window_params

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.ratelimit.redis_server import RedisServer
    from videsk_rooms.sandbox import Sandbox

LIMIT = Limit(4, 1.0)
FAR = Limit(1, 1000.0)


@pytest.fixture
def inside(own_redis: RedisServer) -> Iterator[redis.Redis]:
    """A look into the server."""
    with contextlib.closing(redis.Redis.from_url(own_redis.url)) as inside:
        yield inside


@contextlib.asynccontextmanager
async def storing(server: RedisServer, token: str = TOKEN) -> AsyncIterator[RedisStore]:
    """Use the server as one process does."""
    store = RedisStore(server.url, account_of(token_source(token)))
    try:
        yield store
    finally:
        await store.close()


def slots_of(places: object) -> list[int]:
    """Pick the times by the server's clock."""
    assert isinstance(places, list)
    return [place.slot for place in places]


def paced_client(sandbox: Sandbox, server: RedisServer, requests: int = 20) -> AsyncVidesk:
    """Make a client that shares its limit."""
    return AsyncVidesk(
        sandbox.api_token,
        base_url=sandbox.url,
        rate_limit=RateLimit(requests, shared=server.url),
        timeout=PATIENCE,
    )


# -- sharing --------------------------------------------------------------------------------------


async def test_processes_are_never_promised_more_than_the_limit(own_redis: RedisServer) -> None:
    """However their questions mix; what is promised comes in the order of asking."""
    async with contextlib.AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(storing(own_redis)) for _ in range(4)]
        answers = await asyncio.gather(
            *(store.reserve(count % 4, LIMIT) for count in range(20) for store in stores)
        )
    slots = [place.slot for places in answers for place in places]
    assert len(slots) == 4 * sum(count % 4 for count in range(20))
    check_paced(slots, LIMIT)


async def test_a_wait_is_that_of_the_server(own_redis: RedisServer) -> None:
    """What comes back is a moment of this machine's clock, never too early."""
    async with storing(own_redis) as store:
        before = time.monotonic()
        first, second = [*await store.reserve(1, LIMIT), *await store.reserve(1, Limit(1, 5.0))]
        after = time.monotonic()
    assert first.sure
    assert not second.sure
    window = window_params(Limit(1, 5.0)).window / 1e6
    assert before <= first.at <= after
    assert before + window <= second.at <= after + window + 1e-3


async def test_accounts_do_not_share(own_redis: RedisServer) -> None:
    """Another token is another account, as far as anybody knows."""
    async with storing(own_redis) as one, storing(own_redis, "another-token") as other:
        assert (await one.reserve(1, FAR))[0].sure
        assert (await other.reserve(1, FAR))[0].sure
        assert not (await one.reserve(1, FAR))[0].sure


async def test_what_is_given_back_is_free_for_others(own_redis: RedisServer) -> None:
    """The next one is promised the same time."""
    async with storing(own_redis) as one, storing(own_redis) as other:
        await one.reserve(1, FAR)
        places = await one.reserve(2, FAR)
        await one.give_back([*places, *places])
        assert slots_of(await other.reserve(1, FAR)) == [places[0].slot]


async def test_a_late_departure_moves_those_after_it(own_redis: RedisServer) -> None:
    """It counts when it happens, and its successor comes a window after that."""
    limit = Limit(1, 0.1)
    async with storing(own_redis) as one, storing(own_redis) as other:
        (early,), (later,) = await one.reserve(1, limit), await other.reserve(1, limit)
        await asyncio.sleep(0.03)
        (late,) = await one.confirm([early], limit)
        assert late.sure
        assert late.slot - early.slot >= 30_000
        await asyncio.sleep(later.at - time.monotonic())
        (moved,) = await other.confirm([later], limit)
        assert moved.slot - late.slot >= window_params(limit).window


async def test_a_hold_is_seen_by_other_processes(own_redis: RedisServer) -> None:
    """By those that ask, and by those that were promised an earlier time."""
    async with storing(own_redis) as one, storing(own_redis) as other:
        (promised,) = await other.reserve(1, LIMIT)
        await one.hold(60.0)
        await one.hold(1.0)
        begun = time.monotonic()
        for places in (await other.reserve(1, LIMIT), await other.confirm([promised], LIMIT)):
            assert not places[0].sure
            assert 59.0 < places[0].at - begun < 60.1


HOLD = """
    import asyncio, sys
    from videsk_rooms import RateLimit
    from videsk_rooms._http.tokens import account_of, token_source
    from videsk_rooms._ratelimit import make_limiter

    async def main():
        pacing = make_limiter(RateLimit(shared=sys.argv[1]), account_of(token_source(sys.argv[2])))
        pacing.hold(1000.0)
        await pacing.here()._errand
        await pacing.close()

    asyncio.run(main())
"""


async def test_a_429_holds_back_clients_of_other_processes(
    sandbox: Sandbox, own_redis: RedisServer
) -> None:
    """What one process was told by the server is no secret."""
    holding = started(HOLD, own_redis.url, sandbox.api_token)
    await asyncio.to_thread(finished, holding)
    async with paced_client(sandbox, own_redis).with_options(timeout=0.5) as videsk:
        with pytest.raises(TimeoutError, match="rate limit"):
            await videsk.rooms.list()
    assert len(sandbox.requests) == 0


def test_blocking_and_awaited_clients_share(sandbox: Sandbox, own_redis: RedisServer) -> None:
    """What one has used up, the other has not."""
    check_both_faces_share(sandbox, own_redis.url)


# -- what is kept there ---------------------------------------------------------------------------


async def test_the_token_is_nowhere_in_redis(own_redis: RedisServer, inside: redis.Redis) -> None:
    """The key is made from its hash; all keys and values are looked at, and all commands."""
    with inside.monitor() as monitor:  # type: ignore[no-untyped-call]  # redis has no type there
        async with storing(own_redis) as store:
            places = await store.reserve(3, LIMIT)
            await store.confirm(places, LIMIT)
            await store.give_back(places[:1])
            await store.hold(30.0)
        inside.set("the-end", "")
        seen = []
        for heard in monitor.listen():
            assert heard is not None
            seen.append(heard["command"])
            if "the-end" in heard["command"]:
                break
    content = [*seen, *dump(inside)]
    assert len(dump(inside)) >= 4
    assert not [each for each in content if TOKEN[:8] in each or TOKEN[-8:] in each]


def dump(inside: redis.Redis) -> list[str]:
    """Write down all that a server keeps."""
    found: list[str] = []
    for key in inside.scan_iter():
        kind = inside.type(key)
        value = inside.zrange(key, 0, -1, withscores=True) if kind == b"zset" else inside.get(key)
        found += [repr(key), repr(value)]
    return found


async def test_what_is_kept_expires(own_redis: RedisServer, inside: redis.Redis) -> None:
    """Departures soon after their window, a hold soon after its end, all in an hour: no rest."""
    async with storing(own_redis) as store:
        await store.reserve(3 * LIMIT.requests, LIMIT)
        await store.hold(30.0)
        departures, held, latest = sorted(inside.scan_iter())
        assert departures.endswith(b":departures")
        assert held.endswith(b":held")
        assert latest.endswith(b":latest")
        assert 3000 < inside.pttl(departures) <= 5000
        assert 30_000 < inside.pttl(held) <= 31_000
        assert 0 < inside.pttl(latest) <= 3_600_000


async def test_all_keys_belong_to_one_node(own_redis: RedisServer, inside: redis.Redis) -> None:
    """A cluster places keys by what stands in braces."""
    async with storing(own_redis) as store:
        await store.reserve(1, LIMIT)
        await store.hold(30.0)
    assert len({key.partition(b"}")[0] for key in inside.scan_iter()}) == 1
    assert all(key.startswith(b"{videsk-rooms:") for key in inside.scan_iter())


async def test_a_new_token_has_a_pace_of_its_own(
    sandbox: Sandbox, own_redis: RedisServer, inside: redis.Redis
) -> None:
    """After a 401 all processes meet again under the new one."""
    tokens = iter(["an-old-token", sandbox.api_token])
    videsk = AsyncVidesk(
        lambda: next(tokens), base_url=sandbox.url, rate_limit=RateLimit(shared=own_redis.url)
    )
    async with videsk:
        await videsk.rooms.list()
        await videsk.rooms.list()
        assert [request.status for request in sandbox.requests] == [401, 200, 200]
        kept = inside.scan_iter(match="*:departures")
        assert sorted(inside.zcard(key) for key in kept) == [1, 2]


async def test_places_of_an_old_token_are_asked_for_anew(own_redis: RedisServer) -> None:
    """A promise that was made under it counts under the new one when its time has come."""
    tokens = iter(["an-old-token", "a-new-token"])
    source = token_source(lambda: next(tokens))
    store = RedisStore(own_redis.url, account_of(source))
    async with storing(own_redis, "a-new-token") as other:
        await other.reserve(1, FAR)
        places = await store.reserve(1, FAR)
        assert places[0].sure
        assert await source.renewed(await source.current())
        moved = await store.confirm(places, FAR)
        assert not moved[0].sure
    await store.close()


def set_back(inside: redis.Redis, *, hours: float) -> None:
    """Make all that a server keeps later, which comes to the same: its own clock is not ours."""
    later = int(hours * 3600 * MICRO)
    for key in inside.scan_iter():
        if inside.type(key) == b"zset":
            slots = [int(slot) + later for slot, _ in inside.zscan_iter(key)]
            inside.delete(key)
            inside.zadd(key, {str(slot): slot for slot in slots})
        else:
            inside.incrby(key, later)


# -- what may happen to the server ----------------------------------------------------------------


async def test_when_it_is_killed_the_process_paces_itself_until_it_is_back(
    sandbox: Sandbox, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """At a quarter of the limit, with one warning; no call fails."""
    requests = 40
    async with paced_client(sandbox, own_redis, requests) as videsk:
        await videsk.rooms.list()
        own_redis.kill()
        await videsk.rooms.list()
        sandbox.requests.clear()
        for _ in range(int(SHARE * requests * 2)):
            await videsk.rooms.list()
        (warning,) = [record.getMessage() for record in caplog.records]
        assert "out of reach (Redis: ConnectionError)" in warning
        assert "25 %" in warning
        times = [request.monotonic for request in sandbox.requests]
        for end in times:
            assert sum(end - 1.0 < each <= end for each in times) <= SHARE * requests
        await asyncio.to_thread(own_redis.start)
        while len(caplog.records) == 1:
            await videsk.rooms.list()
        await videsk.rooms.list()
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert caplog.records[1].getMessage() == "the shared rate limit is back"


async def test_when_it_does_not_answer_it_is_out_of_reach(own_redis: RedisServer) -> None:
    """A second is enough, whatever Redis' own client would do."""
    async with storing(own_redis) as store:
        await store.reserve(1, LIMIT)
        own_redis.pause()
        begun = time.monotonic()
        with pytest.raises(StoreUnreachableError, match="TimeoutError"):
            await store.reserve(1, LIMIT)
        assert time.monotonic() - begun < 4.5  # its own patience is 5 s
        own_redis.go_on()
        assert len(await store.reserve(1, LIMIT)) == 1


async def test_a_flush_is_no_error(own_redis: RedisServer, inside: redis.Redis) -> None:
    """The departures are forgotten, no more; what was promised is promised again."""
    async with storing(own_redis) as store:
        promised = await store.reserve(2, FAR)
        await store.hold(1000.0)
        inside.flushall()
        slots = slots_of(await store.confirm(promised, FAR))
        assert slots[1] - slots[0] >= window_params(FAR).window
        (kept,) = await store.confirm([promised[1]], LIMIT)
        assert kept.slot not in slots


async def test_a_clock_that_is_set_back_holds_nobody_up_until_it_is_that_late_again(
    own_redis: RedisServer, inside: redis.Redis
) -> None:
    """A window passes over what left by the old time, and then all goes on."""
    async with storing(own_redis) as store:
        await store.reserve(2 * LIMIT.requests, LIMIT)
        await store.hold(30.0)
        set_back(inside, hours=1)
        begun = time.monotonic()
        places = await store.reserve(2 * LIMIT.requests, LIMIT)
        assert begun + LIMIT.per < places[0].at < time.monotonic() + 2 * LIMIT.per
        assert slots_of(places)[-1] - slots_of(places)[0] < 2 * window_params(LIMIT).window
        assert slots_of(await store.reserve(1, LIMIT))[0] > slots_of(places)[-1]


async def test_a_clock_that_is_set_back_a_little_forgets_nothing(
    own_redis: RedisServer, inside: redis.Redis
) -> None:
    """Less than a window: to wait for it costs less than to let a window pass."""
    async with storing(own_redis) as store:
        await store.reserve(1, FAR)
        set_back(inside, hours=0.1)
        (place,) = await store.reserve(1, FAR)
        assert place.at - time.monotonic() > FAR.per


async def test_a_script_that_was_flushed_is_loaded_again(
    own_redis: RedisServer, inside: redis.Redis
) -> None:
    """The server says NOSCRIPT, and nobody hears of it."""
    async with storing(own_redis) as store:
        await store.reserve(1, LIMIT)
        inside.script_flush()
        assert len(await store.reserve(1, LIMIT)) == 1


async def test_a_connection_that_was_closed_is_made_again(
    own_redis: RedisServer, inside: redis.Redis
) -> None:
    """A server or a firewall that drops idle connections is no outage."""
    async with storing(own_redis) as store:
        for _ in range(3):
            assert len(await store.reserve(1, LIMIT)) == 1
            inside.client_kill_filter(_type="normal", skipme=True)


async def test_closing_closes_the_connections(
    sandbox: Sandbox, own_redis: RedisServer, inside: redis.Redis
) -> None:
    """Nothing stays open, neither here nor there."""
    before = len(inside.client_list())
    async with paced_client(sandbox, own_redis) as videsk:
        await asyncio.gather(*(videsk.rooms.list() for _ in range(10)))
        assert len(inside.client_list()) > before
    await gone(inside, before)


async def gone(inside: redis.Redis, connections: int) -> None:
    """Wait until the server has noticed that connections were closed."""
    end = time.monotonic() + PATIENCE
    while len(inside.client_list()) > connections:
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


INHERIT = """
    import asyncio, os, sys
    from videsk_rooms import RateLimit
    from videsk_rooms._http.tokens import account_of, token_source
    from videsk_rooms._ratelimit import make_limiter

    pacing = make_limiter(RateLimit(1000, shared=sys.argv[1]), account_of(token_source("a-token")))

    async def leave(times):
        for _ in range(times):
            departure = await pacing.acquire()
            await departure.leave()
            os.write(1, b"%d " % departure._place.slot)  # at once: two processes write there

    async def parent():
        await leave(20)
        pid = os.fork()
        if pid == 0:
            try:
                asyncio.run(leave(20))
                os._exit(0)
            finally:
                os._exit(1)
        await leave(20)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        await pacing.close()

    asyncio.run(parent())
"""


def test_a_child_makes_connections_of_its_own(own_redis: RedisServer) -> None:
    """Two processes that speak on one would get each other's answers."""
    slots = [int(slot) for slot in run(INHERIT, own_redis.url).split()]
    assert len(slots) == 60
    check_paced(slots, Limit(1000, 1.0))


# -- set up wrongly -------------------------------------------------------------------------------

PASSWORD = "swordfish-of-redis"


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{PASSWORD}@127.0.0.1:port/0",
        f"redis://:{PASSWORD}@127.0.0.1:70000000/0?db=x",
        f"redis://:{PASSWORD}@127.0.0.1/0?socket_timeout=soon",
        f"redis://:{PASSWORD}@127.0.0.1/0?no_such_option=1",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_at_once(url: str) -> None:
    """Without showing it."""
    with pytest.raises(ConfigurationError, match="redis://host:6379/0") as caught:
        AsyncVidesk(TOKEN, rate_limit=RateLimit(shared=url))
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "no-such-host.invalid", "x" * 70 + ".invalid"]
)
async def test_a_server_that_is_not_there_is_out_of_reach(host: str) -> None:
    """It may come later; nothing of the URL is told."""
    with nobody_listening() as port:
        url = f"redis://:{PASSWORD}@{host.format(port=port)}/0"
        store = RedisStore(url, account_of(token_source(TOKEN)))
        with pytest.raises(StoreUnreachableError) as caught:
            await store.reserve(1, LIMIT)
    assert PASSWORD not in str(caught.value)
    await store.close()


async def test_a_wrong_password_is_told_and_not_shown(
    sandbox: Sandbox, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning says that it is one; calls go on."""
    url = own_redis.url.replace(own_redis.password or "", PASSWORD)
    rate_limit = RateLimit(shared=url)
    with caplog.at_level(logging.DEBUG):
        async with AsyncVidesk(
            sandbox.api_token, base_url=sandbox.url, rate_limit=rate_limit
        ) as videsk:
            await videsk.rooms.list()
            shown = [repr(rate_limit), repr(videsk), repr(videsk._pipeline.pacing)]
    (warning,) = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert "AuthenticationError" in warning
    assert PASSWORD not in "".join([caplog.text, *shown])


def test_without_redis_own_client_the_refusal_says_what_to_install() -> None:
    """At construction, not at the first call."""
    output = run(
        """
        import sys
        sys.modules["redis"] = None
        from videsk_rooms import AsyncVidesk, ConfigurationError, RateLimit
        try:
            AsyncVidesk("a-token", rate_limit=RateLimit(shared="redis://:secret@127.0.0.1/0"))
        except ConfigurationError as error:
            print(error, error.__cause__)
        """
    )
    assert "pip install 'videsk-rooms[redis]'" in output
    assert "secret" not in output


def test_redis_is_loaded_for_those_who_share_by_it_only() -> None:
    """Its import takes a while, and it may be missing."""
    output = run(
        """
        import sys
        from videsk_rooms import AsyncVidesk, RateLimit
        AsyncVidesk("a-token", rate_limit=RateLimit(shared=None))
        print("redis" in sys.modules)
        """
    )
    assert output == "False\n"


def test_no_pacing_shows_its_url_or_token(own_redis: RedisServer) -> None:
    """In no repr."""
    pacing = make_limiter(RateLimit(shared=own_redis.url), account_of(token_source(TOKEN)))
    shown = repr(pacing) + repr(vars(pacing))
    assert TOKEN not in shown
    assert own_redis.password is not None
    assert own_redis.password not in shown
