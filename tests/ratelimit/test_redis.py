"""Machines that share a Redis: a real server, started for these tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from typing import TYPE_CHECKING

import attrs
import pytest
import redis

from tests.peers import nobody_listening
from tests.ratelimit.asking import ask, permitted
from tests.ratelimit.support import (
    PATIENCE,
    check_both_faces_share,
    check_paced,
    finished,
    run,
    started,
)
from tests.support import TOKEN
from tests.waiting import until
from videsk_rooms import AsyncVidesk, ConfigurationError, Hooks, RateLimit
from videsk_rooms._ratelimit import Rank, make_limiter
from videsk_rooms._ratelimit.fallback_store import SHARE
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.redis_store import SCRIPT, RedisStore
from videsk_rooms._ratelimit.schedule import Message, Update
from videsk_rooms._ratelimit.store import StoreUnreachableError

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
    store = RedisStore(server.url, lambda: token)
    try:
        yield store
    finally:
        await store.close()


def paced_client(sandbox: Sandbox, server: RedisServer, requests: int = 20) -> AsyncVidesk:
    """Make a client that shares its limit."""
    return AsyncVidesk(
        sandbox.api_token,
        base_url=sandbox.url,
        rate_limit=RateLimit(requests, shared=server.url),
        timeout=PATIENCE,
    )


# -- sharing --------------------------------------------------------------------------------------


async def test_processes_have_no_more_permits_than_the_limit(own_redis: RedisServer) -> None:
    """However their questions mix."""
    limit = Limit(10, 0.2)
    times: list[float] = []

    async def use(name: int, store: RedisStore) -> None:
        for number in range(10):
            await permitted(store, f"{name}.{number}", limit)
            times.append(time.monotonic())

    async with contextlib.AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(storing(own_redis)) for _ in range(4)]
        await asyncio.gather(*(use(name, store) for name, store in enumerate(stores)))
    assert len(times) == 40
    # Times are taken after the permit, on a machine that may stall in between.
    check_paced(times, Limit(10, 0.15))


async def test_a_wait_is_that_of_the_server(own_redis: RedisServer) -> None:
    """Whatever clock this machine has."""
    async with storing(own_redis) as store:
        assert await store.apply(ask(1, LIMIT)) == 0
        assert await store.apply(ask(2, Limit(1, 0.3))) == pytest.approx(0.3 / 2, abs=0.05)
        assert await store.apply(ask(2, Limit(1, 100.0))) == 5.0


async def test_accounts_do_not_share(own_redis: RedisServer) -> None:
    """Another token is another account, as far as anybody knows."""
    async with storing(own_redis) as one, storing(own_redis, "another-token") as other:
        assert await one.apply(ask(1, FAR)) == 0
        assert await other.apply(ask(2, FAR)) == 0
        assert await one.apply(ask(3, FAR)) > 0


async def test_what_never_left_is_free_for_others(own_redis: RedisServer) -> None:
    """The next one has its permit at once; told twice, it is free once."""
    async with storing(own_redis) as one, storing(own_redis) as other:
        assert await one.apply(ask(1, FAR)) == 0
        assert await other.apply(ask(2, FAR)) > 0
        for _ in range(2):
            await one.apply(Message([Update("1", None)]))
        assert await other.apply(ask(2, FAR)) == 0
        assert await one.apply(ask(3, FAR)) > 0


async def test_a_message_that_is_heard_twice_says_the_same(own_redis: RedisServer) -> None:
    """As one is, where a connection breaks before the answer."""
    async with storing(own_redis) as store:
        limit = Limit(2, 1000.0)
        for _ in range(3):
            assert await store.apply(ask(1, limit)) == 0
        assert await store.apply(ask(2, limit)) == 0
        assert await store.apply(ask(3, limit)) > 0


async def test_people_go_before_the_background_of_other_processes(own_redis: RedisServer) -> None:
    """In the order of their ranks, and then of their coming."""
    limit = Limit(1, 0.3)
    left: list[str] = []

    async def wait(store: RedisStore, name: str, rank: Rank) -> None:
        await permitted(store, name, limit, rank)
        left.append(name)

    async with storing(own_redis) as one, storing(own_redis) as other:
        assert await one.apply(ask("first", limit)) == 0
        tasks = []
        for store, name, rank in [
            (one, "background", Rank.BACKGROUND),
            (one, "person", Rank.INTERACTIVE),
            (other, "another", Rank.INTERACTIVE),
            (other, "begun", Rank.CONTINUED),
        ]:
            tasks.append(asyncio.create_task(wait(store, name, rank)))
            await asyncio.sleep(0.01)
        await asyncio.wait(tasks)
    assert left == ["begun", "person", "another", "background"]


async def test_a_pause_is_seen_by_other_processes(own_redis: RedisServer) -> None:
    """By all that ask; a shorter one shortens nothing."""
    async with storing(own_redis) as one, storing(own_redis) as other:
        await one.apply(Message(pause=60.0))
        await one.apply(Message(pause=0.1))
        assert await other.apply(ask(1, LIMIT)) == 5.0


PAUSE = """
    import asyncio, sys
    from videsk_rooms import RateLimit
    from videsk_rooms._ratelimit import Rank, make_limiter

    async def main():
        limiter = make_limiter(RateLimit(shared=sys.argv[1]), "account", lambda: sys.argv[2])
        limiter.pause(1000.0)
        await limiter.close()

    asyncio.run(main())
