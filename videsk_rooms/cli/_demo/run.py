"""Puts the demo together: a sandbox or an account, the story, the view, and the end of it all."""

from __future__ import annotations

import secrets
import signal
from contextlib import ExitStack
from time import monotonic
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import Output, write_json
from videsk_rooms.cli._signals import handled, leave
from videsk_rooms.errors import VideskError
from videsk_rooms.sandbox import Sandbox
from videsk_rooms.sync import Videsk

from . import story
from .source import code_of_steps
from .steps import Demo
from .view import NoView, TerminalView, summary

if TYPE_CHECKING:
    from .steps import View


def run(*, live: bool, as_json: bool, colours: bool = True) -> bool:
    """Run the demo.

    Args:
        live: Against the account of the environment instead of a sandbox.
        as_json: Print one JSON object at the end instead of every step.
        colours: Show colours where the terminal has them.

    Returns:
        Whether every check held, and nothing was left open in the account.

    Raises:
        ConfigurationError: There is no account in the environment.
    """
    if live:
        Videsk().close()  # an account that is not set up is told before anything is shown
    started = monotonic()
    ours = f"videsk-rooms-demo-{secrets.token_hex(4)}"
    view = NoView() if as_json else TerminalView(Output(colours=colours))
    with ExitStack() as stack:
        stack.enter_context(handled(leave, signal.SIGTERM))
        # Also where the shell that started it has it ignored: no room must stay open.
        stack.enter_context(handled(signal.default_int_handler, signal.SIGINT))
        sandbox = None if live else stack.enter_context(Sandbox())
        view.say(
            "The life of a room, on a sandbox on this machine.\n"
            if sandbox
            else f"The life of a room, in your account. Each external_id begins with {ours}. The "
            "rooms are ended in the end; they stay in the account's list, because the API does not "
            "permit deleting rooms.\n"
        )
        demo = Demo(view=view, code=code_of_steps(story), sandbox=sandbox)
        try:
            play(demo, view, ours)
        finally:
            if as_json:
                write_json(summary(demo, monotonic() - started))
            else:
                conclude(demo, view, monotonic() - started)
    return demo.ok and not demo.left


def play(demo: Demo, view: View, ours: str) -> None:
    """Run all steps, and end what they made in an account, however they go.

    Args:
        demo: What takes the steps down.
        view: Where to say that rooms are being ended.
        ours: How the `external_id` of each room begins.
    """
    sandbox = demo.sandbox
    token, url = (sandbox.api_token, sandbox.url) if sandbox else (None, None)
    with story.make_a_client(demo, token, url) as videsk:
        try:
            story.tell(demo, videsk, ours)
        except VideskError as error:
            demo.failed(error)
        finally:
            if demo.left:
                try:
                    view.say("Ending the rooms that the demo made.")
                finally:
                    demo.belongings.end_all(videsk)


def conclude(demo: Demo, view: View, seconds: float) -> None:
    """Say how it went, and what is left.

    Args:
        demo: The demo, at its end.
        view: Where to say it.
        seconds: How long it took.
    """
    failed = [str(step.number) for step in demo.steps if not step.ok]
    if not failed:
        text = f"{len(demo.steps)} steps, every one checked, in {seconds:.1f} s."
        view.say(text, style="bold green")
    elif demo.interrupted:
        view.say(f"Stopped in step {len(demo.steps)}, after {seconds:.1f} s.", style="bold red")
    else:
        view.say(f"Failed: step {', '.join(failed)}, after {seconds:.1f} s.", style="bold red")
    if demo.belongings.endings:
        view.say(f"Rooms ended after it: {demo.belongings.endings}.")
    if demo.left:
        view.say(
            "These rooms may be open in the account, where each ends within 3 hours; look them up "
            f"by their external_id and end them: {', '.join(demo.left)}.",
            style="bold red",
        )
