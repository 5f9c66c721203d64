"""Rooms from Celery: `celery -A celery_tasks worker`."""

from __future__ import annotations

import os

from celery import Celery, Task

from videsk_rooms import RateLimit, RateLimitError, ServerError, TransportError, Videsk

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")

app = Celery("clinic", broker=REDIS, backend=REDIS)
app.conf.update(
    # A task whose process was killed is done again.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # Brings errors whole to whoever asks for the result.
    result_serializer="pickle",
    result_accept_content=["json", "pickle"],
)

# One for each process: made before the pool forks, it begins anew in each child.
videsk = Videsk(rate_limit=RateLimit(shared=REDIS))


@app.task(
    bind=True,
    autoretry_for=(TransportError, ServerError),
    retry_backoff=True,
    max_retries=5,
    soft_time_limit=60,
)
def open_room(self: Task, appointment: int) -> str:
    """Open the room of an appointment, one however often this runs; return its id."""
    try:
        room = videsk.rooms.get_or_create(f"appointment-{appointment}", name="Check-up")
    except RateLimitError as error:
        raise self.retry(exc=error, countdown=error.retry_after) from error
    return room.id


@app.task(autoretry_for=(TransportError, ServerError), retry_backoff=True, soft_time_limit=60)
def count_guests(room: str) -> int:
    """Tell how many were let into a room."""
    return len(videsk.rooms.get(room).authorizations or ())
