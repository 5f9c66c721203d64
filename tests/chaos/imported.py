"""A file of rooms imported by the command line, which is killed at work and started again."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from videsk_rooms.sandbox import Sandbox

from .crew import CHECKED, ROOT, UNCHECKED_MEMORY
from .report import Report
from .stage import PATIENCE, make_bad
from .watch import watching

if TYPE_CHECKING:
    from collections.abc import Iterator

# Announced in each answer, and out of reach.
_RATE = 10_000
_KILLS = 2
_GLANCE = 0.005
# Whoever needs more runs than this gets nowhere.
_MOST_RUNS = 20
# An older typer on a click from 8.5 on.
_NOT_OURS = ("-W", "ignore:'click.utils:DeprecationWarning")


def run(*, creates: int, share: float, seed: int) -> Report:
    """Import a file of so many rows, kill the process twice, and run it again until all is done."""
    report = Report("imported", seed, share, creates)
    began = time.monotonic()
    with (
        watching(report.findings),
        tempfile.TemporaryDirectory() as folder,
        Sandbox(rate=_RATE, seed=seed) as sandbox,
    ):
        make_bad(sandbox, share, seed)
        file = Path(folder, "rooms.csv")
        _write_rows(file, creates)
        _import(report, sandbox, file)
        _account_for(report, sandbox, file)
        report.count_requests(sandbox)
    report.seconds = time.monotonic() - began
    return report


def _write_rows(file: Path, count: int) -> None:
    """Write rows; every other one has a name of its own, and some of the others are alike."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["name", "external_id", "exp", "settings"])
        for number in range(count):
            own = f"mine-{number}" if number % 2 else ""
            writer.writerow([f"room {number // 4}", own, "2h", '{"maxParticipants": 10}'])


def _import(report: Report, sandbox: Sandbox, file: Path) -> None:
    chance = random.Random(report.seed)
    kill_at = sorted(chance.sample(range(report.asked // 10, report.asked * 9 // 10), _KILLS))
    codes: Counter[str] = Counter()
    with file.with_name("complaints").open("wb") as complaints:
        while codes.total() < _MOST_RUNS and not codes["0"]:
            process = _start(sandbox, file, complaints.fileno())
            code = _ended(process, sandbox, kill_at)
            codes[str(code)] += 1
            if code not in {0, 1, 5, -9}:
                break
    if not codes["0"]:
        said = file.with_name("complaints").read_text("utf-8")[-2_000:]
        report.findings.append(f"never done, exit codes {dict(codes)}: {said}")
    report.figures["runs"], report.figures["kills"] = codes.total(), codes["-9"]
    report.errors["import"] = {f"exit code {code}": n for code, n in sorted(codes.items())}


def _start(sandbox: Sandbox, file: Path, complaints: int) -> subprocess.Popen[bytes]:
    account = {"VIDESK_API_TOKEN": sandbox.api_token, "VIDESK_BASE_URL": sandbox.url}
    return subprocess.Popen(
        [*CHECKED, *_NOT_OURS, "-m", "videsk_rooms.cli", "rooms", "import", str(file)],
        cwd=ROOT,
        env={**os.environ, **UNCHECKED_MEMORY, **account},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=complaints,
    )


def _ended(process: subprocess.Popen[bytes], sandbox: Sandbox, kill_at: list[int]) -> int:
    """Wait for the end, or bring it about as soon as so many requests have come."""
    latest = time.monotonic() + PATIENCE
    while process.poll() is None:
        if kill_at and len(sandbox.requests) >= kill_at[0]:
            kill_at.pop(0)
            process.kill()  # SIGKILL
        if time.monotonic() > latest:
            process.kill()
        time.sleep(_GLANCE)
    return process.returncode


def _account_for(report: Report, sandbox: Sandbox, file: Path) -> None:
    """Compare the rows, the rooms, and what the results say of them."""
    rooms = {str(room["externalId"]): str(room["id"]) for room in sandbox.rooms}
    told = list(_read(file.with_name("rooms.results.csv")))
    said = Counter(line["result"] for line in told)
    checks = {
        "not as many rooms as rows": len(sandbox.rooms) != report.asked,
        "not a result a row, in order": [line["row"] for line in told]
        != [str(number + 2) for number in range(report.asked)],
        "results of other rooms": {line["external_id"]: line["room"] for line in told} != rooms,
        "rows that failed": said["created"] + said["exists"] != report.asked,
        "something left beside": {path.name for path in file.parent.iterdir()}
        != {"rooms.csv", "rooms.results.csv", "complaints"},
    }
    report.findings += [what for what, found in checks.items() if found]
    report.figures["rooms"] = len(sandbox.rooms)
    report.figures |= {f"rows {result}": count for result, count in sorted(said.items())}


def _read(results: Path) -> Iterator[dict[str, str]]:
    if results.exists():
        with results.open(encoding="utf-8", newline="") as stream:
            yield from csv.DictReader(stream)
