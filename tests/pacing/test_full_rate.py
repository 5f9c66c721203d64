"""The whole of the limit is used, and no more: processes against a server that counts."""

from __future__ import annotations

import pytest

from tests.pacing.measure import RATE, Sharing, Window, measure
from tests.pacing.redis_server import MISSING, PROGRAM
from videsk_rooms._pacing._limit import SPREAD

SECONDS = 5.0


@pytest.mark.parametrize(
    ("sharing", "processes", "window"),
    [
        ("one process", 1, "fixed"),
        ("a file", 4, "sliding"),
        pytest.param(
            "Redis",
            4,
            "sliding",
            marks=pytest.mark.skipif(PROGRAM is None, reason=MISSING),
        ),
    ],
)
def test_the_limit_is_used_and_kept(sharing: Sharing, processes: int, window: Window) -> None:
    """No request is over it, hardly a place is left unused, and nobody waits out of turn."""
    figures = measure(sharing, processes, window, seconds=SECONDS)
    print(figures)
    # The promise holds while requests take about as long to arrive as those before them. A machine
    # that lets a process stand still for longer than the margin breaks it for everybody; then some
    # may be over, but not many.
    stalled = figures.stall > SPREAD
    assert figures.over <= (RATE * SECONDS * 0.1 if stalled else 0)
    assert figures.used >= (0.8 if stalled else 0.95)
    assert figures.longest_wait <= (4 if stalled else 2) * figures.median_wait
