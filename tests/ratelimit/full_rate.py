"""Whether the whole limit is used, and nothing over it: processes against a server that counts."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

from tests.ratelimit.redis_server import serving
from tests.ratelimit.support import environment
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

Way = Literal["one process", "a file", "Redis"]
Window = Literal["sliding", "fixed"]

RATE = 20
CALLERS = 32
PROCESSES: dict[Way, int] = {"one process": 1, "a file": 4, "Redis": 4}
WINDOWS: tuple[Window, ...] = ("sliding", "fixed")

SECOND = 1.0
_PATIENCE = 120.0


@dataclass(frozen=True)
class Setting:
    """Who is paced how, against which server."""

    way: Way
    window: Window

    def __str__(self) -> str:
        return f"{self.way}, {self.window} second"


SETTINGS = [Setting(way, window) for way in PROCESSES for window in WINDOWS]


@dataclass(frozen=True)
class Request:
    """One request, by the clock that all processes of a machine share.

    Attributes:
        left: When it left its process.
        came: When the server saw it.
        refused: Whether that was over the limit.
        waited: How long its call took, waiting included.
    """

    left: float
    came: float
    refused: bool
    waited: float

    @property
    def way(self) -> float:
        """How long it was on its way."""
        return self.came - self.left


@dataclass(frozen=True)
class Figures:
    """What a run brought.

    Attributes:
        used: The share of the limit that was used.
        refused: Requests that the server refused.
        over: Requests that came less than a second after the one that many before.
        unexplained: Those of both that the time on the way does not explain.
        median_wait: Seconds.
        longest_wait: Seconds.
        spread: By how many seconds the time on the way varied, at most.
        standstill: By how many seconds the machine woke a process too late, at most.
    """

    setting: Setting
    seconds: float
    used: float
    refused: int
    over: int
    unexplained: int
    median_wait: float
    longest_wait: float
    spread: float
    standstill: float


class Run:
    """Processes that are ready to begin."""

    def __init__(self, setting: Setting, seconds: float, stack: ExitStack) -> None:
        self._setting = setting
        self._seconds = seconds
        self._sandbox = stack.enter_context(Sandbox(rate=RATE, window=setting.window))
        shared = _shared(setting.way, stack)
        count = PROCESSES[setting.way]
        self._processes = [
            stack.enter_context(
                _started(
                    url=self._sandbox.url,
                    token=self._sandbox.api_token,
                    shared=shared,
                    rate=RATE,
                    callers=CALLERS // count,
                    process=process,
                    seconds=seconds,
                )
            )
            for process in range(count)
        ]
        for process in self._processes:
            stack.callback(process.kill)

    def wait_until_ready(self) -> None:
        for process in self._processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def begin(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()

    def figures(self) -> Figures:
        """Wait for the end; tell what happened."""
        printed = [process.communicate(timeout=_PATIENCE)[0] for process in self._processes]
        assert [process.returncode for process in self._processes] == [0] * len(printed)
        told = [json.loads(each) for each in printed]
        calls = {path: (left, waited) for each in told for path, left, waited in each["calls"]}
        requests = [
            Request(calls[seen.path][0], seen.monotonic, seen.status == 429, calls[seen.path][1])
            for seen in self._sandbox.requests
        ]
        standstill = max(each["standstill"] for each in told)
        return judged(self._setting, self._seconds, requests, standstill)


def judged(
    setting: Setting, seconds: float, requests: Sequence[Request], standstill: float = 0.0
) -> Figures:
    """Make figures of requests in the order in which they came.

    How much of the limit was used is that of the seconds measured; all else holds for those too
    that were under way when they ended.
    """
    begun = requests[0].came
    within = [each for each in requests if each.came - begun < seconds]
    ways = [each.way for each in requests]
    waits = [each.waited for each in within]
    pairs = list(zip(requests, requests[RATE:], strict=False))
    over = [late for early, late in pairs if late.came - early.came < SECOND]
    return Figures(
        setting,
        seconds,
        used=sum(not each.refused for each in within) / (RATE * seconds),
        refused=sum(each.refused for each in requests),
        over=len(over),
        unexplained=len(_unexplained(requests, over)),
        median_wait=median(waits),
        longest_wait=max(waits),
        spread=max(ways) - min(ways),
        standstill=standstill,
    )


def _unexplained(requests: Sequence[Request], over: Sequence[Request]) -> list[Request]:
    """Find those over the limit whose departures were too close together already.

    A stalled machine keeps a request on its way for longer than any margin allows for. So what
    counts against the pacing is how many requests *left* in the second that ends with a departure.
    """
    lefts = [each.left for each in requests]
    return [
        each
        for each in requests
        if (each.refused or each in over)
        and sum(each.left - SECOND < left <= each.left for left in lefts) > RATE
    ]


def run_all(settings: Sequence[Setting], seconds: float) -> list[Figures]:
    """Run several settings at the same time, a little apart, so that they do not disturb."""
    with ExitStack() as stack:
        runs = [Run(setting, seconds, stack) for setting in settings]
        for run in runs:
            run.wait_until_ready()
        for run in runs:
            run.begin()
            time.sleep(SECOND / len(runs))
        return [run.figures() for run in runs]


def _started(**options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ratelimit.worker", json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **environment(),
    )


def _shared(way: Way, stack: ExitStack) -> str | None:
    if way == "a file":
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        return f"file:{Path(folder) / 'pace'}"
    return stack.enter_context(serving()).url if way == "Redis" else None
