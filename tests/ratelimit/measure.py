"""How much of the limit is used and what that costs: `python -m tests.ratelimit.measure`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.ratelimit.full_rate import CALLERS, PROCESSES, RATE, SETTINGS, Figures, run_all
from tests.ratelimit.redis_server import MISSING, PROGRAM, serving
from videsk_rooms import RateLimit
from videsk_rooms._http.tokens import account_of, token_source
from videsk_rooms._ratelimit import make_limiter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videsk_rooms._ratelimit import RateLimiter

_ROUNDS = 15


async def _microseconds(pacing: RateLimiter, calls: int) -> float:
    rounds: list[float] = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        for _ in range(calls):
            departure = pacing.try_acquire() or await pacing.acquire()
            await departure.leave()
            departure.over()
        rounds.append((time.perf_counter() - begun) / calls)
    await pacing.close()
    return median(rounds) * 1e6


def costs() -> dict[str, float]:
    """Measure what pacing costs a call that need not wait, in microseconds."""
    source = account_of(token_source("a-token-of-the-measurement"))
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        ways = {"one process": (None, 5000), "a file": (f"file:{Path(folder) / 'pace'}", 300)}
        if PROGRAM is not None:
            ways["Redis"] = (stack.enter_context(serving()).url, 100)
        return {
            way: asyncio.run(_microseconds(make_limiter(_free(shared), source), calls))
            for way, (shared, calls) in ways.items()
        }


def _free(shared: str | None) -> RateLimit:
    """Set so high a limit that nobody waits."""
    return RateLimit(10_000, per=0.001, shared=shared)


def as_markdown(figures: Sequence[Figures]) -> str:
    """Write a table for docs/decisions/0025-rate-limit-slots.md."""
    lines = [
        "| paced by | server counts | of the limit used | over it | median wait | longest wait |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for each in figures:
        count = PROCESSES[each.setting.way]
        way = each.setting.way if count == 1 else f"{each.setting.way}, {count} processes"
        lines.append(
            f"| {way} | a {each.setting.window} second | {each.used:.1%} | "
            f"{max(each.refused, each.over)} | {each.median_wait:.2f} s | "
            f"{each.longest_wait:.2f} s |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure everything, one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.ratelimit.measure", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each run; 15")
    parser.add_argument("--only", choices=list(PROCESSES), help="one way of pacing; all")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    settings = [
        each
        for each in SETTINGS
        if given.only in (None, each.way) and (each.way != "Redis" or PROGRAM is not None)
    ]
    figures = [run_all([setting], given.seconds)[0] for setting in settings]
    paid = costs()
    if given.json:
        print(json.dumps({"figures": [asdict(each) for each in figures], "microseconds": paid}))
        return
    print(
        f"{RATE} requests a second, {CALLERS} callers, {given.seconds:g} s; Python "
        f"{platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"
    )
    print(as_markdown(figures))
    if PROGRAM is None:
        print(f"\nwithout Redis: {MISSING}")
    print("\nA call that need not wait pays for its place:")
    for way, microseconds in paid.items():
        print(f"  {way:12} {microseconds:8.2f} µs")
    print("\nThe time on the way to the server varied by up to:")
    for each in figures:
        print(f"  {each.setting!s:28} {each.spread * 1000:6.1f} ms")


if __name__ == "__main__":
    main()
