"""The command line `videsk-rooms`, of the extra `cli`.

Exit codes are those of `_exits.py`; 128 and the signal's number when a signal ended it (130 after
Ctrl-C), but for `videsk-rooms sandbox`, whose proper end is a signal.

One file a command, registered in `_app.py`. The files that `--help` needs import typer and nothing
heavier: the client, the sandbox and rich are imported by what a command runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms.errors import VideskError

from ._exits import ExitCode, exit_code_of
from ._output import (
    CommandFailedError,
    accept_any_encoding,
    be_silent,
    complain,
    end_of_output,
    log_told,
    open_what_is_closed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

# What the extra installs, under the names that are imported.
_PACKAGES = frozenset({"jwt", "rich", "typer"})


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
    open_what_is_closed()
    accept_any_encoding()
    try:
        from ._app import run

        with log_told():
            code = run(arguments)
        end_of_output()
    except BrokenPipeError:
        be_silent()
        return ExitCode.FAILED
    except KeyboardInterrupt:  # while the command was being imported; later, typer takes it
        return ExitCode.STOPPED
    except CommandFailedError as error:
        complain(str(error))
        return error.code
    except VideskError as error:
        from ._wording import told

        complain(told(error))
        return exit_code_of(error)
    except ImportError as error:
        missing = _missing_package(error)
        if missing is None:
            raise
        complain(f"{missing} is not installed; run: pip install 'videsk-rooms[cli]'")
        return ExitCode.NOT_SET_UP
    return code


def _missing_package(error: BaseException) -> str | None:
    """Name the package of the extra that an import failed for, if it was one."""
    cause: BaseException | None = error
    while cause is not None:
        name = getattr(cause, "name", None) or ""
        package = name.partition(".")[0]
        if package in _PACKAGES:
            return "PyJWT" if package == "jwt" else package
        cause = cause.__cause__
    return None
