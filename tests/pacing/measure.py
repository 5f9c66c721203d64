"""How much of the limit is used, and whether more: `python -m tests.pacing.measure`.

A sandbox counts requests as a server does, and answers 429 to those over its limit. Processes with
callers that always want to send share its 20 requests a second. Printed for each way of sharing:
the share of the limit that was used, the requests over it, and how long callers waited.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal, TypedDict

from tests.pacing.redis_server import MISSING, PROGRAM, serving
from videsk_rooms import AsyncVidesk, NotFoundError, RateLimit, RateLimitError, Retry
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

RATE = 20
CALLERS = 40
Sharing = Literal["one process", "a file", "Redis"]
Window = Literal["sliding", "fixed"]

_ROOM = "64f1a2b3c4d5e6f7a8b9c0d1"
_STALL_STEP = 0.002
# Waits of the first callers are shorter: the line is only forming.
_SETTLED = 2.5


@dataclass(frozen=True)
class Figures:
    """What one run showed.

    Attributes:
        sharing: What paced the processes together.
        processes: How many there were.
        window: How the server counted.
        used: The share of the limit, from the first request to the end of the time.
        over: Requests that the server answered with 429.
        median_wait: Seconds from call to answer, once the line had formed.
        longest_wait: The longest of them.
        stall: The longest time, in seconds, for which the machine let a process stand still. More
            than the margin of the pacing, and nobody can promise anything.
    """

    sharing: Sharing
    processes: int
    window: Window
    used: float
    over: int
    median_wait: float
    longest_wait: float
    stall: float


class _Report(TypedDict):
    waits: list[float]
    stall: float


class StallWatch:
    """Sees how late a thread wakes up that wants to wake up all the time."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        before = time.monotonic()
        while not self._stop.wait(_STALL_STEP):
            now = time.monotonic()
            self.longest = max(self.longest, now - before - _STALL_STEP)
            before = now


def measure(sharing: Sharing, processes: int, window: Window, *, seconds: float) -> Figures:
    """Run processes against a limited sandbox for so many seconds."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(rate=RATE, window=window))
        shared = _shared(sharing, stack)
        watch = stack.enter_context(StallWatch())
        order = {
            "url": sandbox.url,
            "token": sandbox.api_token,
            "shared": shared,
            "callers": CALLERS // processes,
            "seconds": seconds,
        }
        workers = [_start(order) for _ in range(processes)]
        reports = [_report(worker) for worker in workers]
        first = sandbox.requests[0].monotonic
        passed = [
            record
            for record in sandbox.requests
            if record.status != 429 and record.monotonic - first < seconds
        ]
        over = sum(record.status == 429 for record in sandbox.requests)
    waits = [wait for report in reports for wait in report["waits"]]
    return Figures(
        sharing,
        processes,
        window,
        used=len(passed) / (RATE * seconds),
        over=over,
        median_wait=median(waits),
        longest_wait=max(waits),
        stall=max(watch.longest, *(report["stall"] for report in reports)),
    )


def _shared(sharing: Sharing, stack: ExitStack) -> str | None:
    if sharing == "a file":
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        return f"file:{folder}/pace"
    if sharing == "Redis":
        return stack.enter_context(serving()).url
    return None


def _start(order: Mapping[str, object]) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.pacing.measure", "--worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(order))
    worker.stdin.close()
    return worker


def _report(worker: subprocess.Popen[str]) -> _Report:
    assert worker.stdout is not None
    report: _Report = json.loads(worker.stdout.read())
    worker.stdout.close()
    assert worker.wait() == 0
    return report


async def _work(
    url: str, token: str, shared: str | None, callers: int, seconds: float
) -> list[float]:
    waits: list[float] = []
    began = time.monotonic()

    async def keep_calling(videsk: AsyncVidesk) -> None:
        while (start := time.monotonic()) < began + seconds:
            with suppress(NotFoundError, RateLimitError):
                await videsk.rooms.get(_ROOM)
            if start > began + _SETTLED:
                waits.append(time.monotonic() - start)

    async with AsyncVidesk(
        token,
        base_url=url,
        rate_limit=RateLimit(RATE, shared=shared),
        retry=Retry(attempts=1),
        timeout=60,
    ) as videsk:
        await asyncio.gather(*(keep_calling(videsk) for _ in range(callers)))
    return waits


def _be_a_worker() -> None:
    order = json.load(sys.stdin)
    with StallWatch() as watch:
        waits = asyncio.run(_work(**order))
    json.dump({"waits": waits, "stall": watch.longest}, sys.stdout)


def cost_of_a_departure() -> float:
    """Time what pacing costs a call that need not wait, in seconds."""
    from videsk_rooms._pacing._in_process import InProcess
    from videsk_rooms._pacing._limit import Limit

    async def run(times: int) -> float:
        pacing = InProcess(Limit(10_000, 0.001))
        start = time.perf_counter()
        for _ in range(times):
            departure = pacing.depart_at_once()
            if departure is not None:
                await departure.leave()
                departure.over()
        return (time.perf_counter() - start) / times

    return min(asyncio.run(run(20_000)) for _ in range(5))


RUNS: tuple[tuple[Sharing, int, Window], ...] = (
    ("one process", 1, "sliding"),
    ("one process", 1, "fixed"),
    ("a file", 4, "sliding"),
    ("a file", 4, "fixed"),
    ("Redis", 4, "sliding"),
    ("Redis", 4, "fixed"),
)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pacing.measure", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each run; 15")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        _be_a_worker()
        return
    found: list[Figures] = []
    if not given.json:
        print("| paced by | processes | server counts | used | over | median | longest | stall |")
        print("|---|--:|---|--:|--:|--:|--:|--:|")
    for sharing, processes, window in RUNS:
        if sharing == "Redis" and PROGRAM is None:
            print(f"{MISSING}: left out", file=sys.stderr)
            continue
        figures = measure(sharing, processes, window, seconds=given.seconds)
        found.append(figures)
        if not given.json:
            print(_row(figures), flush=True)
    cost = cost_of_a_departure()
    if given.json:
        json.dump({"runs": [asdict(each) for each in found], "departure": cost}, sys.stdout)
    else:
        print(f"\na departure that need not wait: {cost * 1e6:.2f} µs")


def _row(figures: Figures) -> str:
    return (
        f"| {figures.sharing} | {figures.processes} | {figures.window} | {figures.used:.1%} "
        f"| {figures.over} | {figures.median_wait:.2f} s | {figures.longest_wait:.2f} s "
        f"| {figures.stall * 1e3:.0f} ms |"
    )


if __name__ == "__main__":
    _main()
