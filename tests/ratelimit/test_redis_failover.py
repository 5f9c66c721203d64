"""An address that leads to another Redis after a failover: two real servers and a relay."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import TYPE_CHECKING

import pytest
import redis

from tests.peers import serving
from tests.ratelimit.asking import ask
from tests.ratelimit.redis_server import serving as serving_redis
from tests.ratelimit.test_redis_answers import answering, text
from tests.waiting import until
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.redis_store import RedisStore
from videsk_rooms._ratelimit.store import StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ratelimit.redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("patient_stores")

LIMIT = Limit(4, 1.0)
FAR = Limit(1, 1000.0)


class Address:
    """Leads new connections to `server`; those that are there stay where they are."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server

    async def lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what both sides say."""
        back, to = await asyncio.open_connection("127.0.0.1", self.server.port)
        with contextlib.closing(to):
            passing = [
                asyncio.ensure_future(each) for each in (pump(reader, to), pump(back, writer))
            ]
            try:
                await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in passing:
                    each.cancel()
                await asyncio.gather(*passing, return_exceptions=True)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what one side says."""
    while said := await reader.read(65536):
        writer.write(said)


@pytest.fixture
async def store_of_address(own_redis: RedisServer) -> AsyncIterator[tuple[RedisStore, Address]]:
    """A store that knows the address alone."""
    address = Address(own_redis)
    async with serving(address.lead) as port:
        url = own_redis.url.replace(str(own_redis.port), str(port))
        store = RedisStore(url, lambda: "a-token")
        yield store, address
        await store.close()


async def test_after_a_failover_the_new_primary_is_found(
    own_redis: RedisServer, store_of_address: tuple[RedisStore, Address]
) -> None:
    """Also where the old one lives on as its replica, and keeps its connections."""
    store, address = store_of_address
    assert await store.apply(ask(1, FAR)) == 0
    with (
        serving_redis(password=own_redis.password) as new,
        redis.Redis.from_url(own_redis.url) as old_inside,
        redis.Redis.from_url(new.url) as new_inside,
    ):
        new_inside.config_set("masterauth", str(own_redis.password))
        new_inside.replicaof("127.0.0.1", str(own_redis.port))
        await until(new_inside.keys)
        new_inside.replicaof("NO", "ONE")
        old_inside.config_set("masterauth", str(own_redis.password))
        old_inside.replicaof("127.0.0.1", str(new.port))
        address.server = new
        with pytest.raises(StoreUnreachableError, match="ReadOnlyError"):
            await store.apply(ask(2, FAR))
        assert await store.apply(ask(2, FAR)) > 0  # what was counted was replicated
        assert await store.apply(ask(3, Limit(4, 1000.0))) == 0


@pytest.mark.parametrize(
    "refusal",
    [
        b"-READONLY You can't write against a read only replica.\r\n",
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"-MISCONF Errors writing to the AOF file\r\n",
        b"-CLUSTERDOWN The cluster is down\r\n",
        b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        b"-ERR unknown command 'EVALSHA'\r\n",
        text("no wait"),
    ],
    ids=lambda each: repr(each[:12]),
)
async def test_who_refuses_is_not_asked_again_on_the_same_connection(refusal: bytes) -> None:
    """The address may lead to another server by now."""
    answers = [refusal, text("0.000000")]

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(answers.pop(0), then_end=False)(reader, writer)

    async with serving(converse) as port:
        store = RedisStore(f"redis://127.0.0.1:{port}/0", lambda: "a-token")
        with pytest.raises(StoreUnreachableError):
            await store.apply(ask(1, LIMIT))
        assert await store.apply(ask(1, LIMIT)) == 0
        await store.close()


@pytest.mark.parametrize("steps", range(12))
async def test_who_is_cancelled_while_the_connection_is_closed_leaves_none_open(
    steps: int,
) -> None:
    """A client may be closed at any step after a refusal."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = answering(b"-READONLY You can't write against a read only replica.\r\n")
        await answer(reader, writer)
        for _ in range(steps):
            await asyncio.sleep(0)
        applying.cancel()
        await reader.read()

    async with serving(converse) as port:
        store = RedisStore(f"redis://127.0.0.1:{port}/0", lambda: "a-token")
        applying = asyncio.ensure_future(store.apply(ask(1, LIMIT)))
        await asyncio.gather(applying, return_exceptions=True)
        await store.close()
        gc.collect()  # warns of what is open
