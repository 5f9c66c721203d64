"""Checks versions, the API token, and a call: access, the clock and the rate limit."""

from __future__ import annotations

import os
import platform
import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

import jwt

import videsk_rooms
from videsk_rooms.cli._output import CommandFailedError, describe_error, wire
from videsk_rooms.cli._times import local_in_full
from videsk_rooms.errors import APIError, ConfigurationError, ResponseError, VideskError

from .report import Finding, Report, failed, note, ok, refused, skipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from videsk_rooms import Attempt, Response
    from videsk_rooms.cli._account import CommandContext
    from videsk_rooms.sync import Videsk

CALL_CHECKS = ("access", "clock", "rate limit", "path")
_REQUIRED = ("aiohttp", "attrs", "cattrs", "anyio")
# The packages of the extras.
_OPTIONAL = ("rich", "typer", "PyJWT", "orjson", "opentelemetry-api", "redis")
_ANOTHER_TOKEN = "make another one of type api-token in Videsk's dashboard"  # noqa: S105 - a text
# With a larger deviation, rooms noticeably open and end at the wrong time.
_OFF = timedelta(seconds=10)
# Few, to be quick and to leave the rate limit to others.
_TIMED = 10
_UNSTEADY = 0.9


def versions() -> Finding:
    """Report the versions that a bug report needs."""
    own = {"videsk-rooms": videsk_rooms.__version__, "Python": platform.python_version()}
    found = {package: _version(package) for package in (*_REQUIRED, *_OPTIONAL)}
    extras = [f"{name} {found[name]}" for name in _OPTIONAL if found[name]]
    missing = ", ".join(name for name in _OPTIONAL if not found[name])
    text = (
        f"videsk-rooms {own['videsk-rooms']}, Python {own['Python']}, "
        f"aiohttp {found['aiohttp']}; of the extras {', '.join(extras)}"
    )
    return ok("versions", f"{text}; not installed: {missing}" if missing else text, **own, **found)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


# -- the token, which is never shown --------------------------------------------------------------


def token(context: CommandContext) -> Finding:
    """Report the token's source and its claims."""
    try:
        context.check_token()
    except ConfigurationError as error:
        return refused("token", error)
    except CommandFailedError as error:
        return refused("token", str(error))
    source, text = _source_of_token(context)
    claims = claims_of(text)
    if claims is None:
        # docs/api.md, "Errors": the messages of a 401 are about JWTs. The format is not documented.
        return note(
            "token",
            f"from {source}, not a JWT",
            "the API's messages about refused tokens mention JWTs: check that the whole token was "
            "copied",
            source=source,
            jwt=False,
        )
    now = datetime.now(timezone.utc)
    ends, begins = _time(claims.get("exp")), _time(claims.get("nbf"))
    when = "has no end" if ends is None else f"ends {local_in_full(ends, now)}"
    found = f"from {source}, a JWT that {when}"
    data = {"source": source, "jwt": True, "exp": None if ends is None else wire(ends)}
    if ends is not None and ends <= now:
        return failed("token", found, f"it has expired: {_ANOTHER_TOKEN}", **data)
    if begins is not None and begins > now:
        begin = local_in_full(begins, now)
        remedy = f"it is valid only from {begin}: wait, set this machine's clock, or "
        return failed("token", found, remedy + _ANOTHER_TOKEN, **data)
    return ok("token", found, **data)


def _source_of_token(context: CommandContext) -> tuple[str, str]:
    """Return the token and its source, as the client would find them."""
    if context.token is not None:
        return f"--token-file {str(context.token_file)!r}", context.token
    if text := os.environ.get("VIDESK_API_TOKEN", "").strip():
        return "VIDESK_API_TOKEN", text
    path = os.environ["VIDESK_API_TOKEN_FILE"]
    return f"the file {path!r} (VIDESK_API_TOKEN_FILE)", Path(path).read_text("utf-8").strip()


def claims_of(token: str) -> Mapping[str, object] | None:
    """Return the claims of a JWT without verifying it; `None` for anything else."""
    try:
        claims: Mapping[str, object] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, RecursionError):
        return None
    return claims


