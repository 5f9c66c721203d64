"""Machines that share a cluster of Redis: two real nodes, started for these tests."""

from __future__ import annotations

import contextlib
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
import redis

from tests.ratelimit.asking import ask
from tests.ratelimit.redis_server import MISSING, PROGRAM, RedisServer
from tests.ratelimit.support import check_both_faces_share
from tests.waiting import wait_until
from videsk_rooms._ratelimit import redis_store
from videsk_rooms._ratelimit.limit import Limit
from videsk_rooms._ratelimit.redis_store import RedisStore
from videsk_rooms._ratelimit.store import StoreUnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("patient_stores")

FAR = Limit(1, 1000.0)
HALVES = [(0, 8191), (8192, 16383)]
TOKENS = [f"token-{number}" for number in range(6)]
"""Some of their keys are of one node, some of the other."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[RedisServer]]:
    """Two nodes, each with a half of the slots."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with _cluster() as nodes:
        yield nodes


@contextlib.contextmanager
def _cluster() -> Iterator[list[RedisServer]]:
    with contextlib.ExitStack() as stack:
        nodes = []
        for _ in HALVES:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            node = RedisServer(folder, options=("--cluster-enabled", "yes"))
            node.start()
            stack.callback(node.kill)
            nodes.append(node)
        inside: list[Any] = [stack.enter_context(redis.Redis.from_url(node.url)) for node in nodes]
        for one, (first, last) in zip(inside, HALVES, strict=True):
            one.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        inside[0].execute_command("CLUSTER", "MEET", "127.0.0.1", nodes[1].port)
        wait_until(lambda: all(map(_is_complete, inside)))
        yield nodes


def _is_complete(inside: Any) -> bool:
    info = inside.execute_command("CLUSTER INFO")
    return bool(info["cluster_state"] == "ok" and info["cluster_known_nodes"] == "2")


@pytest.mark.parametrize("token", TOKENS)
async def test_whichever_node_is_named_the_limit_is_one(
    nodes: list[RedisServer], token: str
) -> None:
    """The key lies on one of them, and whoever names the other is led there."""
    stores = [RedisStore(node.url, lambda: token) for node in nodes]
    first = await stores[0].apply(ask(1, FAR))
    second = await stores[1].apply(ask(2, FAR))
    again = await stores[0].apply(ask(2, FAR))
    assert (first, second, again) == (0, 5.0, 5.0)
    for store in stores:
        await store.close()


def test_the_keys_lie_on_both(nodes: list[RedisServer]) -> None:
    """So that the test above shows what it says."""
    for node in nodes:
        with redis.Redis.from_url(node.url) as inside:
            assert 0 < len(inside.keys()) < len(TOKENS)


async def test_a_script_that_was_flushed_is_loaded_again(nodes: list[RedisServer]) -> None:
    """On the node that has the key."""
    for token in TOKENS:
        store = RedisStore(nodes[0].url, lambda token=f"{token}-again": token)  # type: ignore[misc]
        assert await store.apply(ask(1, FAR)) == 0
        for node in nodes:
            with redis.Redis.from_url(node.url) as inside:
                inside.script_flush()
        assert await store.apply(ask(2, FAR)) > 0
        await store.close()


def test_clients_share_a_cluster(sandbox: Sandbox, nodes: list[RedisServer]) -> None:
    """What one has used up, the other has not, blocking or awaited; nothing stays open."""
    check_both_faces_share(sandbox, nodes[0].url)


async def test_slots_of_a_node_that_hangs_are_found_on_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cluster gives them away, and a node that hangs cannot say so."""
    with _cluster() as nodes:
        by_slots = list(zip(nodes, HALVES, strict=True))
        store = RedisStore(nodes[0].url, lambda: TOKENS[0])
        assert await store.apply(ask(1, FAR)) == 0
        await store.close()
        by_slots.sort(key=lambda each: _has_keys(each[0]))
        (lives, _), (hangs, (first, last)) = by_slots
        store = RedisStore(lives.url, lambda: TOKENS[0])
        assert await store.apply(ask(1, FAR)) == 0
        hangs.pause()
        with redis.Redis.from_url(lives.url) as inside, inside.pipeline(transaction=False) as all_:
            node: Any = inside.execute_command("CLUSTER", "MYID")
            for slot in range(first, last + 1):
                all_.execute_command("CLUSTER", "SETSLOT", slot, "NODE", node)
            all_.execute()
        # The client of Redis looks for another node after 5 s, and a message has one.
        monkeypatch.setattr(redis_store, "PATIENCE", 1.0)
        tries = 0
        while True:
            tries += 1
            with contextlib.suppress(StoreUnreachableError):
                assert await store.apply(ask(1, FAR)) == 0
                break
            assert tries < 20
        hangs.go_on()
        await store.close()


def _has_keys(node: RedisServer) -> bool:
    with redis.Redis.from_url(node.url) as inside:
        return bool(inside.keys())
