"""Many rooms by hand: `python -m tests.scale --rooms 100000`."""

from __future__ import annotations

import argparse
import platform
import sys

from .run import Figures, run


def _main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.scale",
        description=(
            "Open many rooms by four worker processes of Celery that share one rate by Redis. One "
            "of them is killed at a quarter of the way, and at half of it two at once, with their "
            "main process; a batch is lost before, and handed out again. Fails if a room was lost "
            "or doubled. Needs redis-server."
        ),
    )
    parser.add_argument("--rooms", type=int, default=10_000, help="how many; 10000")
    parser.add_argument("--rate", type=int, default=400, help="requests a second; 400")
    given = parser.parse_args()
    figures = run(given.rooms, given.rate)
    print("\n".join(_lines(figures)))
    return 1 if figures.findings else 0


def _lines(figures: Figures) -> list[str]:
    answers = ", ".join(f"{name}: {count:,}" for name, count in figures.answers.items())
    batches, notes = (f"{size / 1e6:.1f} MB" for size in (figures.batch_bytes, figures.note_bytes))
    return [
        f"{figures.rooms:,} rooms at {figures.rate} a second, Python {platform.python_version()}",
        f"  worker processes  {figures.processes}, of which 3 were killed",
        f"  seconds           {figures.seconds:.0f}, {figures.used:.1%} of the limit",
        f"  over the limit    {figures.refused:,}",
        f"  answers           {answers}",
        f"  handed out again  {figures.handed_out_again} times",
        f"  in Redis          {batches} of batches at first, {notes} of notes in the end",
        *(f"  FOUND: {finding}" for finding in figures.findings),
        f"  {len(figures.findings)} findings" if figures.findings else "  all as it should be",
    ]


if __name__ == "__main__":
    sys.exit(_main())