def _time(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None


# -- a call ---------------------------------------------------------------------------------------


def make_call(report: Report, context: CommandContext) -> None:
    """Request one room and report on the response, then time some more such calls."""
    answer: Response | APIError
    path = skipped("path", "needs a call that is accepted")
    try:
        with context.client() as videsk:
            once = videsk.with_options(retry=videsk_rooms.Retry(attempts=1))
            answer = _ask(once)
            if report.add(_access(answer)):
                path = _path(once, answer.headers)
    except APIError as error:
        answer = error
        report.add(failed("access", describe_error(error), status=error.status))
    except VideskError as error:
        report.add(failed("access", describe_error(error)))
        for check in CALL_CHECKS[1:]:
            report.add(skipped(check, "needs a response from the API"))
        return
    report.add(_clock(answer.headers, answer.attempts[-1]))
    report.add(_rate_limit(answer.headers))
    report.add(path)


def _ask(videsk: Videsk) -> Response:
    return videsk.request("GET", "/vpaas/rooms", query={"$limit": 1})


def _access(answer: Response) -> Finding:
    took = answer.attempts[-1].duration
    try:
        page = answer.json()
    except ResponseError as error:
        return failed("access", describe_error(error))
    total = page.get("total") if isinstance(page, dict) else None
    if not isinstance(total, int):
        return failed(
            "access",
            f"{answer.url} responds with {answer.status}, without a page of rooms",
            "check whether --base-url is the API's, and any proxy or gateway in between",
        )
    found = f"accepted; the account has {total} rooms ({took * 1000:.0f} ms)"
    return ok("access", found, rooms=total, seconds=round(took, 4))


def _clock(headers: Mapping[str, str], attempt: Attempt) -> Finding:
    """Compare this machine's clock with the server's, whose date has whole seconds."""
    try:
        dated = parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError, TypeError):
        return skipped("clock", "the response has no date to compare with")
    if dated.tzinfo is None:
        dated = dated.replace(tzinfo=timezone.utc)
    # The server took its date at some moment of the attempt, and truncated it to seconds.
    half = timedelta(seconds=attempt.duration / 2)
    here, there = attempt.started_at + half, dated + timedelta(seconds=0.5)
    ahead, unsure = here - there, half + timedelta(seconds=0.5)
    data = {"ahead": round(ahead.total_seconds(), 2), "unsure": round(unsure.total_seconds(), 2)}
    if abs(ahead) <= unsure:
        return ok("clock", f"the API's, within {unsure.total_seconds():.1f} s", **data)
    side = "ahead of" if ahead > timedelta() else "behind"
    found = f"{abs(ahead).total_seconds():.1f} s {side} the API's"
    if abs(ahead) - unsure <= _OFF:
        return ok("clock", found, **data)
    remedy = "set it by NTP: rooms whose --exp and --nbf count from now open and end that far off"
    return failed("clock", found, remedy, **data)


def _rate_limit(headers: Mapping[str, str]) -> Finding:
    """Report the account's limit (docs/api.md, "Access")."""
    limit, remaining = headers.get("Ratelimit-Limit"), headers.get("Ratelimit-Remaining")
    if limit is None:
        return note(
            "rate limit",
            "not in the response",
            "the client makes 20 requests a second, unless rate_limit= says otherwise",
        )
    policy = headers.get("Ratelimit-Policy")
    found = f"{limit} requests a second, policy {policy or 'not sent'}"
    if remaining is not None:
        found += f"; {remaining} of this second left"
    return ok("rate limit", found, limit=limit, policy=policy, remaining=remaining)


def _path(videsk: Videsk, headers: Mapping[str, str]) -> Finding:
    try:
        took = [_ask(videsk).attempts[-1].duration for _ in range(_TIMED)]
    except VideskError as error:
        return skipped("path", f"a further call failed: {describe_error(error)}")
    return _variation(took, headers)


def _variation(took: Sequence[float], headers: Mapping[str, str]) -> Finding:
    """Report how long calls took, and how much of the rate limit their variation allows.

    A request may be sent when the earlier ones can no longer count in its window. Their responses
    show the latest time at which they were counted (docs/decisions/0033-rate-limit-by-answers.md).
    """
    sent = re.search(r";\s*w=([0-9]{1,6})\b", headers.get("Ratelimit-Policy", ""))
    window = max(int(sent[1]), 1) if sent else 1  # docs/api.md, "Access"
    share = window / (window + fmean(took) - min(took))
    least, middle, most = (round(each, 4) for each in (min(took), median(took), max(took)))
    found = (
        f"of {len(took)} calls the fastest took {least * 1000:.0f} ms, the median "
        f"{middle * 1000:.0f} ms, the slowest {most * 1000:.0f} ms; a program that always has "
        f"calls waiting can use about {share:.0%} of the rate limit"
    )
    data = {"least": least, "median": middle, "most": most, "share": round(share, 3)}
    if share >= _UNSTEADY:
        return ok("path", found, **data)
    remedy = (
        "the more the durations vary, the longer the client waits to stay within the limit: use a "
        "steadier network, such as a cable instead of Wi-Fi, or run closer to the API"
    )
    return note("path", found, remedy, **data)
