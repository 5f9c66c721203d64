"""How long a stock pauses after failures."""

from __future__ import annotations

import pytest

from videsk_rooms._operations.stock import pause_after


@pytest.mark.parametrize("failures", [1, 2, 3, 6, 100, 5000])
def test_the_pause_after_failures_is_bounded(failures: int) -> None:
    """However long an outage lasts."""
    longest = min(2 ** (failures - 1), 30)
    assert longest / 2 <= pause_after(failures) <= longest
