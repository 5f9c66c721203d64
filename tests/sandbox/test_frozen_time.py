"""Users who freeze time in their tests: the sandbox goes by it, and nothing hangs or leaps."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import freezegun
import pytest

from videsk_rooms import DeadlineExceededError, RateLimit, Retry, Room, Videsk

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from videsk_rooms.sandbox import Sandbox

    Freeze = Callable[[str], AbstractContextManager[Any]]


def _travel(when: str) -> AbstractContextManager[Any]:
    time_machine = pytest.importorskip("time_machine")
    travel: AbstractContextManager[Any] = time_machine.travel(when, tick=False)
    return travel


FREEZERS: dict[str, Freeze] = {"freezegun": freezegun.freeze_time, "time-machine": _travel}
each_freezer = pytest.mark.parametrize("freeze", FREEZERS.values(), ids=FREEZERS)
HOUR = timedelta(hours=1)


@each_freezer
@pytest.mark.parametrize("year", [2020, 2031])
def test_a_sandbox_goes_by_frozen_time(videsk_sandbox: Sandbox, freeze: Freeze, year: int) -> None:
    """Also one that was started before; and by its own again afterwards."""
    with freeze(f"{year}-05-17 12:00:00+00:00"):
        noon = datetime(year, 5, 17, 12, tzinfo=timezone.utc)
        assert videsk_sandbox.now == noon
        videsk_sandbox.advance(HOUR)
        assert videsk_sandbox.now == noon + HOUR
    assert abs(videsk_sandbox.now - HOUR - datetime.now(timezone.utc)) < timedelta(minutes=1)


@each_freezer
@pytest.mark.parametrize("year", [2020, 2031])
def test_rooms_live_in_frozen_time(
    videsk: Videsk, videsk_sandbox: Sandbox, freeze: Freeze, year: int
) -> None:
    """Code under test reckons with it, and so does the API that it calls."""
    with freeze(f"{year}-05-17 12:00:00+00:00"):
        room = videsk.rooms.create(name="Support", exp=HOUR)
        assert room.exp == datetime(year, 5, 17, 13, tzinfo=timezone.utc)
        assert room.is_open()
        assert videsk.rooms.join(room).exp == room.exp
    assert videsk_sandbox.rooms


@each_freezer
def test_retries_and_the_rate_limit_go_on_in_frozen_time(
    videsk_sandbox: Sandbox, freeze: Freeze
) -> None:
    """Their pauses end: they are the machine's, and no test's."""
    options: dict[str, Any] = {
        "retry": Retry(base_delay=0.01),
        "rate_limit": RateLimit(requests=2, per=0.1),
    }
    with (
        Videsk(videsk_sandbox.api_token, base_url=videsk_sandbox.url, **options) as videsk,
        freeze("2031-05-17"),
    ):
        videsk_sandbox.faults.status(503)
        for _ in range(5):
            videsk.rooms.list()
    assert len(videsk_sandbox.requests) == 6


@each_freezer
def test_deadlines_come_in_frozen_time(videsk_sandbox: Sandbox, freeze: Freeze) -> None:
    """Neither at once, when it is frozen, nor never."""
    videsk_sandbox.faults.delay(30.0)
    with Videsk(videsk_sandbox.api_token, base_url=videsk_sandbox.url, timeout=0.3) as videsk:
        began = time.perf_counter()
        with freeze("2031-05-17"), pytest.raises(DeadlineExceededError):
            videsk.rooms.list()
        assert 0.2 < time.perf_counter() - began < 10
        assert isinstance(videsk.with_options(timeout=9.0).rooms.create(), Room)
