"""The command line of the chaos."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Protocol

from . import awaited, imported, killed, raced, threads
from .report import as_plain, as_text

if TYPE_CHECKING:
    from .report import Report


class _Run(Protocol):
    def __call__(self, *, creates: int, share: float, seed: int) -> Report: ...


_MODES: dict[str, _Run] = {
    "awaited": awaited.run,
    "threads": threads.run,
    "killed": killed.run,
    "imported": imported.run,
    "raced": raced.run,
}
_CREATES = 400


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=(
            "Many calls against a sandbox of which a share of the requests fail, in every way "
            "there is; then the rooms are counted, and what was left open. Fails if anything is "
            "not as it should be."
        ),
    )
    parser.add_argument("--creates", type=int, default=_CREATES, help=f"how many; {_CREATES}")
    parser.add_argument("--faults", type=float, default=0.3, help="share of requests; 0.3")
    parser.add_argument("--seed", type=int, default=1, help="what decides by chance; 1")
    parser.add_argument("--mode", choices=[*_MODES, "all"], default="all")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    if given.creates < 1:
        parser.error("--creates: give 1 or more")
    if not 0 <= given.faults < 1:
        parser.error("--faults: give 0.0 up to below 1.0")
    return given


def _main() -> int:
    given = _arguments()
    # Of the loops that the clients and the sandbox start themselves, too.
    os.environ["PYTHONASYNCIODEBUG"] = "1"
    reports = []
    for mode in _MODES if given.mode == "all" else [given.mode]:
        report = _MODES[mode](creates=given.creates, share=given.faults, seed=given.seed)
        reports.append(report)
        if not given.json:
            print(as_text(report), flush=True)
    if given.json:
        json.dump([as_plain(report) for report in reports], sys.stdout, indent=2)
    return 1 if any(report.findings for report in reports) else 0


if __name__ == "__main__":
    sys.exit(_main())