"""


async def test_a_429_holds_back_clients_of_other_processes(
    sandbox: Sandbox, own_redis: RedisServer
) -> None:
    """What one process was told by the server is no secret."""
    pausing = started(PAUSE, own_redis.url, sandbox.api_token)
    await asyncio.to_thread(finished, pausing)
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
            for number in range(2 * LIMIT.requests):
                await store.apply(ask(number, LIMIT))
            await store.apply(Message([Update("0", 0.0), Update("1", None)], pause=30.0))
        inside.set("the-end", "")
        seen = []
        for heard in monitor.listen():
            assert heard is not None
            seen.append(heard["command"])
            if "the-end" in heard["command"]:
                break
    content = [*seen, *dump(inside)]
    assert len(dump(inside)) >= 2
    assert not [each for each in content if TOKEN[:8] in each or TOKEN[-8:] in each]


def dump(inside: redis.Redis) -> list[str]:
    """Write down all that a server keeps."""
    found: list[str] = []
    for key in inside.scan_iter():
        found += [repr(key), repr(inside.get(key))]
    return found


@pytest.mark.parametrize(("pause", "limit"), [(0.0, LIMIT), (300.0, LIMIT), (0.0, FAR)])
async def test_what_is_kept_expires(
    own_redis: RedisServer, inside: redis.Redis, pause: float, limit: Limit
) -> None:
    """Some time after its window and its pause, and no sooner."""
    async with storing(own_redis) as store:
        await store.apply(ask(1, limit))
        await store.apply(Message(pause=pause))
        (key,) = inside.scan_iter()
        assert max(pause, limit.per) < inside.pttl(key) / 1000 < max(pause, limit.per) + 600


async def test_all_is_in_one_key(own_redis: RedisServer, inside: redis.Redis) -> None:
    """So that a cluster keeps it on one node."""
    async with storing(own_redis) as store:
        await store.apply(ask(1, LIMIT))
        await store.apply(Message(pause=30.0))
    (key,) = inside.scan_iter()
    assert key.startswith(b"{videsk-rooms:")


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
        assert len(list(inside.scan_iter())) == 2


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
        await store.apply(ask(1, LIMIT))
        own_redis.pause()
        begun = time.monotonic()
        with pytest.raises(StoreUnreachableError, match="TimeoutError"):
            await store.apply(ask(2, LIMIT))
        assert time.monotonic() - begun < 4.5  # its own patience is 5 s
        own_redis.go_on()
        assert await store.apply(ask(2, LIMIT)) == 0


async def test_a_server_that_is_slow_is_waited_for(
    sandbox: Sandbox, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A command that keeps it busy for a moment is no outage, nor a wait for the limit."""
    waits: list[float] = []
    videsk = paced_client(sandbox, own_redis)
    async with videsk.with_options(hooks=Hooks(on_pace=lambda event: waits.append(event.waited))):
        await videsk.rooms.list()
        own_redis.pause()
        asyncio.get_running_loop().call_later(0.3, own_redis.go_on)
        await videsk.rooms.list()
    await videsk.close()
    assert caplog.records == []
    assert waits == []


