"""Timing several peers in turns, so that whatever slows the machine down slows all of them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Call: TypeAlias = Callable[[], object]
AsyncCall: TypeAlias = Callable[[], Awaitable[object]]
Timings: TypeAlias = dict[str, list[float]]
"""Seconds per call of each peer, one figure a round."""

_WARM_UP = 5


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        repeats: Rounds over all peers.
        calls: Calls that each peer makes in a round.
    """

    repeats: int
    calls: int


def in_turns(peers: Mapping[str, Call], effort: Effort) -> Timings:
    """Time calls from this thread."""
    timings: Timings = {name: [] for name in peers}
    for call in peers.values():
        _repeat(call, _WARM_UP)
    for _ in range(effort.repeats):
        for name, call in peers.items():
            timings[name].append(_repeat(call, effort.calls) / effort.calls)
    return timings


async def in_turns_awaited(peers: Mapping[str, AsyncCall], effort: Effort) -> Timings:
    """Time calls awaited one after another."""
    timings: Timings = {name: [] for name in peers}
    for call in peers.values():
        await _await_repeatedly(call, _WARM_UP)
    for _ in range(effort.repeats):
        for name, call in peers.items():
            timings[name].append(await _await_repeatedly(call, effort.calls) / effort.calls)
    return timings


def in_turns_threaded(peers: Mapping[str, Call], effort: Effort, *, threads: int) -> Timings:
    """Time calls from many threads that share their peer: seconds on the clock for each call."""
    with ThreadPoolExecutor(threads) as pool:

        def all_at_once(call: Call) -> Call:
            def run() -> None:
                for done in [pool.submit(_repeat, call, effort.calls) for _ in range(threads)]:
                    done.result()

            return run

        whole = in_turns(
            {name: all_at_once(call) for name, call in peers.items()}, Effort(effort.repeats, 1)
        )
    each = effort.calls * threads
    return {name: [seconds / each for seconds in rounds] for name, rounds in whole.items()}


def _repeat(call: Call, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - start


async def _await_repeatedly(call: AsyncCall, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        await call()
    return time.perf_counter() - start
