"""Processes that are killed at work, started again, and bring it to its end."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

from videsk_rooms.sandbox import Sandbox

from .crew import SIZE, Crewman, Log, fail_all, start
from .report import Report
from .stage import PATIENCE, make_bad
from .watch import watching

# About so many kills in a long run, and never one after less work than this.
_KILLS = 60
_LEAST_WORK = 50
_BYTES_A_JOB = 90
_GLANCE = 0.005


def run(*, creates: int, share: float, seed: int) -> Report:
    """Let processes work off so many jobs, a room each, and kill them again and again."""
    report = Report("killed", seed, share, creates, figures={"processes": SIZE})
    began = time.monotonic()
    with (
        watching(report.findings),
        tempfile.TemporaryDirectory() as folder,
        Sandbox(rate=None, seed=seed) as sandbox,
    ):
        make_bad(sandbox, share, seed)
        crew = _Crew(report, sandbox, Path(folder))
        try:
            crew.work()
        finally:
            fail_all(crew.running)
        _account_for(report, sandbox, crew.lines())
        report.findings += crew.complaints()
        report.count_requests(sandbox)
    report.seconds = time.monotonic() - began
    return report


class _Crew:
    """The processes, and who kills them."""

    def __init__(self, report: Report, sandbox: Sandbox, folder: Path) -> None:
        self._report = report
        self._sandbox = sandbox
        self._folder = folder
        self._chance = random.Random(report.seed)
        self._logs = [folder / f"{number}.log" for number in range(SIZE)]
        self._posts: dict[int, Crewman] = {}
        self._kills = 0

    @property
    def running(self) -> list[Crewman]:
        return list(self._posts.values())

    def work(self) -> None:
        """See to it that all work is done, whoever is killed."""
        for number in range(SIZE):
            self._send(number)
        kill_at, written, written_at = self._next_kill(0), 0, time.monotonic()
        while self._posts:
            time.sleep(_GLANCE)
            self._part_with_those_who_are_done()
            if self._written() > written:
                written, written_at = self._written(), time.monotonic()
            if written >= kill_at and self._posts:
                self._kill_one()
                kill_at = self._next_kill(written)
            if time.monotonic() - written_at > PATIENCE:
                self._report.findings.append(f"{len(self._posts)} processes hang")
                break
        self._report.figures["kills"] = self._kills

    def lines(self) -> list[dict[str, Any]]:
        """Read what all processes have written down."""
        return list(chain.from_iterable(Log(log).read() for log in self._logs))

    def complaints(self) -> list[str]:
        """Read what went to their standard error."""
        return [
            f"{path.name}: {text}"
            for path in sorted(self._folder.glob("*.err"))
            if (text := path.read_text("utf-8"))
        ]

    def _send(self, number: int) -> None:
        self._posts[number] = start(
            "work_off",
            self._sandbox,
            self._folder / f"{number}.err",
            jobs=list(range(number, self._report.asked, SIZE)),
            log=str(self._logs[number]),
            pace=f"file:{self._folder / 'pace'}",
        )

    def _part_with_those_who_are_done(self) -> None:
        for number, process in list(self._posts.items()):
            if process.poll() is not None:
                process.communicate()
                del self._posts[number]
                if process.returncode != 0:
                    text = f"process {number} ended with {process.returncode}"
                    self._report.findings.append(text)

    def _kill_one(self) -> None:
        number = self._chance.choice(sorted(self._posts))
        process = self._posts[number]
        process.kill()  # SIGKILL
        process.communicate()
        self._kills += 1
        self._send(number)

    def _written(self) -> int:
        """Tell how much has been done: bytes of the logs, for they are cheap to ask for."""
        return sum(log.stat().st_size for log in self._logs if log.exists())

    def _next_kill(self, written: int) -> int:
        jobs = max(_LEAST_WORK, self._report.asked // _KILLS)
        return written + self._chance.randint(1, 2 * jobs * _BYTES_A_JOB)


def _account_for(report: Report, sandbox: Sandbox, lines: list[dict[str, Any]]) -> None:
    """Compare the jobs, the rooms, and what was written down of them."""
    rooms = {str(room["externalId"]): room["id"] for room in sandbox.rooms}
    done = [line for line in lines if "done" in line]
    names: Counter[str] = Counter(line["done"] for line in done)
    wanted = {f"job-{number}" for number in range(report.asked)}
    checks: dict[str, set[str]] = {
        "jobs without a room": wanted - rooms.keys(),
        "rooms without a job": rooms.keys() - wanted,
        "jobs not done": wanted - names.keys(),
        "jobs done twice": {name for name in names if names[name] > 1},
        "jobs with another room": {
            line["done"] for line in done if rooms.get(line["done"]) != line["room"]
        },
    }
    report.findings += [f"{what}: {sorted(found)[:5]}" for what, found in checks.items() if found]
    report.findings += [line["finding"] for line in lines if "finding" in line]
    if len(rooms) != len(sandbox.rooms):
        report.findings.append("an externalId more than once")
    report.figures["rooms"] = len(sandbox.rooms)
    report.figures["found from an earlier life"] = sum(line["found"] for line in done)
    attempts = Counter(line["requests"] for line in done)
    report.attempts["requests a job"] = dict(sorted(attempts.items()))
    errors = Counter(line["error"] for line in lines if "error" in line)
    report.errors["job"] = dict(sorted(errors.items()))
