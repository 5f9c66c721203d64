"""Rooms from arq: `arq arq_worker.WorkerSettings`."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from arq.connections import RedisSettings

from videsk_rooms import AsyncVidesk, RateLimit
from videsk_rooms.integrations.arq import retry_transient

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")


async def startup(ctx: dict[str, Any]) -> None:
    """Open the worker's client."""
    ctx["videsk"] = AsyncVidesk(rate_limit=RateLimit(shared=REDIS))


async def shutdown(ctx: dict[str, Any]) -> None:
    """Close it."""
    await ctx["videsk"].close()


@retry_transient
async def open_room(ctx: dict[str, Any], appointment: int) -> str:
    """Create the room of an appointment, once; return its id."""
    videsk: AsyncVidesk = ctx["videsk"]
    return (await videsk.rooms.get_or_create(f"appointment-{appointment}", name="Check-up")).id


@retry_transient
async def count_guests(ctx: dict[str, Any], room: str) -> int:
    """Return how many access attempts a room has had."""
    videsk: AsyncVidesk = ctx["videsk"]
    return len((await videsk.rooms.get(room)).authorizations or ())


class WorkerSettings:
    """The settings that `arq` reads."""

    functions: ClassVar = [open_room, count_guests]
    on_startup = startup
    on_shutdown = shutdown
    redis_settings = RedisSettings.from_dsn(REDIS)
    job_timeout = 60
