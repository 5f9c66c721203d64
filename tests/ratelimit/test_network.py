"""The network of the tests: what it holds back, and how its server counts."""

from __future__ import annotations

import time
from random import Random

import pytest

from videsk_rooms import AsyncVidesk, RateLimitError, Retry

from .delay import Delay, Jitter
from .network import RATE, Path, network
from .runs import Setting, count_over, judge


@pytest.mark.parametrize("jitter", ["exponential", "lognormal", "uniform"])
def test_jitter_only_adds(jitter: Jitter) -> None:
    """Nothing is faster than the least; on average it takes what was asked for."""
    random = Random(1)
    delay = Delay(0.060, jitter, 0.020)
    drawn = [delay.draw(random, 0.0) for _ in range(20_000)]
    assert min(drawn) >= 0.060
    mean = 0.010 if jitter == "uniform" else 0.020
    assert sum(drawn) / len(drawn) == pytest.approx(0.060 + mean, rel=0.05)


def test_a_delay_changes_with_time() -> None:
    """It drifts and comes back, the route changes, and at times nothing passes."""
    random = Random(1)
    drifting = Delay(0.1, drift=0.01, drift_for=10.0)
    assert [drifting.draw(random, at) for at in (0.0, 10.0, 15.0, 20.0)] == pytest.approx(
        [0.1, 0.2, 0.15, 0.1]
    )
    changing = Delay(0.1, change_at=5.0, change_by=-0.04)
    assert [changing.draw(random, at) for at in (4.9, 5.0)] == pytest.approx([0.1, 0.06])
    stalling = Delay(0.1, stall_every=5.0, stall_for=0.3)
    assert [stalling.draw(random, at) for at in (4.6, 4.8, 5.0)] == pytest.approx([0.1, 0.3, 0.1])
    spiking = Delay(0.1, spike_share=1.0, spike=0.15)
    assert spiking.draw(random, 0.0) == pytest.approx(0.25)


async def test_the_relay_holds_back_what_passes() -> None:
    """Both ways, and the server's work; what the server has counted is told at the end."""
    path = Path(Delay(0.030, cold=0.100), Delay(0.020), Delay(0.050))
    with network(path) as server:
        async with AsyncVidesk(server.api_token, base_url=server.url) as videsk:
            took: list[float] = []
            for _ in range(2):
                begun = time.monotonic()
                await videsk.rooms.list()
                took.append(time.monotonic() - begun)
        arrivals = server.end()
    assert took[0] >= 0.200
    assert took[1] >= 0.100
    assert [(each.status, each.operation) for each in arrivals] == 2 * [(200, "list")]
    assert arrivals[1].at - arrivals[0].at >= 0.100


async def test_the_server_counts_a_sliding_second() -> None:
    """It refuses one request more than the limit."""
    with network(Path()) as server:
        async with AsyncVidesk(
            server.api_token, base_url=server.url, rate_limit=None, retry=Retry(attempts=1)
        ) as videsk:
            for _ in range(RATE):
                await videsk.rooms.list()
            with pytest.raises(RateLimitError):
                await videsk.rooms.list()
        arrivals = server.end()
    assert [each.refused for each in arrivals] == [False] * RATE + [True]
    assert count_over([each.at for each in arrivals]) == 1
    report = {"calls": [0.1] * RATE, "gets": [], "created": 0, "failed": 0, "standstill": 0.0}
    figures = judge(Setting("", Path(), ()), arrivals, [report], seconds=1.0)
    assert (figures.used, figures.refused, figures.over) == (1.0, 1, 1)
    assert figures.requests_a_call == (RATE + 1) / RATE


def test_moments_are_over_if_too_many_are_in_a_second() -> None:
    """Of whatever second, in whatever order."""
    a_second = [moment / 20 for moment in range(RATE)]
    assert count_over([*a_second, 1.0]) == 0
    assert count_over([1.9, *a_second, 0.999]) == 1
