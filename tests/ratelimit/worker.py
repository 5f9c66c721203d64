"""One process that makes calls as fast as it is let, for `full_rate.py`.

It says "ready" when all is loaded, begins when it is told to, and prints what became of its calls,
and by how much the machine woke it too late.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

import attrs

from videsk_rooms import AsyncVidesk, NotFoundError, RateLimit, RateLimitError, Retry
from videsk_rooms._ratelimit import Rank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms._ratelimit import Permit, RateLimiter


class Watched:
    """Pacing, and when each request left."""

    def __init__(self, pacing: RateLimiter) -> None:
        self._pacing = pacing

    def try_acquire(self, rank: Rank = Rank.INTERACTIVE) -> Permit | None:
        departure = self._pacing.try_acquire(rank)
        return None if departure is None else _Watched(departure)

    async def acquire(self, rank: Rank = Rank.INTERACTIVE) -> Permit:
        return _Watched(await self._pacing.acquire(rank))

    def learn(self, headers: Mapping[str, str]) -> None:
        self._pacing.learn(headers)

    def hold(self, seconds: float) -> None:
        self._pacing.hold(seconds)

    def waited_for(self) -> str:
        return self._pacing.waited_for()

    async def close(self) -> None:
        await self._pacing.close()

    def reset_after_fork(self) -> None:
        self._pacing.reset_after_fork()


class _Watched:
    def __init__(self, departure: Permit) -> None:
        self._departure = departure
        self._caller = calling.get()

    async def leave(self) -> None:
        await self._departure.leave()
        left[self._caller] = time.monotonic()

    def over(self) -> None:
        self._departure.over()


class Standstill:
    """By how many seconds the machine woke this process too late, at most."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self) -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(_A_TICK)
            self.longest = max(self.longest, time.monotonic() - asked - _A_TICK)


_A_TICK = 0.01

# When the last request of each caller left; a caller makes one call at a time.
left: dict[int, float] = {}
# A request is sent in a task of its own, which has its caller's context.
calling: ContextVar[int] = ContextVar("calling")


async def main(options: dict[str, str | int | float | None]) -> None:
    """Make calls until the time is up."""
    seconds, rate = float(options["seconds"] or 0), int(options["rate"] or 0)
    shared = options["shared"]
    assert shared is None or isinstance(shared, str)
    calls: list[tuple[str, float, float]] = []
    async with AsyncVidesk(
        str(options["token"]),
        base_url=str(options["url"]),
        rate_limit=RateLimit(rate, shared=shared),
        retry=Retry(attempts=1),
        timeout=60.0,
    ) as videsk:
        pipeline = videsk._pipeline
        watched = attrs.evolve(pipeline, pacing=Watched(pipeline.pacing))
        videsk._pipeline = watched
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        end = time.monotonic() + seconds

        async def caller(number: int) -> None:
            made = 0
            calling.set(number)
            while (asked := time.monotonic()) < end:
                path = f"/vpaas/rooms/{options['process']:06x}{number:06x}{made:012x}"
                made += 1
                try:
                    await videsk.request("GET", path)
                except (NotFoundError, RateLimitError):  # there is no such room
                    waited = time.monotonic() - asked
                    calls.append((path, left[number], waited))

        standstill = Standstill()
        watching = asyncio.create_task(standstill.watch())
        await asyncio.gather(*(caller(number) for number in range(int(options["callers"] or 0))))
        watching.cancel()
    print(json.dumps({"calls": calls, "standstill": standstill.longest}))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
