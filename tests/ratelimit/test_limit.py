"""What the server's headers tell of the limit (docs/api.md, "Access")."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videsk_rooms import RateLimit
from videsk_rooms._ratelimit import make_limiter
from videsk_rooms._ratelimit.limit import Limit, ObservedLimit, limit_from_headers
from videsk_rooms._wire.message import Headers

if TYPE_CHECKING:
    from pathlib import Path

SET = Limit(20, 1.0)


@pytest.mark.parametrize(
    ("number", "policy", "limit"),
    [
        ("20", "20;w=1", Limit(20, 1.0)),
        ("20", None, Limit(20, 1.0)),
        (None, "20;w=1", Limit(20, 1.0)),
        (" 50 ", "50 ; w = 1", Limit(50, 1.0)),
        ("0020", "0020;w=01", Limit(20, 1.0)),
        ("1", "1;w=1", Limit(1, 1.0)),
        ("10000", "10000;w=1", Limit(10_000, 1.0)),
        ("100", "100;w=60", Limit(100, 60.0)),
        # Further parameters, before and after.
        ("20", '20;w=30;comment="sliding window"', Limit(20, 30.0)),
        ("20", "20;burst=1000;w=30", Limit(20, 30.0)),
        # As later drafts write a policy.
        (None, '"default";q=40;w=10', Limit(40, 10.0)),
        (None, '"default";w=10;q=40', Limit(40, 10.0)),
        ("40", '"default";q=40;w=10', Limit(40, 10.0)),
        # As earlier drafts write the limit: with the policies behind it.
        ("10, 10;w=1, 50;w=60", None, Limit(10, 1.0)),
        ("50, 10;w=1, 50;w=60", None, Limit(50, 60.0)),
        ("10;w=5", None, Limit(10, 5.0)),
    ],
)
def test_the_limit_is_read(number: str | None, policy: str | None, limit: Limit) -> None:
    """Every spelling of a number and its window."""
    assert limit_from_headers(number, policy) == limit


@pytest.mark.parametrize(
    ("number", "policy", "limit"),
    [
        ("10", "10;w=1, 50;w=60, 1000;w=3600", Limit(10, 1.0)),
        ("50", "10;w=1, 50;w=60, 1000;w=3600", Limit(50, 60.0)),
        ("30", "10;w=1, 50;w=60", Limit(30, 1.0)),
        (None, "10;w=1, 50;w=60, 1000;w=3600", Limit(16, 60.0)),
        (None, "10;w=1, 1000;w=1", Limit(10, 1.0)),
        ("20", "20;w=1, 20;w=60", Limit(20, 60.0)),
        ("20", "20;w=60, 20;w=1", Limit(20, 60.0)),
    ],
)
def test_of_several_policies_the_one_for_the_number_holds(
    number: str | None, policy: str, limit: Limit
) -> None:
    """Without a number, or with two windows for it, the one that allows the fewest a second."""
    assert limit_from_headers(number, policy) == limit


NONSENSE = [
    "",
    " ",
    "unlimited",
    "-20",
    "+20",
    "20.5",
    "2e1",
    "0x14",
    "20 per second",
    "20requests",
    "٢٠",
    "0",
    "00",
    "10001",
    "100020",
    "120000",
    "9" * 9,
    "9" * 4000,
]


@pytest.mark.parametrize("number", NONSENSE)
def test_a_number_that_cannot_be_paced_by_tells_nothing(number: str) -> None:
    """Nonsense, zero and enormous values, as the limit and in a policy."""
    assert limit_from_headers(number, None) is None
    assert limit_from_headers(None, f"{number};w=1") is None
    assert limit_from_headers(number, "20;w=2") == Limit(20, 2.0)


@pytest.mark.parametrize("window", [*NONSENSE[:13], "9" * 4000])
def test_a_window_that_cannot_be_is_one_second(window: str) -> None:
    """The number is one of requests a second."""
    assert limit_from_headers("20", f"20;w={window}") == Limit(20, 1.0)
    assert limit_from_headers(None, f"20;w={window}") is None


@pytest.mark.parametrize("policy", ["20", "w=1", ";w=1", "20;1", "20,w=1", ",,,;;;===", "20;w"])
def test_a_policy_that_is_none_tells_nothing(policy: str) -> None:
    """It names a number and a window, or nothing."""
    assert limit_from_headers(None, policy) is None
    assert limit_from_headers("30", policy) == Limit(30, 1.0)


@pytest.mark.parametrize(
    ("number", "policy", "limit"),
    [
        (None, "1;w=60", Limit(1, 60.0)),
        (None, "60;w=61", Limit(59, 60.0)),
        (None, "1000;w=3600", Limit(16, 60.0)),
        ("1000", "1000;w=3600", Limit(16, 60.0)),
        (None, "10000;w=86400", Limit(6, 60.0)),
        # Less than a request a minute.
        (None, "1;w=61", None),
        (None, "1;w=999999999", None),
        (None, "59;w=3600", None),
        (None, "20;w=1, 1;w=999999999", Limit(20, 1.0)),
        ("1", "1;w=999999999", Limit(1, 1.0)),
        ("20", "20;w=999999999, 20;w=1", Limit(20, 1.0)),
    ],
)
def test_no_header_holds_the_client_for_more_than_a_minute(
    number: str | None, policy: str | None, limit: Limit | None
) -> None:
    """A longer window is paced by what it allows in a minute; one that allows nothing is none."""
    assert limit_from_headers(number, policy) == limit


@given(st.none() | st.text(), st.none() | st.text(alphabet='0123456789;w=q," ') | st.text())
def test_whatever_comes_is_a_limit_or_none(number: str | None, policy: str | None) -> None:
    """A header raises nothing, and no limit is out of range."""
    limit = limit_from_headers(number, policy)
    assert limit is None or (1 <= limit.requests <= 10_000 and 1.0 <= limit.per <= 60.0)


def test_the_limit_that_was_set_holds_until_another_is_told() -> None:
    """Answers without the headers, or with nonsense, change nothing; names come in any case."""
    learned = ObservedLimit(SET)
    for headers in ({}, {"Ratelimit-Limit": "many"}, {"RateLimit-Limit": "20"}):
        assert not learned.learn(Headers(headers))
        assert learned.limit == SET
    assert learned.learn(Headers({"RATELIMIT-LIMIT": "50", "ratelimit-policy": "50;w=10"}))
    assert learned.limit == Limit(50, 10.0)


def test_what_was_told_stays_when_an_answer_says_nothing() -> None:
    """A proxy's page has no such headers, and is no reason to go back."""
    learned = ObservedLimit(SET)
    learned.learn(Headers({"Ratelimit-Limit": "5"}))
    assert not learned.learn(Headers({}))
    assert not learned.learn(Headers({"Ratelimit-Limit": "5"}))
    assert learned.limit == Limit(5, 1.0)


