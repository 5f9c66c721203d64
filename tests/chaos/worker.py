"""What a process of its own does: `python -m tests.chaos.worker TASK SETTINGS`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import traceback
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from videsk_rooms import (
    AsyncVidesk,
    AttemptEvent,
    ConflictError,
    Hooks,
    RateLimit,
    Retry,
    Room,
    Videsk,
    VideskError,
)

from .at_once import as_awaited, run_at_once
from .crew import Log
from .examine import SurpriseError, examine
from .manners import SHORT_PAUSES
from .tally import kind_of
from .watch import check_connections, check_tasks, watching

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from videsk_rooms import AsyncRooms

_RETRY = Retry(attempts=3, **SHORT_PAUSES)
_AT_ONCE = 8
_HIGH_LIMIT = 2_000
_PARENT = os.getppid()


# -- work that is done in spite of being killed ---------------------------------------------------


def work_off(jobs: list[int], log: str, pace: str) -> None:
    """Make a room for each job that is not in the log yet."""
    book = Log(Path(log))
    done = {line["done"] for line in book.read() if "done" in line}
    findings: list[str] = []
    with watching(findings):
        left = iter([name for job in jobs if (name := f"job-{job}") not in done])
        asyncio.run(_work_off(left, book, pace, findings))
    for finding in findings:
        book.write(finding=finding)


async def _work_off(left: Iterator[str], book: Log, pace: str, findings: list[str]) -> None:
    limit = RateLimit(requests=_HIGH_LIMIT, shared=pace)
    async with AsyncVidesk(retry=_RETRY, rate_limit=limit) as client:
        await asyncio.gather(*(_worker(client, left, book) for _ in range(_AT_ONCE)))
        await check_connections(client, findings)
    await check_tasks(findings)


async def _worker(client: AsyncVidesk, left: Iterator[str], book: Log) -> None:
    attempts: list[AttemptEvent] = []
    rooms = client.with_options(hooks=Hooks(on_attempt=attempts.append)).rooms
    ways = cycle([_created_or_found, _found_or_created])
    for name, come_by in zip(left, ways):  # noqa: B905 - the ways are endless
        attempts.clear()
        room = await _insist(partial(come_by, rooms, name), book)
        if (room.external_id, room.name) != (name, name) or not room.access_token:
            raise SurpriseError(f"the job {name!r} was given the room {room}")
        made_before = (
            room.created_at is not None and room.created_at < attempts[0].attempt.started_at
        )
        # Only now: whoever is killed before does the job again, and must find the room.
        book.write(done=name, room=room.id, requests=len(attempts), found=made_before)


async def _created_or_found(rooms: AsyncRooms, name: str) -> Room:
    try:
        return await rooms.create(name=name, external_id=name)
    except ConflictError:
        return await rooms.get_by_external_id(name)


async def _found_or_created(rooms: AsyncRooms, name: str) -> Room:
    return await rooms.get_or_create(name, name=name)


async def _insist(call: Callable[[], Awaitable[Room]], book: Log) -> Room:
    """Repeat a call until it succeeds."""
    while True:
        try:
            return await call()
        except VideskError as error:  # noqa: PERF203 - each try is awaited
            _examine(error)
            book.write(error=kind_of(error))


# -- a race ---------------------------------------------------------------------------------------


def race(callers: int, face: str) -> None:
    """Race for the room that each line names, with so many callers, and tell who got what."""
    print("ready", flush=True)
    for line in sys.stdin:
        result = _Result()
        with watching(result.findings):
            if face == "awaited":
                asyncio.run(_race_awaited(line.strip(), callers, result))
            else:
                _race_blocking(line.strip(), callers, result)
        print(json.dumps(result.__dict__), flush=True)


class _Result:
    """What the callers of one process got in one round."""

    def __init__(self) -> None:
        self.rooms: list[str] = []
        self.errors: list[str] = []
        self.findings: list[str] = []


async def _race_awaited(name: str, callers: int, result: _Result) -> None:
    async with AsyncVidesk(retry=_RETRY, rate_limit=None) as client:
        await asyncio.gather(*(_runner(client.rooms, name, n, result) for n in range(callers)))
        await check_connections(client, result.findings)
    await check_tasks(result.findings)


def _race_blocking(name: str, callers: int, result: _Result) -> None:
    with Videsk(retry=_RETRY, rate_limit=None) as client:
        rooms = as_awaited(client.rooms)
        threads = [
            threading.Thread(target=run_at_once, args=(_runner(rooms, name, n, result),))
            for n in range(callers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


async def _runner(rooms: AsyncRooms, name: str, number: int, result: _Result) -> None:
    try:
        await _run(rooms, name, number, result)
    except Exception:
        result.findings.append(traceback.format_exc())


async def _run(rooms: AsyncRooms, name: str, number: int, result: _Result) -> None:
    """Ask for the room until it is there, under a name of one's own."""
    own = f"{os.getpid()}/{number}"
    while True:
        try:
            room = await rooms.get_or_create(name, name=own)
            break
        except VideskError as error:
            _examine(error)
            result.errors.append(kind_of(error))
    if room.external_id != name or not room.access_token:
        result.findings.append(f"{own} asked for {name!r} and got {room}")
    result.rooms.append(room.id)


# -- both -----------------------------------------------------------------------------------------


def _examine(error: VideskError) -> None:
    if os.getppid() != _PARENT:
        sys.exit("the process that started this one was killed, and so its sandbox is gone")
    secret = os.environ["VIDESK_API_TOKEN"]
    examine(error, attempts=_RETRY.attempts, secret=secret, kind="both", external_id=None)


_TASKS: dict[str, Callable[..., None]] = {"work_off": work_off, "race": race}

if __name__ == "__main__":
    _TASKS[sys.argv[1]](**json.loads(sys.argv[2]))
