"""Times as people type and read them."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
import typer

from videsk_rooms.cli._output import wire
from videsk_rooms.cli._times import distance, local, local_in_full, moment, start_or_moment

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
# Written out, so that no file of zones is needed. Santiago's clocks are set at the local midnight.
SANTIAGO = "<-04>4<-03>,M9.1.6/24,M4.1.6/24"
MADRID = "CET-1CEST,M3.5.0,M10.5.0/3"


@pytest.mark.parametrize(
    ("text", "ahead"),
    [
        ("now", timedelta()),
        ("0m", timedelta()),
        ("2h", timedelta(hours=2)),
        ("90m", timedelta(minutes=90)),
        ("3d", timedelta(days=3)),
        ("45s", timedelta(seconds=45)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_a_time_from_now(text: str, ahead: timedelta) -> None:
    """Counted from the moment at which it is read."""
    before = datetime.now(timezone.utc)
    read = moment(text)
    assert before + ahead <= read <= datetime.now(timezone.utc) + ahead


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-12-24 16:00", "2026-12-24T19:00:00.000Z"),
        ("2026-07-24 16:00", "2026-07-24T20:00:00.000Z"),
        ("2026-12-24T16:00:30", "2026-12-24T19:00:30.000Z"),
        ("2026-12-24 16:00Z", "2026-12-24T16:00:00.000Z"),
        ("2026-12-24T16:00:30.250Z", "2026-12-24T16:00:30.250Z"),
        ("2026-12-24 16:00:30.25 -03:00", "2026-12-24T19:00:30.250Z"),
        ("2026-12-24t16:00z", "2026-12-24T16:00:00.000Z"),
        ("2026-12-24 16:00+01:00", "2026-12-24T15:00:00.000Z"),
        ("2026-12-24 16:00 -0530", "2026-12-24T21:30:00.000Z"),
    ],
)
def test_a_date_and_time(in_zone: Callable[[str], None], text: str, read: str) -> None:
    """In the local zone, summer and winter, unless it says otherwise."""
    in_zone(SANTIAGO)
    assert wire(moment(text)) == read


@pytest.mark.parametrize(
    ("zone", "text", "meant"),
    [
        (SANTIAGO, "2026-04-04 23:30", ["2026-04-04T23:30-03:00", "2026-04-04T23:30-04:00"]),
        (MADRID, "2026-10-25 02:30", ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"]),
    ],
)
def test_a_time_that_comes_twice_is_refused(
    in_zone: Callable[[str], None], zone: str, text: str, meant: list[str]
) -> None:
    """With both that may be meant, each to be typed as it stands."""
    in_zone(zone)
    with pytest.raises(typer.BadParameter, match="occurs twice") as caught:
        moment(text)
    assert caught.value.message.endswith(" or ".join(meant))
    assert moment(meant[1]) - moment(meant[0]) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "text", "meant"),
    [
        (SANTIAGO, "2026-09-06 00:30", ["2026-09-06T03:30Z", "2026-09-06T04:30Z"]),
        (MADRID, "2026-03-29 02:30", ["2026-03-29T00:30Z", "2026-03-29T01:30Z"]),
    ],
)
def test_a_time_that_never_comes_is_refused(
    in_zone: Callable[[str], None], zone: str, text: str, meant: list[str]
) -> None:
    """With both that may be meant, each to be typed as it stands."""
    in_zone(zone)
    with pytest.raises(typer.BadParameter, match="does not occur") as caught:
        moment(text)
    assert caught.value.message.endswith(" or ".join(meant))


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "2", "h", "2x", "-2h", "1.5h", "2 h", "h2", "2m1h", "٢h", "tomorrow", "16:00"),
        *("2026-12-24", "2026-12-24 16", "24-12-2026 16:00", "2026-12-24 16:00 CET"),
        *("2026-02-30 10:00", "2026-12-24 25:00", "2026-12-24 16:00+25:00"),
        *("2026-12-24 16:00+01:60", "999999d999999d", "9999999d", "9999-12-31T23:59-10:00"),
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """With what would be right."""
    with pytest.raises(typer.BadParameter) as caught:
        wire(moment(text))
    assert repr(text) in caught.value.message
    assert "2h" in caught.value.message


def test_times_are_shown_in_the_local_zone(in_zone: Callable[[str], None]) -> None:
    """In full with the offset that holds then, and with how far it is."""
    in_zone(MADRID)
    assert local(NOON) == "2026-07-01 14:00"
    shown = local_in_full(NOON, NOON - timedelta(minutes=90))
    assert shown == "2026-07-01 14:00:00 +02:00 (in 1 h 30 min)"
    in_zone("UTC0")
    assert local_in_full(NOON, NOON) == "2026-07-01 12:00:00 Z (now)"


def test_the_ends_of_the_calendar_are_shown_in_utc(in_zone: Callable[[str], None]) -> None:
    """There is no local time beyond them."""
    in_zone(MADRID)
    assert time.timezone == -3600
    assert local(datetime.max.replace(tzinfo=timezone.utc)) == "9999-12-31 23:59"


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (timedelta(), "now"),
        (timedelta(seconds=0.4), "now"),
        (timedelta(seconds=59), "in 59 s"),
        (timedelta(seconds=-61), "1 min 1 s ago"),
        (timedelta(minutes=45) - timedelta(seconds=1), "in 45 min"),
        (timedelta(hours=1) - timedelta(seconds=1), "in 1 h"),
        (timedelta(hours=2) - timedelta(seconds=1), "in 2 h"),
        (timedelta(hours=-2, minutes=-5), "2 h 5 min ago"),
        (timedelta(days=3, minutes=-1), "in 3 d"),
        (timedelta(days=3, hours=5), "in 3 d 5 h"),
    ],
)
def test_how_far_a_time_is(apart: timedelta, words: str) -> None:
    """In its two largest units, rounded as people would."""
    assert distance(apart) == words


@pytest.mark.parametrize(
    ("zone", "text", "start"),
    [
        (SANTIAGO, "2026-12-24", "2026-12-24T03:00:00.000Z"),
        (SANTIAGO, "2026-09-06", "2026-09-06T04:00:00.000Z"),  # has no 00:00: it begins at 01:00
        (SANTIAGO, "2026-04-05", "2026-04-05T04:00:00.000Z"),  # 23:00 of the day before came twice
        (MADRID, "2026-12-24", "2026-12-23T23:00:00.000Z"),
    ],
)
def test_a_day_is_its_start(
    in_zone: Callable[[str], None], zone: str, text: str, start: str
) -> None:
    """In the local zone, also where clocks are set at midnight."""
    in_zone(zone)
    assert wire(start_or_moment(text)) == start


def test_a_day_that_a_zone_left_out_is_a_time_too(in_zone: Callable[[str], None]) -> None:
    """Samoa had no 30 December 2011."""
    in_zone("Pacific/Apia")
    assert abs(
        start_or_moment("2011-12-30") - datetime(2011, 12, 30, tzinfo=timezone.utc)
    ) <= timedelta(days=1)


def test_days_by_their_names(in_zone: Callable[[str], None]) -> None:
    """From midnight to midnight, around now."""
    in_zone("<+00>0")
    yesterday, today, tomorrow = map(start_or_moment, ("yesterday", "today", "tomorrow"))
    assert today <= datetime.now(timezone.utc) < tomorrow + timedelta(minutes=1)
    assert tomorrow - today == today - yesterday == timedelta(days=1)
    assert wire(today).endswith("T00:00:00.000Z")


def test_a_time_goes_where_a_day_goes() -> None:
    """As for `--exp`."""
    assert start_or_moment("2026-12-24T16:00Z") == datetime(2026, 12, 24, 16, tzinfo=timezone.utc)


@pytest.mark.parametrize("text", ["2026-02-31", "0000-01-01", "24-12-2026", "last week"])
def test_what_is_neither_a_day_nor_a_time_is_refused(text: str) -> None:
    """With the days that can be typed."""
    with pytest.raises(typer.BadParameter, match="yesterday, today or 2026-12-24"):
        start_or_moment(text)