def test_a_limit_goes_up_and_down() -> None:
    """Whenever another one is told."""
    learned = ObservedLimit(SET)
    told = [learned.learn(Headers({"Ratelimit-Limit": number})) for number in ("40", "10", "10")]
    assert told == [True, True, False]
    assert learned.limit == Limit(10, 1.0)


def test_a_change_of_the_limit_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """`Ratelimit-Limit: 1` where 20 was set is believed, and somebody hears of it."""
    learned = ObservedLimit(SET)
    learned.learn(Headers({"Ratelimit-Limit": "1"}))
    learned.learn(Headers({"Ratelimit-Policy": "5;w=10"}))
    learned.learn(Headers({"Ratelimit-Policy": "5;w=10", "Date": "now"}))
    assert {(record.levelname, record.name) for record in caplog.records} == {
        ("WARNING", "videsk_rooms")
    }
    set_, first, second = (
        "20 requests in 1 s (set by rate_limit)",
        "1 request in 1 s (by the server's Ratelimit-Limit header)",
        "5 requests in 10 s (by the server's Ratelimit-Policy header)",
    )
    assert [record.message for record in caplog.records] == [
        f"the rate limit is now {first}; it was {set_}",
        f"the rate limit is now {second}; it was {first}",
    ]


def test_a_higher_limit_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    """It is what a contract says, and slows nobody down."""
    caplog.set_level(logging.INFO, "videsk_rooms")
    ObservedLimit(SET).learn(Headers({"Ratelimit-Limit": "40"}))
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_limit_that_goes_to_and_fro_is_logged_once_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not with every answer, and no more than 16 of them."""
    caplog.set_level(logging.INFO, "videsk_rooms")
    learned = ObservedLimit(SET)
    for turn in range(10):
        learned.learn(Headers({"Ratelimit-Limit": str(20 + turn % 2)}))
    assert len(caplog.records) == 1
    for number in range(100, 200):
        learned.learn(Headers({"Ratelimit-Limit": str(number)}))
    assert len(caplog.records) == 16


@pytest.mark.parametrize(
    ("pause", "shared", "says"),
    [
        (None, False, ""),
        (12.0, False, ", and a 429 pauses all calls for 12 s more"),
        (None, True, ", shared with other processes"),
        (
            12.0,
            True,
            ", and a 429 pauses all calls for 12 s more, shared with other processes",
        ),
    ],
)
async def test_what_is_waited_for_names_the_limit_and_a_pause(
    pause: float | None, shared: bool, says: str, tmp_path: Path
) -> None:
    """Where the limit comes from, whether a 429 is the reason, and who else has a part in it."""
    name = f"file:{tmp_path / 'limit'}" if shared else None
    limiter = make_limiter(RateLimit(shared=name), object(), lambda: "a-token")
    if pause is not None:
        limiter.pause(pause)
    assert limiter.waited_for() == f"the rate limit of 20 requests in 1 s (set by rate_limit){says}"
    await limiter.close()
