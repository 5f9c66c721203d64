"""The section of import times, each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .peers import of_requests
from .tables import Table

if TYPE_CHECKING:
    from .measure import Effort, Timings

_ROOT = Path(__file__).parents[2]
_TIMED = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
_REQUESTS = "import requests"
_STATEMENTS = (
    "import videsk_rooms",
    "from videsk_rooms import AsyncVidesk",
    "import aiohttp",
    "import httpx",
    _REQUESTS,
)


def import_(effort: Effort) -> Table:
    """Import the package, the package with its client, and its peers."""
    timings: Timings = {statement: [] for statement in _STATEMENTS}
    for _ in range(effort.repeats):
        for statement in _STATEMENTS:
            timings[statement].append(_seconds(statement))
    timings[of_requests(_REQUESTS)] = timings.pop(_REQUESTS)
    return Table.of("import", "import, fresh interpreters", "ms", timings, {})


def _seconds(statement: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _TIMED.format(statement)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
