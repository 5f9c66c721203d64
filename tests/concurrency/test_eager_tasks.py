"""In loops that begin a task at once, before whoever makes it has it in hand (Python 3.12)."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from videsk_rooms import AsyncVidesk, RateLimit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.ratelimit.redis_server import RedisServer
    from videsk_rooms import RoomSpec
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="Python 3.12 brought eager tasks"
)


async def eagerly() -> None:
    """Have all tasks of this loop begin at once, as `asyncio.Runner(loop_factory=…)` users do."""
    eager: Any = asyncio.__dict__["eager_task_factory"]  # the types are those of Python 3.10
    asyncio.get_running_loop().set_task_factory(eager)


async def use(client: AsyncVidesk) -> None:
    """Call in all ways that make tasks."""
    async with client:
        for number in range(3):
            await client.rooms.create(external_id=f"one-{number}")
        await asyncio.gather(*(client.rooms.list() for _ in range(5)))

        async def specs() -> AsyncIterator[RoomSpec]:
            for number in range(5):
                yield {"external_id": f"many-{number}"}

        created = [outcome.ok async for outcome in client.rooms.create_many(specs())]
        assert created == [True] * 5
        assert len([room async for room in client.rooms.iter(page_size=2)]) == 8


async def test_calls_that_share_a_file(sandbox: Sandbox, tmp_path: Path) -> None:
    """All of them, and not the first alone, also beyond the limit of a window."""
    await eagerly()
    pace = RateLimit(5, per=0.2, shared=f"file:{tmp_path / 'pace'}")
    await use(AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=pace, timeout=20))


async def test_calls_that_share_a_redis(sandbox: Sandbox, common_redis: RedisServer) -> None:
    """Likewise."""
    await eagerly()
    pace = RateLimit(5, per=0.2, shared=common_redis.url)
    await use(AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=pace, timeout=20))


async def test_calls_of_one_process(sandbox: Sandbox) -> None:
    """Likewise."""
    await eagerly()
    pace = RateLimit(5, per=0.2)
    await use(AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=pace, timeout=20))


async def test_a_shared_file_that_is_back(
    sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is looked for again and again until it is there."""
    await eagerly()
    path = tmp_path / "pace"
    pace = RateLimit(100, shared=f"file:{path}")
    async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=pace) as client:
        path.unlink()
        path.mkdir()
        await client.rooms.list()
        await asyncio.sleep(1.1)  # looked for once in vain
        await client.rooms.list()
        path.rmdir()
        with anyio.fail_after(20):
            while len(caplog.records) < 2:
                await client.rooms.list()
    assert "out of reach" in caplog.records[0].getMessage()
    assert caplog.records[1].getMessage() == "the shared rate limit is back"
