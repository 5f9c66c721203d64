"""Rooms from Dramatiq: `dramatiq dramatiq_actors`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import Retry
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from videsk_rooms import RateLimit, RateLimitError, Videsk
from videsk_rooms.integrations.queues import retry_delay

if TYPE_CHECKING:
    from collections.abc import Iterator

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")

broker = RedisBroker(url=REDIS)
broker.add_middleware(Results(backend=RedisBackend(url=REDIS), store_results=True))
dramatiq.set_broker(broker)


@cache  # one per process, on first use: importing this file needs no token
def videsk() -> Videsk:
    """Return the client."""
    return Videsk(rate_limit=RateLimit(shared=REDIS))


def is_transient(retries: int, error: BaseException | None) -> bool:
    """Return whether to retry; by default Dramatiq retries everything, twenty times."""
    if isinstance(error, Retry):
        error = error.__cause__
    return error is not None and retry_delay(error, retries + 1) is not None


@contextmanager
def waiting_as_asked() -> Iterator[None]:
    """Make Dramatiq wait for `retry_after`; other errors get its own backoff."""
    try:
        yield
    except RateLimitError as error:
        pause = retry_delay(error) or 0.0
        raise Retry(str(error), delay=int(1000 * pause)) from error


@dramatiq.actor(retry_when=is_transient, time_limit=60_000)
def open_room(appointment: int) -> str:
    """Create the room of an appointment, once; return its id."""
    with waiting_as_asked():
        return videsk().rooms.get_or_create(f"appointment-{appointment}", name="Check-up").id


@dramatiq.actor(retry_when=is_transient, time_limit=60_000)
def count_guests(room: str) -> int:
    """Return how many access attempts a room has had."""
    with waiting_as_asked():
        return len(videsk().rooms.get(room).authorizations or ())
