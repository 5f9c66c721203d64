"""A run: rooms by the processes of two machines, a process killed, and then a whole machine."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .crew import FAILED, MACHINES, PROCESSES, ROOMS, Crew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account

_SHOWN = 5


@dataclass
class Figures:
    """What a run brought.

    Attributes:
        rooms: How many were asked for.
        rate: The account's limit, in requests a second.
        processes: How many worked.
        seconds: From the first request to the last.
        used: The share of the limit that was used.
        answers: How many requests got which answer.
        refused: How many of those came over the limit.
        batch_bytes: What all batches took in Redis, before a worker began.
        note_bytes: What the notes of all rooms took, when all was over.
        handed_out_again: How often the appointments were, for batches that Redis had lost.
        findings: What is not as it should be.
    """

    rooms: int
    rate: int
    processes: int = PROCESSES * len(MACHINES)
    seconds: float = 0.0
    used: float = 0.0
    answers: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    batch_bytes: int = 0
    note_bytes: int = 0
    handed_out_again: int = 0
    findings: list[str] = field(default_factory=list)


def run(rooms: int, rate: int) -> Figures:
    """Have so many rooms opened; lose a batch, and kill workers meanwhile."""
    figures = Figures(rooms, rate)
    names = [f"appointment-{number}" for number in range(1, rooms + 1)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "names").write_text("\n".join(names), "utf-8")
        crew = Crew(stack, folder, rate)
        empty = _used_memory(crew)
        crew.hand_out(folder / "names")
        figures.batch_bytes = _used_memory(crew) - empty
        crew.lose_a_batch()
        first, second = MACHINES
        crew.start(first)
        crew.start(second)
        crew.wait_until_opened(rooms // 4)
        crew.kill_one_process(first)
        crew.wait_until_opened(rooms // 2)
        crew.kill(second)
        # Workers give away what is overdue when they start; otherwise they look now and then.
        time.sleep(crew.visibility)
        crew.start(second)
        # That batch, and what else was lost so (docs/guide/scaling-out.md).
        while not crew.is_opened(rooms):
            crew.hand_out(folder / "names")
            figures.handed_out_again += 1
        crew.stop()
        figures.note_bytes = int(crew.inside.memory_usage(ROOMS, samples=0) or 0)
        account = crew.account()
        figures.findings += _findings(names, crew, account)
    figures.answers, figures.refused = account.answers, account.refused
    figures.seconds = account.seconds
    figures.used = (sum(account.answers.values()) - account.refused) / (rate * account.seconds)
    return figures


def _findings(names: list[str], crew: Crew, account: Account) -> Iterator[str]:
    """Tell what was lost or doubled: appointments, rooms and notes are to be the same."""
    wanted = set(names)
    noted = crew.inside.hgetall(ROOMS)
    differences = {
        "appointments without a room": wanted - account.rooms.keys(),
        "rooms without an appointment": account.rooms.keys() - wanted,
        "notes that name another room": {
            name for name in wanted if noted.get(name) != account.rooms.get(name)
        },
        "notes of nothing": noted.keys() - wanted,
        "failed": crew.inside.hkeys(FAILED),
        "batches left": crew.inside.lrange("celery", 0, -1),
    }
    for what, found in differences.items():
        if found:
            yield f"{len(found)} {what}: {sorted(found)[:_SHOWN]}"
    if account.more:
        yield f"{account.more} rooms with the name of another"
    if account.answers.get("create 201") != len(names):
        yield f"not {len(names)} creates succeeded: {account.answers}"


def _used_memory(crew: Crew) -> int:
    return int(crew.inside.info("memory")["used_memory"])
