"""What answers tell of the path to the server."""

from __future__ import annotations

import pytest

from videsk_rooms._ratelimit.path import Path


def known(*trips: float, operation: str = "get") -> Path:
    """Return a path of which these trips are known, in seconds."""
    path = Path()
    for trip in trips:
        path.note(operation, trip)
    return path


def test_nothing_is_assumed_of_a_path_that_nobody_knows() -> None:
    """A request may be counted as it leaves, or much later."""
    path = Path()
    assert (path.out, path.back("get")) == (0.0, 0.0)
    assert path.late("get") >= 1.0


def test_few_answers_are_doubted_by_all_that_they_differ() -> None:
    """The least of them says little of the least that there is."""
    path = known(0.120, 0.130, 0.160)
    assert path.out + path.back("get") == pytest.approx(0.120 - 0.040)
    assert path.late("get") >= 1.0


def test_many_answers_are_doubted_by_what_the_quickest_differ() -> None:
    """A slow one says nothing of the shortest way."""
    path = known(*(0.120 + number / 1000 for number in range(47)), 0.600)
    assert path.out + path.back("get") == pytest.approx(0.120 - 0.006)
    assert path.late("get") == pytest.approx(1.5 * 0.480 + 0.020)


def test_a_shorter_trip_is_believed_at_once() -> None:
    """The route has changed, and requests arrive sooner from now on."""
    path = known(*[0.200] * 100)
    assert path.out == pytest.approx(0.100)
    path.note("get", 0.080)
    assert path.out + path.back("get") <= 0.080


def test_old_trips_are_forgotten() -> None:
    """The route has become longer."""
    path = known(*[0.080] * 100)
    for _ in range(300):
        path.note("get", 0.200)
    assert path.out + path.back("get") == pytest.approx(0.200)


def test_the_work_for_an_operation_is_on_the_way_back() -> None:
    """The server counts before it works: a slow operation leaves no later."""
    path = known(*[0.100] * 30)
    for _ in range(30):
        path.note("create", 0.400)
    assert path.out == pytest.approx(0.050)
    assert path.back("get") == pytest.approx(0.050)
    assert path.back("create") == pytest.approx(0.350)
