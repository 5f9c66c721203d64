"""The checks, one after another: what one of them needs is what those before it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import calls, network, pace, token, versions
from .report import Report, skipped

if TYPE_CHECKING:
    from videsk_rooms.cli._account import CommandContext


def examine(asked: CommandContext, redis_url: str | None) -> bool:
    """Run all checks and show what they find.

    Args:
        asked: Which account, and how to show it.
        redis_url: The Redis to look at; `None` for none.

    Returns:
        Whether nothing is wrong.
    """
    report = Report(None if asked.as_json else asked.output())
    report.add(versions.installed())
    has_token = report.add(token.usable(asked))
    has_address = report.add(network.address(asked))
    reached = has_address and _reached(report, asked)
    if has_token and reached:
        calls.make_one(report, asked)
    else:
        lacking = "a way to the API" if has_token else "a token"
        for check in calls.CHECKS:
            report.add(skipped(check, f"needs {lacking}"))
    if redis_url is not None:
        pace.look_at(report, asked, redis_url, can_call=has_token and has_address)
    return report.conclude()


def _reached(report: Report, asked: CommandContext) -> bool:
    """Go the way to the API as far as it goes."""
    goal = network.goal_of(asked)
    reached = report.add(network.proxy(goal, asked))
    for step, check in network.CHECKS.items():
        if reached:
            reached = report.add(step(goal))
        else:
            report.add(skipped(check, "needs what failed before it"))
    return reached