async def test_a_flush_is_no_error(own_redis: RedisServer, inside: redis.Redis) -> None:
    """All is forgotten, no more: it counts from nothing."""
    async with storing(own_redis) as store:
        await store.apply(ask(1, FAR))
        await store.apply(Message(pause=1000.0))
        inside.flushall()
        assert await store.apply(ask(2, FAR)) == 0
        # Of a request whose answer comes later it knows again.
        inside.flushall()
        await store.apply(Message([Update("2", 0.1)]))
        assert await store.apply(ask(3, FAR)) > 0


GARBAGE = [
    b"",
    b"nonsense",
    b"\xc1",
    b"\x00" * 100,
    b"\xff\xfe\xfd",
    b"\x80",  # MessagePack: an empty map
    b"\x81\xa7counted\x80",  # one field of it
    b"\x81\xa7counted\x81\xa1a\xa1b",
    b"\x93\x01\x02\x03",
    b"\xdf\xff\xff\xff\xff",  # a map that says it is long
    b"\x91" * 10_000,
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda each: repr(each[:12]))
async def test_garbage_under_the_key_costs_a_second(
    own_redis: RedisServer, inside: redis.Redis, garbage: bytes
) -> None:
    """What was counted is lost, so everybody waits until it is out of the server's window."""
    async with storing(own_redis) as store:
        await store.apply(ask(1, LIMIT))
        (key,) = inside.scan_iter()
        inside.set(key, garbage)
        wait = await store.apply(ask(2, LIMIT))
        assert 0.3 < wait <= 1.0
        await store.apply(Message())
        assert inside.get(key) != garbage


@pytest.mark.parametrize(
    "field",
    [
        b"\xaf" + b"last_background\xc0",
        b"\xaf" + b"last_background\xa1x",
        b"\xa7waiting\x81\xa1x\x05",
        b"\xa7waiting\x81\xa1x\x80",
        b"\xa7counted\x81\xa1x\x80",
        b"\xa7counted\x93\xc3\xc2\xc0",
        b"\xacpaused_until\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",  # not a number
        b"\xacpaused_until\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00",  # infinite
    ],
    ids=lambda each: repr(each[:20]),
)
async def test_a_field_that_is_garbage_costs_a_second(
    own_redis: RedisServer, inside: redis.Redis, field: bytes
) -> None:
    """However near the rest is to what the script writes."""
    fields = {
        b"\xa7counted": b"\x80",
        b"\xa7waiting": b"\x80",
        b"\xacpaused_until": b"\x00",
        b"\xb2without_background": b"\x00",
        b"\xb0last_interactive": b"\x00",
        b"\xaf" + b"last_background": b"\x00",
    }
    name = next(each for each in fields if field.startswith(each))
    fields[name] = field.removeprefix(name)
    async with storing(own_redis) as store:
        await store.apply(ask(1, LIMIT))
        (key,) = inside.scan_iter()
        inside.set(key, b"\x86" + b"".join(name + value for name, value in fields.items()))
        assert 0.3 < await store.apply(ask(2, LIMIT)) <= 1.0
        await store.apply(Message([Update("2", None)]))


async def test_another_kind_of_value_under_the_key_is_out_of_reach(
    own_redis: RedisServer, inside: redis.Redis
) -> None:
    """Somebody else's list, say: it is not deleted."""
    async with storing(own_redis) as store:
        await store.apply(ask(1, LIMIT))
        (key,) = inside.scan_iter()
        inside.delete(key)
        inside.rpush(key, "theirs")
        with pytest.raises(StoreUnreachableError, match="ResponseError"):
            await store.apply(ask(2, LIMIT))
        assert inside.lrange(key, 0, -1) == [b"theirs"]


@pytest.mark.parametrize("hours", [0.1, 1.0, 1000.0])
async def test_a_clock_that_is_set_back_costs_a_window(
    own_redis: RedisServer, inside: redis.Redis, hours: float
) -> None:
    """What left by the old time, and a pause by it, hold up nobody for longer."""
    later = SCRIPT.replace("local now = ", f"local now = {hours * 3600} + ")
    assert later != SCRIPT
    async with storing(own_redis) as store:
        await store.apply(ask(0, LIMIT))
        (key,) = inside.scan_iter()
        by_the_old_time = inside.register_script(later)
        for number in range(2 * LIMIT.requests):
            message = attrs.asdict(ask(number, LIMIT))
            by_the_old_time(keys=[key], args=[json.dumps(message)])
        message = attrs.asdict(Message(pause=30.0))
        by_the_old_time(keys=[key], args=[json.dumps(message)])
        assert 0.3 < await store.apply(ask("a", LIMIT)) <= 1.0
        await asyncio.sleep(1.01)
        assert await store.apply(ask("a", LIMIT)) == 0


