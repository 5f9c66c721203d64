"""Timing several peers in turns, so that whatever slows the machine down slows all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import ThreadPoolExecutor

Call: TypeAlias = Callable[[], object]
AsyncCall: TypeAlias = Callable[[], Awaitable[object]]
Run: TypeAlias = Callable[[int], object]
"""Makes so many calls."""
AsyncRun: TypeAlias = Callable[[int], Awaitable[object]]
Timings: TypeAlias = dict[str, list[float]]
"""Seconds per call of each peer, one figure a round."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        repeats: Rounds over all peers, besides one that does not count.
        calls: Calls that each peer makes in a round.
    """

    repeats: int
    calls: int


def in_turns(peers: Mapping[str, Run], effort: Effort) -> Timings:
    """Time what blocks."""
    timings: Timings = {name: [] for name in peers}
    for run in peers.values():
        run(effort.calls)
    for _ in range(effort.repeats):
        for name, run in peers.items():
            start = time.perf_counter()
            run(effort.calls)
            timings[name].append((time.perf_counter() - start) / effort.calls)
    return timings


async def in_turns_awaited(peers: Mapping[str, AsyncRun], effort: Effort) -> Timings:
    """Time what is awaited."""
    timings: Timings = {name: [] for name in peers}
    for run in peers.values():
        await run(effort.calls)
    for _ in range(effort.repeats):
        for name, run in peers.items():
            start = time.perf_counter()
            await run(effort.calls)
            timings[name].append((time.perf_counter() - start) / effort.calls)
    return timings


def in_a_row(call: Call) -> Run:
    """Make calls one after another."""

    def run(times: int) -> None:
        for _ in range(times):
            call()

    return run


def in_a_row_awaited(call: AsyncCall) -> AsyncRun:
    """Await calls one after another."""

    async def run(times: int) -> None:
        for _ in range(times):
            await call()

    return run


def by_threads(call: Call, pool: ThreadPoolExecutor, threads: int) -> Run:
    """Share calls out among threads: each takes the next when it has made one."""

    def run(times: int) -> None:
        turns = iter(range(times))

        def take_turns() -> None:
            for _ in turns:
                call()

        for done in [pool.submit(take_turns) for _ in range(threads)]:
            done.result()

    return run


def by_tasks(call: AsyncCall, tasks: int) -> AsyncRun:
    """Share calls out among tasks: each takes the next when it has made one."""

    async def run(times: int) -> None:
        turns = iter(range(times))

        async def take_turns() -> None:
            for _ in turns:
                await call()

        await asyncio.gather(*(take_turns() for _ in range(tasks)))

    return run
