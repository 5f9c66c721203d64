"""`videsk-rooms doctor`: checks what calls to the API need.

account.py  versions, the API token, and a call: access, the clock, the rate limit
network.py  from the address and the proxy to the certificate
redis.py    the Redis that shares the rate limit between machines
report.py   the findings, and their output
"""

from __future__ import annotations

from typing import Annotated

import typer

from videsk_rooms.cli._account import CommandContext, asking_an_account
from videsk_rooms.cli._output import below_ctrl_c, write_json
from videsk_rooms.cli._params import content_of


@asking_an_account
@below_ctrl_c()
def doctor(
    context: CommandContext,
    *,
    redis: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Also check the Redis that shares the rate limit. ps would show a password in "
            "the URL: write the URL to a file, and give @FILE.",
        ),
    ] = None,
) -> None:
    """Check what calls to the API need, and suggest remedies.

    Checks versions, the API token (which is never shown), the network, a call,
    the clock, the rate limit and Redis. Exit code 1: a check failed.
    """
    url = None if redis is None else content_of(redis, "--redis").strip()
    from . import account, network
    from .redis import check_redis
    from .report import Report, skipped

    report = Report(context.output())
    report.add(account.versions())
    has_token = report.add(account.token(context))
    has_address = report.add(network.address(context))
    if has_address and network.check_way(report, context) and has_token:
        account.make_call(report, context)
    else:
        lacking = "a way to the API" if has_token else "a token"
        for check in account.CALL_CHECKS:
            report.add(skipped(check, f"needs {lacking}"))
    if url is not None:
        check_redis(report, context, url, can_call=has_token and has_address)
    result = report.conclude()
    if context.as_json:
        write_json(result)
    if not result["ok"]:
        raise typer.Exit(1)