async def test_a_script_that_was_flushed_is_loaded_again(
    own_redis: RedisServer, inside: redis.Redis
) -> None:
    """The server says NOSCRIPT, and nobody hears of it."""
    async with storing(own_redis) as store:
        await store.apply(ask(1, LIMIT))
        inside.script_flush()
        assert await store.apply(ask(2, LIMIT)) == 0


async def test_a_connection_that_was_closed_is_made_again(
    own_redis: RedisServer, inside: redis.Redis
) -> None:
    """A server or a firewall that drops idle connections is no outage."""
    async with storing(own_redis) as store:
        for number in range(3):
            assert await store.apply(ask(number, LIMIT)) == 0
            inside.client_kill_filter(_type="normal", skipme=True)


@pytest.mark.parametrize(
    "denied", [["-@scripting"], ["-time"], ["-set"], ["resetkeys"], ["-@all"]], ids=str
)
async def test_a_user_who_may_not_is_out_of_reach(
    sandbox: Sandbox,
    own_redis: RedisServer,
    inside: redis.Redis,
    denied: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An access list that lacks something: one warning, and calls go on."""
    inside.execute_command(  # type: ignore[no-untyped-call]  # redis has no type there
        "ACL", "SETUSER", "limited", "on", ">a-password", "~*", "+@all", *denied
    )
    url = f"redis://limited:a-password@127.0.0.1:{own_redis.port}/0"
    rate_limit = RateLimit(40, shared=url)
    async with AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, rate_limit=rate_limit
    ) as videsk:
        await videsk.rooms.list()
    (warning,) = caplog.messages
    assert "out of reach (Redis: " in warning
    assert "a-password" not in caplog.text


async def test_a_replica_that_takes_no_writes_is_out_of_reach(
    own_redis: RedisServer, inside: redis.Redis
) -> None:
    """As the old master after a failover; when it may write again, all goes on."""
    async with storing(own_redis) as store:
        await store.apply(ask(1, LIMIT))
        inside.replicaof("127.0.0.1", "1")
        with pytest.raises(StoreUnreachableError):
            await store.apply(ask(2, LIMIT))
        inside.replicaof("NO", "ONE")
        assert await store.apply(ask(2, LIMIT)) == 0


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
    await until(lambda: len(inside.client_list()) <= connections)


INHERIT = """
    import asyncio, os, sys
    import time
    from videsk_rooms import RateLimit
    from videsk_rooms._ratelimit import Rank, make_limiter

    limiter = make_limiter(RateLimit(20, 0.4, shared=sys.argv[1]), "account", lambda: "a-token")

    async def leave(times):
        for _ in range(times):
            permit = await limiter.acquire(Rank.INTERACTIVE, "list")
            await permit.commit()
            os.write(1, b"%f " % time.monotonic())  # at once: two processes write there
            permit.answered(200)
            permit.release()

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
        await limiter.close()

    asyncio.run(parent())
"""


def test_a_child_makes_connections_of_its_own(own_redis: RedisServer) -> None:
    """Two processes that speak on one would get each other's answers."""
    times = [float(each) for each in run(INHERIT, own_redis.url).split()]
    assert len(times) == 60
    check_paced(times, Limit(20, 0.3))  # seen after the permit, on a machine that may stall


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
        store = RedisStore(url, lambda: TOKEN)
        with pytest.raises(StoreUnreachableError) as caught:
            await store.apply(ask(1, LIMIT))
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
            shown = [repr(rate_limit), repr(videsk)]
    (warning,) = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert "AuthenticationError" in warning
    assert PASSWORD not in "".join([caplog.text, *shown])


def test_without_redis_own_client_the_refusal_says_what_to_install() -> None:
    """At construction, not at the first call."""
    output = run(
        """
        import sys
        sys.modules["redis"] = None
        from videsk_rooms import AsyncVidesk, ConfigurationError, Hooks, RateLimit
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
    limiter = make_limiter(RateLimit(shared=own_redis.url), "account", lambda: TOKEN)
    shown = repr(limiter) + repr(vars(limiter))
    assert TOKEN not in shown
    assert own_redis.password is not None
    assert own_redis.password not in shown
