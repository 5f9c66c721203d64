"""The command line `videsk-rooms`, in the extra `cli`.

The commands are registered in `_app.py`: a folder for each, and `_serving.py` for `sandbox` and
`dev`. `_account.py` has the options that all account commands share, `_output.py` their output and
exit codes, `_params.py` and `_times.py` the parsing of values.

A command that a signal ends exits with 128 plus the signal's number (130 after Ctrl-C). For
`videsk-rooms sandbox` and `videsk-rooms dev` that is 0.

The modules that `--help` needs import nothing heavier than typer. The client, the sandbox and
rich's console are imported when a command runs.
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

# The extra's packages by import name.
_PACKAGES = {"jwt": "PyJWT", "rich": "rich", "typer": "typer"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The command-line arguments, without the program's name; `None`: the process's.

    Returns:
        The exit code, unless the command exits by itself.

    Raises:
        SystemExit: The command exited with this code.

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
        with writing():  # flushes the buffer while an error can still be shown
            sys.stdout.flush()
    except BrokenPipeError:
        discard_output(sys.stdout, sys.stderr)  # the reader of the pipe has stopped
        return ExitCode.FAILED
    except KeyboardInterrupt:  # during imports; later, typer catches it
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
    """Return what to install or set if that is why a command failed, or `None`."""
    if isinstance(error, RuntimeError):
        if "home directory" not in str(error):  # pathlib's error without HOME and without a user
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
