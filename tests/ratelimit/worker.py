"""A process that uses the client as it is told to, for `runs.py`.

It says "ready" when all is loaded, begins when it is told for how many seconds, and prints what
became of its calls, and by how much the machine woke it too late.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import attrs

from videsk_rooms import APIError, AsyncVidesk, NotFoundError, RateLimit, RateLimitError, Retry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms import RoomSpec

_NO_ROOM = "/vpaas/rooms/0123456789abcdef01234567"
_A_TICK = 0.01


@attrs.define
class Report:
    """What became of the calls of a process.

    Attributes:
        calls: How long each call took from a caller who asks again at once, in seconds.
        gets: How long each call took of those that are made once a second.
        refused: Calls that ended in a 429.
        failed: Calls that ended in another error.
        created: Rooms that were created.
        standstill: By how many seconds the machine woke this process too late, at most.
    """

    calls: list[float] = attrs.field(factory=list)
    gets: list[float] = attrs.field(factory=list)
    refused: int = 0
    failed: int = 0
    created: int = 0
    standstill: float = 0.0


class Worker:
    """Makes calls until the time is up."""

    def __init__(self, videsk: AsyncVidesk, seconds: float, report: Report) -> None:
        self._videsk = videsk
        self._end = time.monotonic() + seconds
        self._report = report

    async def call(self) -> None:
        """Ask for a room that there is not, again and again."""
        while (asked := time.monotonic()) < self._end:
            try:
                await self._videsk.request("GET", _NO_ROOM)
            except NotFoundError:
                pass
            except RateLimitError:
                self._report.refused += 1
            self._report.calls.append(time.monotonic() - asked)

    async def create_many(self) -> None:
        """Create rooms, 16 at a time."""
        async for outcome in self._videsk.rooms.create_many(self._specs()):
            if outcome.error is None:
                self._report.created += 1
            else:
                self._report.failed += 1

    def _specs(self) -> Iterator[RoomSpec]:
        while time.monotonic() < self._end:
            yield {"name": "Check-up"}

    async def get(self) -> None:
        """Get a room once a second, as a person who comes in would."""
        room = await self._videsk.rooms.create(name="Reception")
        at = time.monotonic() + 1.0
        while at < self._end:
            await asyncio.sleep(at - time.monotonic())
            asked = time.monotonic()
            try:
                await self._videsk.rooms.get(room.id)
            except APIError:
                self._report.failed += 1
            self._report.gets.append(time.monotonic() - asked)
            at += 1.0173  # so that it meets all moments of a server's second

    async def watch(self) -> None:
        """See how late the machine wakes this process."""
        while True:
            asked = time.monotonic()
            await asyncio.sleep(_A_TICK)
            late = time.monotonic() - asked - _A_TICK
            self._report.standstill = max(self._report.standstill, late)


async def main(options: dict[str, Any]) -> None:
    """Do what the options say."""
    report = Report()
    async with AsyncVidesk(
        options["token"],
        base_url=options["url"],
        rate_limit=RateLimit(shared=options["shared"]),
        retry=Retry(attempts=options["attempts"]),
        timeout=60.0,
    ) as videsk:
        print("ready", flush=True)
        seconds = float(await asyncio.to_thread(sys.stdin.readline))
        worker = Worker(videsk, seconds, report)
        watching = asyncio.create_task(worker.watch())
        parts = [worker.call() for _ in range(options["callers"])]
        parts += [worker.create_many() for _ in range(options["create_many"])]
        parts += [worker.get() for _ in range(options["get"])]
        await asyncio.gather(*parts)
        watching.cancel()
    print(json.dumps(attrs.asdict(report)))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
