"""Processes that share a limit, against a server behind a network: what a run brings."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import attrs

from .network import RATE, SECOND, Arrival, network
from .network import Path as Way
from .redis_server import serving
from .support import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

Sharing = Literal["memory", "file", "Redis"]
_PATIENCE = 120.0


@attrs.frozen
class Job:
    """What one process does.

    Attributes:
        callers: How many callers ask again and again.
        create_many: How many bulk creations run, of 16 rooms at a time.
        get: How many people come in once a second.
        killed_every: After how many seconds it is killed and begun anew; 0: never.
    """

    callers: int = 0
    create_many: int = 0
    get: int = 0
    killed_every: float = 0.0


@attrs.frozen
class Setting:
    """Who shares a limit how, over which way.

    Attributes:
        attempts: How often a call is tried.
    """

    name: str
    way: Way
    jobs: tuple[Job, ...]
    sharing: Sharing = "memory"
    attempts: int = 1


@attrs.frozen
class Figures:
    """What a run brought.

    Attributes:
        used: The share of the limit that was used.
        refused: Requests that the server refused.
        over: Requests that came less than a second after the one that many before.
        median_wait: Of the callers who ask again and again, in seconds.
        longest_wait: Likewise.
        requests_a_call: How many requests a call took.
        median_get: How long it took whoever came in once a second, in seconds.
        longest_get: Likewise.
        background: The share of what others left that the bulk creations used.
        failed: Calls of theirs that failed.
        standstill: By how many seconds the machine woke a process too late, at most.
    """

    setting: Setting
    used: float
    refused: int
    over: int
    median_wait: float
    longest_wait: float
    requests_a_call: float
    median_get: float
    longest_get: float
    background: float
    failed: int
    standstill: float


def run(setting: Setting, seconds: float) -> Figures:
    """Run processes for so many seconds."""
    with ExitStack() as stack:
        server = stack.enter_context(network(setting.way))
        options = {
            "url": server.url,
            "token": server.api_token,
            "shared": _shared(setting.sharing, stack),
            "attempts": setting.attempts,
        }
        processes = [_Process(job, options, stack) for job in setting.jobs]
        begun = time.monotonic()
        for each in processes:
            each.begin(seconds)
        _kill_and_restart(processes, begun + seconds)
        reports = [each.end() for each in processes]
        return judge(setting, server.end(), reports, seconds)


def judge(
    setting: Setting, arrivals: Sequence[Arrival], reports: Sequence[dict[str, Any]], seconds: float
) -> Figures:
    """Make figures of what has arrived, and of what the processes say.

    How much of the limit was used is that of the seconds measured; all else holds for those too
    that were under way when they ended.
    """
    begun = arrivals[0].at
    within = [each for each in arrivals if each.at - begun < seconds and not each.refused]
    background = sum(each.operation == "create" for each in within)
    left = RATE * seconds - (len(within) - background)
    calls = [wait for report in reports for wait in report["calls"]]
    gets = [wait for report in reports for wait in report["gets"]]
    made = len(calls) + len(gets) + sum(report["created"] for report in reports)
    return Figures(
        setting,
        used=len(within) / (RATE * seconds),
        refused=sum(each.refused for each in arrivals),
        over=count_over([each.at for each in arrivals]),
        median_wait=median(calls or [0.0]),
        longest_wait=max(calls, default=0.0),
        requests_a_call=len(arrivals) / max(made, 1),
        median_get=median(gets or [0.0]),
        longest_get=max(gets, default=0.0),
        background=background / max(left, 1.0),
        failed=sum(report["failed"] for report in reports),
        standstill=max(report["standstill"] for report in reports),
    )


def count_over(moments: Sequence[float]) -> int:
    """Count the moments that are less than a second after the one that many before."""
    in_order = sorted(moments)
    pairs = zip(in_order, in_order[RATE:], strict=False)
    return sum(later - earlier < SECOND for earlier, later in pairs)


class _Process:
    """A process that does a job, begun anew whenever it was killed."""

    def __init__(self, job: Job, options: dict[str, Any], stack: ExitStack) -> None:
        self.job = job
        self._options = options
        self._stack = stack
        self._running = self._start()

    def begin(self, seconds: float) -> None:
        """Have it work for so many seconds."""
        assert self._running.stdin is not None
        self._running.stdin.write(f"{seconds}\n")
        self._running.stdin.flush()

    def kill(self, seconds: float) -> None:
        """Kill it without a warning, and begin it anew for so many seconds."""
        self._running.kill()
        self._running.communicate()
        self._running = self._start()
        self.begin(seconds)

    def end(self) -> dict[str, Any]:
        """Wait for its end, and return its report."""
        printed, _ = self._running.communicate(timeout=_PATIENCE)
        assert self._running.returncode == 0
        report: dict[str, Any] = json.loads(printed)
        return report

    def _start(self) -> subprocess.Popen[str]:
        options = {**attrs.asdict(self.job), **self._options}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.ratelimit.worker", json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **environment(),
        )
        self._stack.callback(process.kill)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process


def _kill_and_restart(processes: Sequence[_Process], end: float) -> None:
    """Kill, in turn, those that are to be killed, until the end is near."""
    mortal = [each for each in processes if each.job.killed_every]
    if not mortal:
        return
    pause = mortal[0].job.killed_every / len(mortal)
    for process in cycle(mortal):
        time.sleep(pause)
        left = end - time.monotonic()
        if left < 2 * pause:
            return
        process.kill(left)


def _shared(sharing: Sharing, stack: ExitStack) -> str | None:
    if sharing == "file":
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        return f"file:{Path(folder) / 'limit'}"
    return stack.enter_context(serving()).url if sharing == "Redis" else None
