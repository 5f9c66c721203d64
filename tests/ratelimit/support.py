"""Scripts in processes of their own, and what tests of every store check."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, TypedDict

import pytest

from videsk_rooms import AsyncVidesk, RateLimit, Videsk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videsk_rooms._ratelimit.limit import Limit
    from videsk_rooms.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


class Environment(TypedDict):
    """Where a process of this tree runs."""

    cwd: Path
    env: dict[str, str]


def environment() -> Environment:
    """Have a process import this tree."""
    return {"cwd": ROOT, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a script that imports this tree; warnings are errors there too."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **environment(),
    )


def finished(process: subprocess.Popen[str]) -> str:
    """Wait for a script to end well; return what it printed."""
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    return output


def run(script: str, *arguments: object) -> str:
    """Run a script; return what it printed."""
    return finished(started(script, *arguments))


def check_paced(times: Sequence[float], limit: Limit) -> None:
    """Check that no window of permits holds more than the limit."""
    in_order = sorted(times)
    for earlier, later in zip(in_order, in_order[limit.requests :], strict=False):
        assert later - earlier >= limit.per


def check_both_faces_share(sandbox: Sandbox, shared: str) -> None:
    """See an awaited and a blocking client use up one limit."""
    rate_limit = RateLimit(requests=3, per=60.0, shared=shared)

    async def two_calls() -> None:
        videsk = AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=rate_limit)
        async with videsk:
            await videsk.rooms.list()
            await videsk.rooms.list()

    asyncio.run(two_calls())
    videsk = Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=rate_limit)
    with videsk:
        videsk.rooms.list()
        with pytest.raises(TimeoutError, match="rate limit"):
            videsk.with_options(timeout=1.0).rooms.list()
    assert len(sandbox.requests) == 3
