"""The rate limit (docs/api.md, Access)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.sandbox.support import Api
from videsk_rooms._emulator.limit import FixedWindow, SlidingWindow
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    import aiohttp

WINDOWS: list[Literal["fixed", "sliding"]] = ["fixed", "sliding"]


@pytest.mark.parametrize("window", WINDOWS)
async def test_over_the_limit(
    session: aiohttp.ClientSession, window: Literal["fixed", "sliding"]
) -> None:
    """The request after the last one allowed is a 429, until the second is over."""
    async with Sandbox(rate=2, window=window) as sandbox:
        api = Api(sandbox, session)
        assert [(await api.list()).status for _ in range(2)] == [200, 200]
        refused = await api.list()
        assert refused.status == 429
        assert refused.json["name"] == "TooManyRequests"
        assert refused.json["className"] == "too-many-requests"
        assert refused.headers["Retry-After"] == "1"
        sandbox.advance(timedelta(seconds=1))
        assert (await api.list()).status == 200


async def test_headers(session: aiohttp.ClientSession) -> None:
    """Four headers on every answer, also on errors and without a token."""
    async with Sandbox(rate=20) as sandbox:
        api = Api(sandbox, session)
        answers = [
            await api.create(),
            await api.create(name=1),
            await api.call("GET", "/"),
            await api.call("GET", "/vpaas/rooms", token="x"),
        ]
    names = ("Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset", "Ratelimit-Policy")
    assert [[answer.headers[name] for name in names] for answer in answers] == [
        ["20", str(left), "1", "20;w=1"] for left in (19, 18, 17, 16)
    ]


async def test_a_refused_request_is_not_processed(session: aiohttp.ClientSession) -> None:
    """A 429 creates nothing, uses no fault up, and says so in the log."""
    async with Sandbox(rate=1) as sandbox:
        api = Api(sandbox, session)
        await api.list()
        sandbox.faults.status(503)
        assert (await api.create()).status == 429
        assert sandbox.rooms == ()
        assert len(sandbox.faults.pending) == 1
        assert not sandbox.requests[-1].processed


async def test_without_retry_after(session: aiohttp.ClientSession) -> None:
    """Retry-After may be missing."""
    async with Sandbox(rate=1, retry_after=False) as sandbox:
        api = Api(sandbox, session)
        await api.list()
        refused = await api.list()
        assert refused.status == 429
        assert "Retry-After" not in refused.headers


async def test_no_limit(api: Api) -> None:
    """Without a rate there is no limit and no header of it."""
    answers = [await api.list() for _ in range(30)]
    assert {answer.status for answer in answers} == {200}
    assert not [name for name in answers[0].headers if name.lower().startswith("ratelimit")]


def test_fixed_seconds_begin_with_a_request() -> None:
    """Two bursts may meet at the border of two fixed seconds."""
    limit = FixedWindow(2)
    times = (10.0, 10.9, 10.95, 11.0, 11.1, 11.2, 12.0)
    allowed = [limit.count(now).allowed for now in times]
    assert allowed == [True, True, False, True, True, False, True]


def test_a_sliding_second_counts_back() -> None:
    """No second at all has more than the limit; refused requests do not prolong it."""
    limit = SlidingWindow(2)
    times = (10.0, 10.9, 10.95, 11.0, 11.1, 11.9, 12.0)
    allowed = [limit.count(now).allowed for now in times]
    assert allowed == [True, True, False, True, False, True, True]


def test_remaining_and_reset() -> None:
    """What is left is told with each request, and the reset in whole seconds."""
    for limit in (FixedWindow(2), SlidingWindow(2)):
        verdicts = [limit.count(now) for now in (5.0, 5.5, 5.6)]
        assert [verdict.remaining for verdict in verdicts] == [1, 0, 0]
        assert [verdict.reset for verdict in verdicts] == [1, 1, 1]


@pytest.mark.parametrize("arguments", [{"rate": 0}, {"window": "leaky"}])
def test_impossible_limits(arguments: dict[str, Any]) -> None:
    """A limit that cannot be is refused at once."""
    with pytest.raises(ValueError, match=r"give|use"):
        Sandbox(**arguments)


def test_a_verdict_says_how_long_its_window_has_lasted() -> None:
    """So that what came in one window is counted together, wherever it begins in a second."""
    fixed, sliding = FixedWindow(2), SlidingWindow(2)
    at = (10.75, 11.0, 11.5, 11.75, 14.0)
    assert [fixed.count(now).elapsed for now in at] == [0.0, 0.25, 0.75, 0.0, 0.0]
    assert [sliding.count(now).elapsed for now in at] == [0.0] * 5
