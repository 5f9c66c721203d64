"""The rate limit over real connections: `python -m tests.ratelimit.measure`.

Shows how much of the limit is used, whether anything is over it, and who waits for how long.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import attrs

from videsk_rooms import RateLimit
from videsk_rooms._http.tokens import token_source
from videsk_rooms._ratelimit import Rank, make_limiter

from .delay import Delay, exponential, spiky
from .network import RATE
from .network import Path as Way
from .redis_server import MISSING, PROGRAM, serving
from .runs import Figures, Job, Setting, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from videsk_rooms._ratelimit import RateLimiter

_REPEATS = 3
_COST_ROUNDS = 15

_WAYS = {
    "60 ms, exponential 10 ms": Way(exponential(0.060, 0.010), exponential(0.060, 0.010)),
    "60 ms, exponential 30 ms": Way(exponential(0.060, 0.030), exponential(0.060, 0.030)),
    "the same, 2 % spikes of 150 ms": Way(spiky(0.060, 0.030), spiky(0.060, 0.030)),
}
_HERE = Way()
_FOUR = (Job(callers=8),) * 4
_BATCHES = (Job(create_many=1),) * 4

PATHS = [
    setting
    for name, way in _WAYS.items()
    for setting in (
        Setting(f"{name}; 1 process, 8 callers", way, (Job(callers=8),)),
        Setting(f"{name}; 1 process, 32 callers", way, (Job(callers=32),)),
        Setting(f"{name}; 4 processes by file", way, _FOUR, "file"),
        Setting(f"{name}; 4 processes by Redis", way, _FOUR, "Redis"),
    )
]
COLD = [Setting("first arrival 50 ms late; 8 callers", Way(Delay(cold=0.050)), (Job(callers=8),))]
PEOPLE = [
    Setting("`create_many` in the same client", _HERE, (Job(create_many=1, get=1),)),
    Setting(
        "`create_many` in another process, by file",
        _HERE,
        (Job(create_many=1), Job(get=1)),
        "file",
    ),
    Setting("`create_many` in 4 others, by Redis", _HERE, (*_BATCHES, Job(get=1)), "Redis"),
]
KILLS = [
    Setting(
        "4 workers, killed in turn, and a web process, by Redis",
        _HERE,
        (*(Job(create_many=1, killed_every=20.0),) * 4, Job(get=1)),
        "Redis",
        attempts=4,
    )
]


def repeated(setting: Setting, seconds: float, repeats: int) -> Figures:
    """Measure several times: of shares and waits the median, of faults the sum."""
    runs = [run(setting, seconds) for _ in range(repeats)]
    medians: dict[str, Any] = {
        name: median(getattr(each, name) for each in runs) for name in _MIDDLE
    }

    return attrs.evolve(
        runs[0],
        refused=sum(each.refused for each in runs),
        over=sum(each.over for each in runs),
        failed=sum(each.failed for each in runs),
        standstill=max(each.standstill for each in runs),
        **medians,
    )


_MIDDLE = (
    "used",
    "median_wait",
    "longest_wait",
    "requests_a_call",
    "median_get",
    "longest_get",
    "background",
)


# -- tables ---------------------------------------------------------------------------------------


_PATHS_HEAD = (
    "| path, each way | used | refused | over | median wait | longest wait | requests a call |\n"
    "|---|--:|--:|--:|--:|--:|--:|"
)
_PEOPLE_HEAD = (
    "| `rooms.get` once a second beside | median | longest | refused | over | background |\n"
    "|---|--:|--:|--:|--:|--:|"
)


def paths_row(each: Figures) -> str:
    """Write of callers who ask again and again."""
    return (
        f"| {each.setting.name} | {each.used:.1%} | {each.refused} | {each.over} | "
        f"{each.median_wait:.2f} s | {each.longest_wait:.2f} s | {each.requests_a_call:.2f} |"
    )


def people_row(each: Figures) -> str:
    """Write of `rooms.get` beside bulk calls."""
    return (
        f"| {each.setting.name} | {each.median_get:.3f} s | {each.longest_get:.3f} s | "
        f"{each.refused} | {each.over} | {each.background:.1%} |"
    )


def show(
    head: str,
    row: Callable[[Figures], str],
    settings: Sequence[Setting],
    seconds: float,
    repeats: int,
) -> None:
    """Measure settings, one after another, and print a table."""
    print(f"\n{head}", flush=True)
    for setting in settings:
        if setting.sharing != "Redis" or PROGRAM is not None:
            print(row(repeated(setting, seconds, repeats)), flush=True)


# -- what a permit costs --------------------------------------------------------------------------


async def _microseconds(limiter: RateLimiter, calls: int) -> float:
    rounds: list[float] = []
    rank = Rank.INTERACTIVE
    for _ in range(_COST_ROUNDS):
        begun = time.perf_counter()
        for _ in range(calls):
            permit = limiter.try_acquire(rank, "get") or await limiter.acquire(rank, "get")
            await permit.commit()
            permit.answered(200)
        rounds.append((time.perf_counter() - begun) / calls)
    await limiter.close()
    return median(rounds) * 1e6


def costs() -> dict[str, float]:
    """Measure what a permit costs a call that need not wait, in microseconds."""
    source = token_source("a-token-of-the-measurement")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        ways = {"one process": (None, 5000), "a file": (f"file:{Path(folder) / 'limit'}", 300)}
        if PROGRAM is not None:
            ways["Redis"] = (stack.enter_context(serving()).url, 100)
        return {
            way: asyncio.run(
                _microseconds(make_limiter(_free(shared), way, lambda: str(source)), calls)
            )
            for way, (shared, calls) in ways.items()
        }


def _free(shared: str | None) -> RateLimit:
    """Set so high a limit that nobody waits."""
    return RateLimit(10_000, per=0.001, shared=shared)


def main() -> None:
    """Measure everything, one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.ratelimit.measure", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each run; 15")
    parser.add_argument("--repeats", type=int, default=_REPEATS, help=f"of each; {_REPEATS}")
    parser.add_argument("--only", choices=["paths", "people", "kills", "costs"], help="one part")
    parser.add_argument("--like", default="", help="only settings whose name has this in it")
    given = parser.parse_args()

    print(
        f"{RATE} requests a second, {given.seconds:g} s, {given.repeats} runs each: medians, of "
        f"faults the sums; Python {platform.python_version()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}",
        flush=True,
    )
    if PROGRAM is None:
        print(f"without Redis: {MISSING}")
    seconds, repeats = given.seconds, given.repeats

    def wanted(settings: Sequence[Setting]) -> list[Setting]:
        return [each for each in settings if given.like in each.name]

    if given.only in (None, "paths"):
        show(_PATHS_HEAD, paths_row, wanted(PATHS + COLD), seconds, repeats)
    if given.only in (None, "people"):
        show(_PEOPLE_HEAD, people_row, wanted(PEOPLE), seconds, repeats)
    if given.only in (None, "kills"):
        show(_PEOPLE_HEAD, people_row, wanted(KILLS), 4 * seconds, 1)
    if given.only in (None, "costs"):
        print("\nA call that need not wait pays for its permit:")
        for way, microseconds in costs().items():
            print(f"  {way:12} {microseconds:8.2f} µs")
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
