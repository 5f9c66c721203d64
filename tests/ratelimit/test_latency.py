"""The latency to the server, as answers show it."""

from __future__ import annotations

import pytest

from videsk_rooms._ratelimit.latency import Latency


def known(*trips: float, operation: str = "get") -> Latency:
    """Return a path of which these trips are known, in seconds."""
    latency = Latency()
    for trip in trips:
        latency.note(operation, trip)
    return latency


def test_nothing_is_assumed_of_a_path_that_nobody_knows() -> None:
    """A request may be counted as it leaves, or much later."""
    latency = Latency()
    assert (latency.out, latency.back("get")) == (0.0, 0.0)
    assert latency.late("get") >= 1.0


def test_the_first_answers_say_nothing() -> None:
    """Of a cold or busy server, all may be far from the shortest trip that there is."""
    latency = known(*[0.120] * 4)
    assert (latency.out, latency.back("get")) == (0.0, 0.0)
    assert latency.late("get") >= 1.0


def test_an_operation_with_too_few_answers_says_nothing_of_the_way_out() -> None:
    """Or a process that knows its way would seem to have a shorter one, and hold up others."""
    latency = known(*[0.120] * 20)
    latency.note("create", 0.010)
    assert (latency.out, latency.back("get")) == (0.060, 0.060)
    assert latency.back("create") == 0.0


def test_few_answers_are_doubted_by_all_that_they_differ() -> None:
    """The least of them says little of the least that there is."""
    latency = known(0.120, 0.130, 0.160, 0.140, 0.130)
    assert latency.out + latency.back("get") == pytest.approx(0.120 - 0.040)
    assert latency.late("get") >= 1.0


def test_many_answers_are_doubted_by_what_the_quickest_differ() -> None:
    """A slow one says nothing of the shortest way."""
    latency = known(*(0.120 + number / 1000 for number in range(47)), 0.600)
    assert latency.out + latency.back("get") == pytest.approx(0.120 - 0.006)
    assert latency.late("get") == pytest.approx(1.5 * 0.480 + 0.020)


def test_a_shorter_trip_is_believed_at_once() -> None:
    """The route has changed, and requests arrive sooner from now on."""
    latency = known(*[0.200] * 100)
    assert latency.out == pytest.approx(0.100)
    latency.note("get", 0.080)
    assert latency.out + latency.back("get") <= 0.080


def test_old_trips_are_forgotten() -> None:
    """The route has become longer."""
    latency = known(*[0.080] * 100)
    for _ in range(300):
        latency.note("get", 0.200)
    assert latency.out + latency.back("get") == pytest.approx(0.200)


def test_the_work_for_an_operation_is_on_the_way_back() -> None:
    """The server counts before it works: a slow operation leaves no later."""
    latency = known(*[0.100] * 30)
    for _ in range(30):
        latency.note("create", 0.400)
    assert latency.out == pytest.approx(0.050)
    assert latency.back("get") == pytest.approx(0.050)
    assert latency.back("create") == pytest.approx(0.350)
