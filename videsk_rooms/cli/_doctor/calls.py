"""One call, and what its answer tells: who is let in, how the clocks stand, which limit holds."""

from __future__ import annotations

from datetime import timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import videsk_rooms
from videsk_rooms.cli._output import describe_error
from videsk_rooms.errors import APIError, ResponseError, VideskError

from .report import Finding, Report, failed, note, ok, skipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms import Attempt, Response
    from videsk_rooms.cli._account import CommandContext

CHECKS = ("access", "clock", "rate limit")
# Beyond that rooms open and end noticeably beside the time that was meant.
_OFF = timedelta(seconds=10)


def make_one(report: Report, asked: CommandContext) -> None:
    """Ask for one room, and report on the answer."""
    answer: Response | APIError
    try:
        with asked.client() as videsk:
            once = videsk.with_options(retry=videsk_rooms.Retry(attempts=1))
            answer = once.request("GET", "/vpaas/rooms", query={"$limit": 1})
        report.add(_let_in(answer))
    except APIError as error:
        answer = error
        report.add(failed("access", describe_error(error), status=error.status))
    except VideskError as error:
        report.add(failed("access", describe_error(error)))
        for check in CHECKS[1:]:
            report.add(skipped(check, "needs an answer of the API"))
        return
    report.add(_clock(answer.headers, answer.attempts[-1]))
    report.add(_limit(answer.headers))


def _let_in(answer: Response) -> Finding:
    took = answer.attempts[-1].duration
    try:
        page = answer.json()
    except ResponseError as error:
        return failed("access", describe_error(error))
    total = page.get("total") if isinstance(page, dict) else None
    if not isinstance(total, int):
        return failed(
            "access",
            f"{answer.url} answers with {answer.status}, and with no page of rooms",
            "see whether --base-url is the API's, or what stands in between",
        )
    found = f"let in; the account has {total} rooms ({took * 1000:.0f} ms)"
    return ok("access", found, rooms=total, seconds=round(took, 4))


def _clock(headers: Mapping[str, str], attempt: Attempt) -> Finding:
    """Compare this machine's clock with the server's, as far as a date in whole seconds allows."""
    try:
        dated = parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError, TypeError):
        return skipped("clock", "the answer has no date to compare with")
    if dated.tzinfo is None:
        dated = dated.replace(tzinfo=timezone.utc)
    # The server took its date between the two ends of the attempt, and cut it to whole seconds.
    half = timedelta(seconds=attempt.duration / 2)
    here, there = attempt.started_at + half, dated + timedelta(seconds=0.5)
    ahead, unsure = here - there, half + timedelta(seconds=0.5)
    data = {"ahead": round(ahead.total_seconds(), 2), "unsure": round(unsure.total_seconds(), 2)}
    if abs(ahead) <= unsure:
        return ok("clock", f"as the API's, within {unsure.total_seconds():.1f} s", **data)
    side = "ahead of" if ahead > timedelta() else "behind"
    found = f"{abs(ahead).total_seconds():.1f} s {side} the API's"
    if abs(ahead) - unsure <= _OFF:
        return ok("clock", found, **data)
    remedy = "set it by NTP: rooms whose --exp and --nbf count from now open and end that far off"
    return failed("clock", found, remedy, **data)


def _limit(headers: Mapping[str, str]) -> Finding:
    """Report the account's limit (docs/api.md, "Access")."""
    limit, left = headers.get("Ratelimit-Limit"), headers.get("Ratelimit-Remaining")
    if limit is None:
        return note(
            "rate limit",
            "the answer tells none",
            "the client keeps to 20 requests a second, unless it is told otherwise by rate_limit=",
        )
    policy = headers.get("Ratelimit-Policy")
    found = f"{limit} requests, policy {policy or 'not told'}; {left or 'not told how many'} left"
    return ok("rate limit", found, limit=limit, policy=policy, remaining=left)
