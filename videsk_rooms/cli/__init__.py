"""The command line `videsk-rooms`, of the extra `cli`.

Exit codes: 0 done, 1 failed, 2 wrong usage; 128 and the signal's number when a signal ended it
(130 after Ctrl-C), but for `videsk-rooms sandbox`, whose proper end is a signal.

One file a command, registered in `_app.py`. The files that `--help` needs import typer and nothing
heavier: the client, the sandbox and rich are imported by what a command runs.
"""

from __future__ import annotations

import sys

from videsk_rooms.cli._output import CommandFailedError, accept_any_encoding
from videsk_rooms.errors import VideskError

__all__ = ["main"]

# What the extra installs, under the names that are imported.
_PACKAGES = frozenset({"jwt", "rich", "typer"})


def main() -> int:
    """Run the command line on the arguments of the process.

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
    accept_any_encoding()
    try:
        from videsk_rooms.cli._app import run

        run()
    except (VideskError, CommandFailedError) as error:
        return _fail(str(error))
    except ImportError as error:
        missing = _missing_package(error)
        if missing is None:
            raise
        return _fail(f"{missing} is not installed; run: pip install 'videsk-rooms[cli]'")
    return 0


def _fail(message: str) -> int:
    print(f"videsk-rooms: {message}", file=sys.stderr)
    return 1


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
