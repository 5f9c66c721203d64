"""Many callers in several processes who want the same room at the same time."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from videsk_rooms.sandbox import Sandbox

from .crew import SIZE, Crewman, fail_all, start
from .report import Report
from .stage import PATIENCE, make_bad
from .watch import watching

_CALLERS = 50
_LEAST_ROUNDS = 2
_LATE = 1.0


def run(*, creates: int, share: float, seed: int) -> Report:
    """Let 200 callers race for one room, again and again, in turns without faults and with."""
    rounds = max(_LEAST_ROUNDS, creates // (SIZE * _CALLERS))
    report = Report("raced", seed, share, rounds * SIZE * _CALLERS)
    report.figures = {"processes": SIZE, "callers": SIZE * _CALLERS, "rounds": rounds}
    began = time.monotonic()
    with (
        watching(report.findings),
        tempfile.TemporaryDirectory() as folder,
        Sandbox(rate=None, seed=seed) as sandbox,
    ):
        complaints = Path(folder, "err")
        crew = [
            start(
                "race", sandbox, complaints, callers=_CALLERS, face=("awaited", "blocking")[n % 2]
            )
            for n in range(SIZE)
        ]
        try:
            _race(report, sandbox, crew, rounds)
        finally:
            fail_all(crew)
        if text := complaints.read_text("utf-8"):
            report.findings.append(text)
        _account_for(report, sandbox, rounds)
    report.seconds = time.monotonic() - began
    return report


def _race(report: Report, sandbox: Sandbox, crew: list[Crewman], rounds: int) -> None:
    errors: Counter[str] = Counter()
    results = 0
    for process in crew:
        _line_of(process)  # it is ready
    for number in range(rounds):
        sandbox.faults.clear()
        if number == 0:
            # The room is there a second after the first create: all processes want it by then.
            sandbox.faults.delay(_LATE, on="create", times=SIZE, process="last")
        if number % 2:
            make_bad(sandbox, report.share, report.seed + number)
        for process in crew:
            assert process.stdin is not None
            process.stdin.write(f"raced-{number}\n")
            process.stdin.flush()
        told = [json.loads(_line_of(process)) for process in crew]
        ids = [room for each in told for room in each["rooms"]]
        results += len(ids)
        if len(set(ids)) != 1:
            report.findings.append(f"round {number} gave {len(set(ids))} rooms")
        for each in told:
            errors.update(each["errors"])
            report.findings += each["findings"]
    report.figures["results"] = results
    report.errors["get or create"] = dict(sorted(errors.items()))
    if results != report.asked:
        report.findings.append(f"{report.asked} asked for, {results} results")


def _line_of(process: Crewman) -> str:
    """Read a line; a process that says nothing for too long is killed, and says nothing more."""
    assert process.stdout is not None
    deadline_error = threading.Timer(PATIENCE, process.kill)
    deadline_error.start()
    try:
        line = process.stdout.readline()
    finally:
        deadline_error.cancel()
        deadline_error.join()
    if not line:
        raise RuntimeError("a process of the race hangs or has ended before the race did")
    return line


def _account_for(report: Report, sandbox: Sandbox, rounds: int) -> None:
    names = [str(room["externalId"]) for room in sandbox.rooms]
    if sorted(names) != sorted(f"raced-{number}" for number in range(rounds)):
        report.findings.append(f"{rounds} rooms asked for, there are {names}")
    creates = sandbox.requests.of("create")
    report.figures["rooms"] = len(names)
    report.figures["creates sent"] = len(creates)
    report.figures["creates refused by 409"] = sum(each.status == 409 for each in creates)
    report.count_requests(sandbox)
