"""What time it was here when the store's clock showed something."""

from __future__ import annotations

import pytest

from videsk_rooms._ratelimit.store import MICRO, RemoteClock

AHEAD = 1_700_000_000.0  # of ours; stores count from 1970
QUICK, HELD_UP = 0.001, 0.030


def told(clock: RemoteClock, *, at: float, way: float, step: float = 0.0) -> float:
    """Return by how much an answer of a moment is taken to be later than it was."""
    return clock.ours(int((at + AHEAD + step) * MICRO), came=at + way) - at


def test_an_answer_that_was_held_up_is_dated_by_quicker_ones() -> None:
    """What it tells was true when it was sent, not when it came."""
    clock = RemoteClock()
    assert told(clock, at=100.0, way=QUICK) == pytest.approx(QUICK, abs=1e-5)
    assert told(clock, at=101.0, way=HELD_UP) == pytest.approx(QUICK, abs=1e-5)


def test_the_first_answer_is_all_that_is_known() -> None:
    """Until a quicker one comes, it is taken for quick."""
    clock = RemoteClock()
    assert told(clock, at=100.0, way=HELD_UP) == pytest.approx(HELD_UP, abs=1e-5)
    assert told(clock, at=101.0, way=QUICK) == pytest.approx(QUICK, abs=1e-5)


def test_a_clock_that_is_set_back_is_believed_at_once() -> None:
    """By the old time, all places would have come, and be confirmed again and again meanwhile."""
    clock = RemoteClock()
    told(clock, at=100.0, way=QUICK)
    assert told(clock, at=101.0, way=HELD_UP, step=-3600.0) == pytest.approx(HELD_UP, abs=1e-5)
    assert told(clock, at=102.0, way=QUICK, step=-3600.0) == pytest.approx(QUICK, abs=1e-5)


@pytest.mark.parametrize("step", [-2.0, 2.0])
def test_a_clock_that_is_set_is_believed_soon(step: float) -> None:
    """What answers told more than a few seconds ago does not count any more."""
    clock = RemoteClock()
    for second in range(100, 110):
        told(clock, at=float(second), way=QUICK)
    late = 0.0
    for second in range(110, 125):
        late = told(clock, at=float(second), way=QUICK, step=step)
    assert late == pytest.approx(QUICK, abs=1e-5)
