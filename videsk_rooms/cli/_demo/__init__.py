"""`videsk-rooms demo`: its options.

    story.py ──► steps.py ──► view.py
    (what)       (checked)    (shown)

`source.py` reads from the story the lines that a step shows, `belongings.py` knows what has to be
ended, and `run.py` puts it all together.
"""

from __future__ import annotations

from typing import Annotated

import typer

from videsk_rooms.cli._account import NoColor  # noqa: TC001 - typer reads it


def demo(
    *,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Use the account of VIDESK_API_TOKEN: create 25 rooms there, and end them. They "
            "stay in its list: the API does not permit deleting rooms.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with the steps, at the end.")
    ] = False,
    no_color: NoColor = False,
) -> None:
    """Show the life of a room: the lines of Python, and what comes of them.

    Runs against a sandbox on this machine, in a few seconds. What each step
    shows is the code that is run, and its result is checked: the exit code is 0
    only if every check held.

    With --live it runs against your account. All its rooms have an external_id
    that begins with videsk-rooms-demo-, and are ended at the end, also after a
    failure or Ctrl-C. The API does not permit deleting rooms: they stay in the
    account's list.
    """
    from .run import run

    if not run(live=live, as_json=as_json, colours=not no_color):
        raise typer.Exit(1)
