"""Creates a room for each line of a file, with any number of Celery workers.

celery -A celery_many_rooms worker            processes batches, on each machine
python celery_many_rooms.py appointments.txt  enqueues the batches that are not done
python celery_many_rooms.py                   prints the progress
"""

from __future__ import annotations

import os
import sys
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from celery import Celery
from redis import Redis

from videsk_rooms import (
    AuthenticationError,
    ConflictError,
    PermissionDeniedError,
    RateLimit,
    Videsk,
    VideskError,
)
from videsk_rooms.integrations.celery import VideskTask
from videsk_rooms.integrations.queues import retry_delay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from videsk_rooms import Outcome, Room, RoomSpec

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
ROOMS, FAILED = "appointments:rooms", "appointments:failed"  # by appointment: room id, or error
BATCH = 100

app = Celery("clinic", broker=REDIS)
app.conf.update(
    task_ignore_result=True,  # the results are in ROOMS and FAILED
    worker_prefetch_multiplier=1,  # a process holds one batch at a time
    # Exceeds the longest retry delay plus a batch.
    broker_transport_options={"visibility_timeout": 900},
)
store = Redis.from_url(REDIS, decode_responses=True)


@cache  # one per process, on first use: importing this file needs no token
def videsk() -> Videsk:
    """Return the client."""
    return Videsk(rate_limit=RateLimit(shared=REDIS))


# Named explicitly, because this module is `__main__` where batches are enqueued.
@app.task(name="open_rooms", base=VideskTask, max_retries=None)
def open_rooms(appointments: list[str]) -> None:
    """Create the missing rooms of a batch. It can be repeated."""
    missing = lacking(appointments)
    specs: list[RoomSpec] = [{"external_id": each, "name": "Check-up"} for each in missing]
    later: VideskError | None = None
    with videsk().rooms.create_many(specs, concurrency=8) as outcomes:
        for outcome in outcomes:
            external_id = missing[outcome.index]
            try:
                store.hset(ROOMS, external_id, id_of(outcome, external_id))
            except (AuthenticationError, PermissionDeniedError):
                raise  # affects all appointments, so none is recorded as failed
            except VideskError as error:
                if retry_delay(error) is None:
                    store.hset(FAILED, external_id, str(error))
                else:
                    later = error
    if later is not None:
        raise later


def id_of(outcome: Outcome[RoomSpec, Room], external_id: str) -> str:
    """Return a room's id, also if a process was killed between creating and recording it."""
    try:
        return outcome.result().id
    except ConflictError:
        return videsk().rooms.get_by_external_id(external_id).id


def lacking(appointments: list[str]) -> list[str]:
    """Return the appointments without a room."""
    rooms = store.hmget(ROOMS, appointments)
    return [each for each, room in zip(appointments, rooms, strict=True) if room is None]


def batches(lines: Iterable[str]) -> Iterator[list[str]]:
    """Split the lines into batches."""
    external_ids = filter(None, map(str.strip, lines))
    while batch := list(islice(external_ids, BATCH)):
        yield batch


def hand_out(path: Path) -> None:
    """Enqueue each batch that is not done."""
    store.delete(FAILED)
    with path.open(encoding="utf-8") as lines:
        for batch in batches(lines):
            if lacking(batch):
                app.send_task("open_rooms", [batch])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        hand_out(Path(sys.argv[1]))
    print(f"{store.hlen(ROOMS)} opened, {store.hlen(FAILED)} failed")
    print(f"{store.llen('celery')} batches wait, {store.hlen('unacked')} are with workers")
