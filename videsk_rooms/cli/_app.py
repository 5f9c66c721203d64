"""Registers the commands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

import videsk_rooms

from ._demo import demo
from ._doctor import doctor
from ._output import EPILOG, CommandFailedError, ExitCode, writing
from ._rooms import rooms
from ._serving import dev, sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = "videsk-rooms"
# typer has no public name for it: older versions take it from click, newer ones contain click.
_UsageError = cast("type[Exception]", typer.BadParameter.__base__)


def _print_version(asked: bool) -> None:
    if asked:
        with writing():
            print(f"{_NAME} {videsk_rooms.__version__}")
        raise typer.Exit


def _videsk_rooms(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Video rooms from the command line: the Videsk VPaaS Rooms API.

    The account comes from VIDESK_API_TOKEN, or from the file in
    VIDESK_API_TOKEN_FILE. VIDESK_BASE_URL is the API's address.
    """


# Without rich, which takes longer to import than everything else that --help needs. Without pretty
# tracebacks, which may show local variables, and so a token.
app = typer.Typer(
    callback=_videsk_rooms,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
app.add_typer(rooms, name="rooms", short_help="Work with the rooms of an account.")
app.command(short_help="Check what calls to the API need, and suggest remedies.")(doctor)
app.command(short_help="Show the life of a room: the code and its results.")(demo)
app.command(short_help="Run the Rooms API on this machine, for tests and demos.")(sandbox)
app.command(short_help="Develop without an account: API, console and calls.")(dev)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: The command-line arguments, without the program's name; `None`: the process's.

    Raises:
        CommandFailedError: The arguments are wrong, or the command failed.
        VideskError: A call to the API failed.
    """
    # app() would install a traceback hook, and standalone mode prints four lines for wrong usage.
    command = typer.main.get_command(app)
    try:
        code = command.main(
            None if arguments is None else list(arguments), prog_name=_NAME, standalone_mode=False
        )
    except _UsageError as error:
        return _wrong_usage(error)
    return code if isinstance(code, int) else ExitCode.DONE


def _wrong_usage(error: Any) -> int:
    """Report wrong usage in one line, or print the help if no command was given."""
    message: str = error.format_message()
    if error.ctx and message == error.ctx.get_help():
        print(message, file=sys.stderr)
        return ExitCode.WRONG_USAGE
    end = "" if message.endswith((".", "?", ")")) else "."
    path = error.ctx.command_path if error.ctx else _NAME
    raise CommandFailedError(f"{message}{end} See: {path} --help", ExitCode.WRONG_USAGE)
