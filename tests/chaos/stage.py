"""What the runs of both clients have in common: a bad account, its callers, the account of it."""

from __future__ import annotations

import random
import time
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, get_args

from videsk_rooms.sandbox import FaultKind, Sandbox

from .caller import Caller, Scene
from .ledger import Ledger
from .tally import Tally
from .watch import watching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .caller import BlockingResource
    from .report import Report

# Reading 8 MiB takes ten times as long as anything else, so that it comes a third as often.
_COMMON, _RARE = 3, 1

# Twice what any call may take: when no caller has come to its end for so long, they hang.
PATIENCE = 60.0


def make_bad(sandbox: Sandbox, share: float, seed: int) -> None:
    """Let a share of requests fail in every way there is."""
    kinds: list[FaultKind] = []
    for kind in get_args(FaultKind):
        if kind != "answer":  # which is scripted only
            kinds += [kind] * (_RARE if kind == "enormous" else _COMMON)
    sandbox.faults.random(share, seed=seed, kinds=kinds)


@contextmanager
def staged(report: Report) -> Iterator[Stage]:
    """Set the stage, and when the play is over compare what is there with what should be."""
    began = time.monotonic()
    with watching(report.findings), Sandbox(rate=None, seed=report.seed) as sandbox:
        make_bad(sandbox, report.share, report.seed)
        stage = Stage(report, sandbox)
        yield stage
        report.figures["rooms"] = len(sandbox.rooms)
        report.figures["ended"] = stage.ledger.ended
        report.findings += stage.ledger.differences(sandbox.rooms)
        report.count_requests(sandbox)
    report.take(stage.tally)
    if len(stage.ledger.entries) != report.asked:
        report.findings.append(f"only {len(stage.ledger.entries)} callers came by a room")
    report.seconds = time.monotonic() - began


class Stage:
    """A bad account, and who counts what happens there."""

    def __init__(self, report: Report, sandbox: Sandbox) -> None:
        self.report = report
        self.sandbox = sandbox
        self.ledger = Ledger()
        self.tally = Tally()

    def callers(self, face: BlockingResource) -> Iterator[Caller]:
        """Make the callers: every other one has its own name for its room."""
        scene = Scene(face, self.sandbox, self.ledger, self.tally)
        for number in range(self.report.asked):
            chance = random.Random(f"{self.report.seed}/{number}")
            external_id = f"mine-{number}" if number % 2 else None
            yield Caller(scene, f"room {number}", external_id, chance)

    async def in_turn(self, callers: Iterator[Caller]) -> None:
        """Let callers live one after another; what surprises them is a finding."""
        for caller in callers:
            await self._live(caller)

    async def _live(self, caller: Caller) -> None:
        try:
            await caller.live()
        except Exception:
            self.report.findings.append(traceback.format_exc())
