"""`videsk-rooms demo`: shows the life of a room.

story.py    the steps
steps.py    how steps are recorded, checked and shown
created.py  the rooms that they create
"""

from __future__ import annotations

import secrets
import signal
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from videsk_rooms.cli._account import NoColor  # noqa: TC001 - typer reads it
from videsk_rooms.cli._output import Output, write_json
from videsk_rooms.errors import VideskError

if TYPE_CHECKING:
    from types import ModuleType

    from .steps import Demo


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
    """Show the life of a room: the lines of Python, and their results.

    Runs against a sandbox on this machine, in a few seconds. Each step shows the
    code that it runs, and checks the result. The exit code is 0 only if every
    check passed.

    With --live it runs against your account. All its rooms have an external_id
    that begins with videsk-rooms-demo-. They are ended at the end, even after a
    failure or Ctrl-C. The API does not permit deleting rooms, so they stay in
    the account's list.
    """
    from videsk_rooms.cli._signals import handled, leave
    from videsk_rooms.sandbox import Sandbox
    from videsk_rooms.sync import Videsk

    from . import story
    from .steps import Demo, code_of_steps

    if live:
        Videsk().close()  # raises before any output if the account is not set up
    began, prefix = time.monotonic(), f"videsk-rooms-demo-{secrets.token_hex(4)}"
    with ExitStack() as stack:
        stack.enter_context(handled(leave, signal.SIGTERM))
        # Even if the parent shell ignores it, because no room may stay open.
        stack.enter_context(handled(signal.default_int_handler, signal.SIGINT))
        shown = Demo(
            Output(colours=not no_color, quiet=as_json),
            code=code_of_steps(story),
            sandbox=None if live else stack.enter_context(Sandbox()),
        )
        shown.say(
            f"The life of a room, in your account. Each external_id begins with {prefix}. The "
            "rooms are ended at the end; they stay in the account's list, because the API does not "
            "permit deleting rooms.\n"
            if live
            else "The life of a room, in a sandbox on this machine.\n"
        )
        try:
            _run(shown, story, prefix)
        finally:
            summary = shown.conclude(time.monotonic() - began)
            if as_json:
                write_json(summary)
    if not summary["ok"]:
        raise typer.Exit(1)


def _run(demo: Demo, story: ModuleType, prefix: str) -> None:
    """Run all steps; with an account, end the rooms that they created, even after a failure."""
    sandbox = demo.sandbox
    token, url = (sandbox.api_token, sandbox.url) if sandbox else (None, None)
    with story.make_a_client(demo, token, url) as videsk:
        try:
            story.run_steps(demo, videsk, prefix)
            if demo.ok:  # the steps ended all their rooms
                demo.rooms.maybe_open.clear()
        except VideskError as error:
            demo.failed(error)
        finally:
            if demo.open_rooms:
                try:
                    demo.say("Ending the rooms that the demo made.")
                finally:
                    demo.rooms.end_all(videsk)
