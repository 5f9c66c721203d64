"""A room for each line of a file, by all the Celery workers that there are.

celery -A celery_many_rooms worker            works, on each machine
python celery_many_rooms.py appointments.txt  hands out what is not done yet
python celery_many_rooms.py                   tells how far it is
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
ROOMS, FAILED = "appointments:rooms", "appointments:failed"  # by appointment: room id, or why not
BATCH = 100

app = Celery("clinic", broker=REDIS)
app.conf.update(
    task_ignore_result=True,  # what came of each appointment is in ROOMS and FAILED
    worker_prefetch_multiplier=1,  # a worker takes no batch before it can begin it
    # Longer than the longest pause before a retry and a batch together.
    broker_transport_options={"visibility_timeout": 900},
)
store = Redis.from_url(REDIS, decode_responses=True)


@cache  # one for each process, made by its first task: loading this file takes no token
def videsk() -> Videsk:
    """Return the client."""
    return Videsk(rate_limit=RateLimit(shared=REDIS))


# Named, because the module that it is in is `__main__` where work is handed out.
@app.task(name="open_rooms", base=VideskTask, max_retries=None)
def open_rooms(appointments: list[str]) -> None:
    """Open the rooms that a batch lacks. Done again, it makes none twice."""
    names = lacking(appointments)
    specs: list[RoomSpec] = [{"external_id": name, "name": "Check-up"} for name in names]
    later: VideskError | None = None
    with videsk().rooms.create_many(specs, concurrency=8) as outcomes:
        for outcome in outcomes:
            name = names[outcome.index]
            try:
                store.hset(ROOMS, name, id_of(outcome, name))
            except (AuthenticationError, PermissionDeniedError):
                raise  # as for all others; nothing is to be noted of them
            except VideskError as error:
                if retry_delay(error) is None:
                    store.hset(FAILED, name, str(error))
                else:
                    later = error
    if later is not None:
        raise later


def id_of(outcome: Outcome[RoomSpec, Room], name: str) -> str:
    """Tell the id of a room, also if it was made by a process that was killed before noting it."""
    try:
        return outcome.result().id
    except ConflictError:
        return videsk().rooms.get_by_external_id(name).id


def lacking(appointments: list[str]) -> list[str]:
    """Pick the appointments that have no room yet."""
    rooms = store.hmget(ROOMS, appointments)
    return [name for name, room in zip(appointments, rooms, strict=True) if room is None]


def batches(lines: Iterable[str]) -> Iterator[list[str]]:
    """Read so many appointments at a time."""
    names = filter(None, map(str.strip, lines))
    while batch := list(islice(names, BATCH)):
        yield batch


def hand_out(path: Path) -> None:
    """Queue a task for each batch that is not done."""
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
