"""Exit codes: one table for all commands."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from videsk_rooms.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from videsk_rooms.errors import VideskError


_HOPELESS = (
    AuthenticationError,
    ConnectionFailedError,
    DeadlineExceededError,
    PermissionDeniedError,
)


class ExitCode(IntEnum):
    """Exit codes of the commands."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    NOT_SET_UP = 3
    NOT_FOUND = 4
    OUTCOME_UNKNOWN = 5
    STOPPED = 130


EPILOG = (
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not set up (no API token, a package missing), "
    "4 not found, 5 outcome unknown (it may have been done all the same), 130 stopped by Ctrl-C."
)


def is_hopeless(error: VideskError) -> bool:
    """Return whether every further call would fail alike, and slowly or to the account's harm."""
    if isinstance(error, RateLimitError):
        from videsk_rooms import Retry

        # What the client waits for holds up the further calls too, and what is longer does not.
        return (error.retry_after or 0) > Retry().max_retry_after
    return isinstance(error, _HOPELESS)


def exit_code_of(error: VideskError) -> ExitCode:
    """Choose the exit code that stands for an error."""
    if error.outcome_unknown:
        return ExitCode.OUTCOME_UNKNOWN
    if isinstance(error, InvalidRequestError):
        return ExitCode.WRONG_USAGE
    if isinstance(error, ConfigurationError):
        return ExitCode.NOT_SET_UP
    return ExitCode.NOT_FOUND if isinstance(error, NotFoundError) else ExitCode.FAILED


def exit_code_of_all(codes: Collection[ExitCode]) -> ExitCode:
    """Choose the exit code for work on several rooms: the one that all failures share, or 1.

    An unknown outcome outweighs the others, because only it calls for a look at the room.
    """
    failures = set(codes) - {ExitCode.DONE}
    if not failures:
        return ExitCode.DONE
    if ExitCode.OUTCOME_UNKNOWN in failures:
        return ExitCode.OUTCOME_UNKNOWN
    return failures.pop() if len(failures) == 1 else ExitCode.FAILED
