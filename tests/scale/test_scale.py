"""Workers are killed amid many rooms; in the small, what `python -m tests.scale` does."""

from __future__ import annotations

import pytest

from tests.ratelimit.redis_server import MISSING, PROGRAM

from .run import run

pytestmark = pytest.mark.any_python("what it adds up, other tests show one by one on every Python")


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_killed_workers_lose_no_room_and_make_none_twice() -> None:
    """A process amid its batch, and a machine with all that it had; and a batch that was lost."""
    figures = run(800, rate=400)
    assert figures.findings == []
    assert figures.handed_out_again >= 1
