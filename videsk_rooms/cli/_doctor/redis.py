"""Checks the Redis that shares the rate limit between machines."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import videsk_rooms
from videsk_rooms.cli._output import warnings_to
from videsk_rooms.errors import ConfigurationError, VideskError

from .report import Finding, Report, failed, ok, refused, skipped

if TYPE_CHECKING:
    from videsk_rooms import RateLimit
    from videsk_rooms.cli._account import CommandContext

_TIMEOUT = 5.0


def check_redis(report: Report, context: CommandContext, url: str, *, can_call: bool) -> None:
    """Report on Redis, its clock, and its pacing of a call.

    Args:
        report: The report.
        context: The account.
        url: The URL of Redis.
        can_call: Whether there are a token and an address, which a call needs.
    """
    try:
        shared = videsk_rooms.RateLimit(shared=url)
    except ConfigurationError as error:
        report.add(refused("Redis", error, "RateLimit.shared", "--redis"))
        return
    if not report.add(_answers(url)):
        report.add(skipped("pacing", "needs Redis"))
    elif not can_call:
        report.add(skipped("pacing", "needs a token and the API's address"))
    else:
        report.add(_paces(context, shared))


def _answers(url: str) -> Finding:
    try:
        from redis import Redis, RedisError
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        remedy = "run: pip install 'videsk-rooms[redis]'"
        return failed("Redis", "its client is not installed", remedy)
    once = Retry(NoBackoff(), 0)
    try:
        with Redis.from_url(
            url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=once
        ) as redis:
            redis.ping()
            before = time.time()
            seconds, micro = redis.time()
            after = time.time()
    except (RedisError, OSError, ValueError) as error:
        return failed(
            "Redis",
            f"no response: {type(error).__name__}: {_without_password(str(error), url)}",
            "check that it runs, and the host, port, user and password of --redis",
        )
    ahead = (before + after) / 2 - (seconds + micro / 1_000_000)
    found = (
        f"responds within {(after - before) * 1000:.1f} ms; this machine's clock is "
        f"{abs(ahead):.3f} s {'ahead' if ahead > 0 else 'behind'}, which does not matter"
    )
    return ok("Redis", found, seconds=round(after - before, 4), ahead=round(ahead, 3))


def _paces(context: CommandContext, shared: RateLimit) -> Finding:
    """Make a call paced by Redis; its script runs before the call, even if that fails."""
    once = videsk_rooms.Retry(attempts=1)
    warnings: list[str] = []
    with context.client() as videsk, warnings_to(warnings.append):
        try:
            paced = videsk.with_options(rate_limit=shared, retry=once)
        except ConfigurationError as error:
            return refused("pacing", error, "RateLimit.shared", "--redis")
        with suppress(VideskError):
            paced.request("GET", "/vpaas/rooms", query={"$limit": 1})
    if not warnings:
        return ok("pacing", "it paced a call")
    return failed(
        "pacing",
        warnings[0],
        "allow the user of --redis to run scripts (EVALSHA, SCRIPT LOAD) with TIME, GET, SET, "
        "PEXPIRE and sorted sets, on keys that begin with {videsk-rooms:",
    )


def _without_password(text: str, url: str) -> str:
    password = urlsplit(url).password
    for spelled in filter(None, (password, unquote(password or ""))):
        text = text.replace(spelled, "[removed]")
    return text
