"""Rooms from Celery: `celery -A celery_tasks worker`."""

from __future__ import annotations

import os
from functools import cache

from celery import Celery

from videsk_rooms import RateLimit, Videsk
from videsk_rooms.integrations.celery import VideskTask

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")

app = Celery("clinic", broker=REDIS, backend=REDIS)


@cache  # one per process, on first use: importing this file needs no token
def videsk() -> Videsk:
    """Return the client."""
    return Videsk(rate_limit=RateLimit(shared=REDIS))


@app.task(base=VideskTask, soft_time_limit=60)
def open_room(appointment: int) -> str:
    """Create the room of an appointment, once; return its id."""
    return videsk().rooms.get_or_create(f"appointment-{appointment}", name="Check-up").id


@app.task(base=VideskTask, soft_time_limit=60)
def count_guests(room: str) -> int:
    """Return how many access attempts a room has had."""
    return len(videsk().rooms.get(room).authorizations or ())
