"""The command line `videsk-rooms`, of the extra `cli`.

The commands are registered in `_app.py`: a folder for each, and `_serving.py` for `sandbox` and
`dev`. `_account.py` has the options that all commands on an account share, `_output.py` what they
print and their exit codes, `_params.py` and `_times.py` how values are typed.

A command that a signal ends exits with 128 and the signal's number (130 after Ctrl-C), except
`videsk-rooms sandbox` and `videsk-rooms dev`, which a signal ends with 0.

The files that `--help` needs import typer and nothing heavier: the client, the sandbox and rich's
console are imported by what a command runs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from videsk_rooms.errors import VideskError

from ._output import (
    CommandFailedError,
    ExitCode,
    complain,
    describe_error,
    discard_output,
    exit_code_of,
    log_shown,
    prepare_streams,
    writing,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

# The packages of the extra, by the names that they are imported by.
_PACKAGES = {"jwt": "PyJWT", "rich": "rich", "typer": "typer"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; `None`: the arguments of the process.

    Returns:
        The exit code, unless the command left with its own.

    Raises:
        SystemExit: The command left with its exit code.

    Example:
        ```python
        from videsk_rooms.cli import main

        raise SystemExit(main())
        ```
    """
    prepare_streams()
    try:
        from ._app import run

        with log_shown():
            code = run(arguments)
        with writing():  # what is still buffered, while an error can be shown
            sys.stdout.flush()
    except BrokenPipeError:
        discard_output(sys.stdout, sys.stderr)  # the reader has left
        return ExitCode.FAILED
    except KeyboardInterrupt:  # while the command was being imported; later, typer catches it
        return ExitCode.STOPPED
    except CommandFailedError as error:
        complain(str(error))
        return error.code
    except VideskError as error:
        complain(describe_error(error))
        return exit_code_of(error)
    except (ImportError, RuntimeError) as error:
        lacking = _what_is_lacking(error)
        if lacking is None:
            raise
        complain(lacking)
        return ExitCode.NOT_SET_UP
    return code


def _what_is_lacking(error: BaseException) -> str | None:
    """Return what to set up, if that is why a command failed."""
    if isinstance(error, RuntimeError):
        if "home directory" not in str(error):  # pathlib's, where neither HOME nor a user tells
            return None
        return (
            "there is no home folder to install completion into; set HOME, or put what "
            "--show-completion prints where your shell reads it"
        )
    cause: BaseException | None = error
    while cause is not None:
        name = getattr(cause, "name", None) or ""
        package = name.partition(".")[0]
        if package in _PACKAGES:
            return f"{_PACKAGES[package]} is not installed; run: pip install 'videsk-rooms[cli]'"
        cause = cause.__cause__
    return None
