"""Rooms from RQ jobs; `rq_worker.py` runs them."""

from __future__ import annotations

import math
import os
from functools import cache
from typing import TYPE_CHECKING

from redis import Redis
from rq import Queue, Retry

from videsk_rooms import RateLimit, Videsk, VideskError
from videsk_rooms.integrations.queues import retry_delay

if TYPE_CHECKING:
    from rq.job import Job

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
TRIES = 5


@cache  # one per process, on first use: importing this file needs no token
def videsk() -> Videsk:
    """Return the client."""
    return Videsk(rate_limit=RateLimit(shared=REDIS))


def open_room(appointment: int) -> str:
    """Create the room of an appointment, once; return its id."""
    return videsk().rooms.get_or_create(f"appointment-{appointment}", name="Check-up").id


def count_guests(room: str) -> int:
    """Return how many access attempts a room has had."""
    return len(videsk().rooms.get(room).authorizations or ())


def open_soon(appointment: int) -> Job:
    """Enqueue the creation of a room, with up to five tries."""
    queue = Queue(connection=Redis.from_url(REDIS))
    later = Retry(max=TRIES - 1, interval=60)
    return queue.enqueue(open_room, appointment, job_timeout=60, retry=later)


def retry_transient(job: Job, _kind: object, error: object, _traceback: object) -> None:
    """Decide whether and when to retry a failed job; the worker calls it."""
    if isinstance(error, VideskError) and job.retries_left:
        pause = retry_delay(error, TRIES - job.retries_left, max_tries=TRIES)
        if pause is None:
            job.retries_left = 0
        else:
            job.retry_intervals = [math.ceil(pause)]
