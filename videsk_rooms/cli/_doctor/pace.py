"""The Redis that machines share the rate limit by."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import videsk_rooms
from videsk_rooms.cli._output import describe_error, warnings_to
from videsk_rooms.errors import ConfigurationError, VideskError

from .report import Finding, Report, failed, ok, skipped

if TYPE_CHECKING:
    from videsk_rooms import RateLimit
    from videsk_rooms.cli._account import CommandContext

_PATIENCE = 5.0


def look_at(report: Report, asked: CommandContext, url: str, *, can_call: bool) -> None:
    """Report whether Redis answers, how its clock stands, and whether pacing by it works.

    Args:
        report: Where the findings go.
        asked: Which account.
        url: The URL of Redis.
        can_call: Whether there is a token and an address, which a paced call needs.
    """
    try:
        shared = videsk_rooms.RateLimit(shared=url)
    except ConfigurationError as error:
        report.add(_unusable("Redis", error))
        return
    if not report.add(_answers(url)):
        report.add(skipped("pacing", "needs Redis"))
    elif not can_call:
        report.add(skipped("pacing", "needs a token and the API's address"))
    else:
        report.add(_paces(asked, shared))


def _answers(url: str) -> Finding:
    try:
        from redis import Redis, RedisError
        from redis.backoff import NoBackoff
        from redis.retry import Retry as RedisRetry
    except ImportError:
        return failed(
            "Redis", "its client is not installed", "run: pip install 'videsk-rooms[redis]'"
        )
    try:
        with Redis.from_url(
            url,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=RedisRetry(NoBackoff(), 0),
        ) as redis:
            redis.ping()
            before = time.time()
            seconds, micro = redis.time()
            after = time.time()
    except (RedisError, OSError, ValueError) as error:
        return failed(
            "Redis",
            f"no answer: {type(error).__name__}: {_without_password(str(error), url)}",
            "see whether it runs, and whether host, port, user and password of --redis are right",
        )
    ahead = (before + after) / 2 - (seconds + micro / 1_000_000)
    found = (
        f"answers within {(after - before) * 1000:.1f} ms; this machine's clock is "
        f"{abs(ahead):.3f} s {'ahead' if ahead > 0 else 'behind'}, which pacing does not mind"
    )
    return ok("Redis", found, seconds=round(after - before, 4), ahead=round(ahead, 3))


def _paces(asked: CommandContext, shared: RateLimit) -> Finding:
    """Make a call that is paced by Redis: its script runs before that leaves, however it ends."""
    once = videsk_rooms.Retry(attempts=1)
    heard: list[str] = []
    with asked.client() as videsk, warnings_to(heard.append):
        try:
            paced = videsk.with_options(rate_limit=shared, retry=once)
        except ConfigurationError as error:
            return _unusable("pacing", error)
        with suppress(VideskError):
            paced.request("GET", "/vpaas/rooms", query={"$limit": 1})
    if not heard:
        return ok("pacing", "a call was paced by it")
    return failed(
        "pacing",
        heard[0],
        "let the user of --redis run scripts (EVALSHA, SCRIPT LOAD) that use TIME, GET, SET, "
        "PEXPIRE and sorted sets, on keys that begin with {videsk-rooms:",
    )


def _unusable(check: str, error: ConfigurationError) -> Finding:
    found, _, remedy = describe_error(error).replace("RateLimit.shared", "--redis").partition("; ")
    return failed(check, found, remedy or None)


def _without_password(text: str, url: str) -> str:
    password = urlsplit(url).password
    for spelled in filter(None, (password, unquote(password or ""))):
        text = text.replace(spelled, "[removed]")
    return text
