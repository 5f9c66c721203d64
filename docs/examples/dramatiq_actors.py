"""Rooms from Dramatiq: `dramatiq dramatiq_actors`."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import Retry
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from videsk_rooms import RateLimit, RateLimitError, ServerError, TransportError, Videsk

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")

broker = RedisBroker(url=REDIS)
broker.add_middleware(Results(backend=RedisBackend(url=REDIS), store_results=True))
dramatiq.set_broker(broker)

# Each process loads this file, and so makes its own.
videsk = Videsk(rate_limit=RateLimit(shared=REDIS))


def passes_by_itself(tries: int, error: Exception) -> bool:
    """Tell what is to be tried again; Dramatiq would try all, twenty times."""
    return tries < 5 and isinstance(error, Retry | TransportError | ServerError)


@dramatiq.actor(retry_when=passes_by_itself, time_limit=60_000)
def open_room(appointment: int) -> str:
    """Open the room of an appointment, one however often this runs; return its id."""
    try:
        room = videsk.rooms.get_or_create(f"appointment-{appointment}", name="Check-up")
    except RateLimitError as error:
        raise Retry(str(error), delay=int(1000 * (error.retry_after or 1.0))) from error
    return room.id


@dramatiq.actor(retry_when=passes_by_itself, time_limit=60_000)
def count_guests(room: str) -> int:
    """Tell how many were let into a room."""
    return len(videsk.rooms.get(room).authorizations or ())
