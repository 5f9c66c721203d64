"""`python -m tests.hostile`: every operation against every behaviour, and the figures.

With `--minutes` it begins again until the time is up: nothing may grow.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from time import monotonic

from tests.hostile.behaviours import TABLE
from tests.hostile.operations import OPERATIONS
from tests.hostile.run import Figures, run_awaited, run_blocking, stalls, worst_memory

STALL_GOAL = 0.1


async def _run(options: argparse.Namespace) -> bool:
    numbers = options.only or range(1, len(TABLE) + 1)
    operations = options.operation or list(OPERATIONS)
    until = monotonic() + 60 * options.minutes
    before = worst_memory()
    right = True
    while True:
        began = monotonic()
        figures = Figures()
        if options.face != "blocking":
            with stalls(figures):
                await run_awaited(numbers, operations, figures)
        if options.face != "awaited":
            await run_blocking(numbers, operations, figures)
        _report(figures, len(list(numbers)), len(operations), monotonic() - began, before)
        right = right and not figures.faults
        if monotonic() >= until:
            return right


def _report(figures: Figures, behaviours: int, operations: int, took: float, before: float) -> None:
    for fault in figures.faults[:20]:
        print(fault)
    for what, count in Counter(fault.what[:60] for fault in figures.faults).most_common(10):
        print(f"{count:6} times: {what!r}")
    print(
        f"{behaviours} behaviours, {operations} operations, {figures.calls} calls in {took:.0f} s: "
        f"{len(figures.faults)} faults"
    )
    if figures.worst_stall:
        print(f"worst stall {figures.worst_stall * 1000:.0f} ms, {figures.worst_stall_by}")
        if figures.worst_stall > STALL_GOAL:
            print(f"(more than the {STALL_GOAL * 1000:.0f} ms that are the goal)")
    print(f"worst memory {worst_memory():.0f} MB, {before:.0f} before", flush=True)


def main() -> int:
    """Run, and tell by the exit code whether all was right."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile")
    parser.add_argument("--minutes", type=float, default=0.0, help="begin again for so long")
    parser.add_argument("--face", choices=("awaited", "blocking"), help="one of the two clients")
    parser.add_argument("--operation", action="append", choices=list(OPERATIONS))
    parser.add_argument("--only", action="append", type=int, help="a behaviour's number, from 1")
    parser.add_argument("--list", action="store_true", help="print the behaviours")
    options = parser.parse_args()
    if options.list:
        for number, behaviour in enumerate(TABLE, 1):
            print(number, behaviour or "as usual")
        return 0
    return 0 if asyncio.run(_run(options)) else 1


if __name__ == "__main__":
    sys.exit(main())
