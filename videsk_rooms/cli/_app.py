"""The commands, registered."""

from __future__ import annotations

from typing import Annotated

import typer

import videsk_rooms
from videsk_rooms.cli._demo import demo
from videsk_rooms.cli._sandbox import sandbox


def _print_version(asked: bool) -> None:
    if asked:
        print(f"videsk-rooms {videsk_rooms.__version__}")
        raise typer.Exit


def _videsk_rooms(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Video rooms from the command line: the Videsk VPaaS Rooms API.

    The account is the one of VIDESK_API_TOKEN, or of the file that
    VIDESK_API_TOKEN_FILE names; VIDESK_BASE_URL tells where the API is.
    """


# No rich in the help: it takes twice as long to import as everything else that the help needs. No
# pretty tracebacks: they may show local variables, and with them a token.
app = typer.Typer(
    callback=_videsk_rooms,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.",
)
app.command(short_help="Show the life of a room: the code, and what comes of it.")(demo)
app.command(short_help="Run the Rooms API on this machine, to try things on.")(sandbox)


def run() -> None:
    """Run the command that the arguments of the process name, and leave with its exit code."""
    # The command itself and not app(): that would install a hook for tracebacks.
    typer.main.get_command(app)(prog_name="videsk-rooms")
