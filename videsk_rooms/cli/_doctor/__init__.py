"""`videsk-rooms doctor`: its options.

run.py       the checks, one after another
versions.py  what is installed
token.py     the API token: where it comes from, what it looks like
network.py   from the name of the host to its certificate
calls.py     one call, and what its answer tells: who is let in, the clock, the rate limit
pace.py      the Redis that machines share the rate limit by
report.py    what was found, and how it is shown
"""

from __future__ import annotations

from typing import Annotated

import typer

from videsk_rooms.cli._account import CommandContext, asking_an_account
from videsk_rooms.cli._params import content_of


@asking_an_account
def doctor(
    asked: CommandContext,
    *,
    redis: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Look at the Redis that shares the rate limit, too. A password in it is seen by "
            "others in ps: write the URL into a file, and give @FILE.",
        ),
    ] = None,
) -> None:
    """Look at what calls to the API need, and say what to do.

    Versions, the API token (which is never shown), the network from here to
    the API, one call of it, the clock, the rate limit, Redis. Exit code 1: something is
    wrong.
    """
    url = None if redis is None else content_of(redis, "--redis").strip()
    from .run import examine

    if not examine(asked, url):
        raise typer.Exit(1)
