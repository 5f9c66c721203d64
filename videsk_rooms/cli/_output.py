"""Output of all commands."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from videsk_rooms.errors import VideskError

from ._exits import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO


class CommandFailedError(Exception):
    """A command could not do its work; the text is all that the user is told.

    Args:
        text: What was wrong, with which value, and what to do.
        code: What the shell is told.
    """

    def __init__(self, text: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(text)
        self.code = code


def wrong_usage(text: str) -> CommandFailedError:
    """Make the error for options that are each right and do not go together."""
    return CommandFailedError(text, ExitCode.WRONG_USAGE)


def open_what_is_closed() -> None:
    """Replace a closed standard stream (`>&-`) by an empty one.

    Else it is `None`, and its number goes to the next file that is opened; if that is uvloop's, it
    ends the process.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest number that is free, and so its own.
            number = os.open(os.devnull, os.O_RDWR)
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - to the end
            setattr(sys, name, stream)


def accept_any_encoding() -> None:
    """Write question marks for what the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def write_json(value: object) -> None:
    """Print a value as one line of JSON, in ASCII, at once."""
    with writing():
        print(json.dumps(value), flush=True)


def complain(text: str) -> None:
    """Say on standard error, in one line, what went wrong or what else there is to know."""
    print(f"videsk-rooms: {printable(text)}", file=sys.stderr)


@contextmanager
def log_told() -> Iterator[None]:
    """Show the package's warnings as complaints, unless its log is configured."""
    if logging.getLogger("videsk_rooms").hasHandlers() or os.environ.get("VIDESK_LOG"):
        yield
        return
    with warnings_told(complain):
        yield


@contextmanager
def warnings_told(tell: Callable[[str], object]) -> Iterator[None]:
    """Hand what the package warns of to a function, and to no function that had it before."""
    logger = logging.getLogger("videsk_rooms")
    earlier = [handler for handler in logger.handlers if isinstance(handler, _Telling)]
    teller = _Telling(tell)
    for handler in earlier:
        logger.removeHandler(handler)
    logger.addHandler(teller)
    try:
        yield
    finally:
        logger.removeHandler(teller)
        for handler in earlier:
            logger.addHandler(handler)


class _Telling(logging.Handler):
    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        # That an account has another limit than the usual one is no news at a shell.
        if not str(record.msg).startswith("the rate limit is now"):
            self._tell(record.getMessage())


def printable(text: str) -> str:
    """Spell out what is no printable sign: whoever named a room must not steer the terminal."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


@contextmanager
def writing() -> Iterator[None]:
    """Turn a full disk under the output into an error that says so."""
    try:
        yield
    except (BrokenPipeError, VideskError):  # a deadline's error is an OSError as well
        raise
    except OSError as error:
        _let_go(sys.stdout)
        raise CommandFailedError(
            f"the output cannot be written: {error.strerror}; look at where it is sent to"
        ) from None


def end_of_output() -> None:
    """Write what is still held back, while an error can be told."""
    with writing():
        sys.stdout.flush()


def be_silent() -> None:
    """Write nothing more: the reader has left, and the interpreter's end would complain."""
    _let_go(sys.stdout, sys.stderr)


def _let_go(*streams: TextIO) -> None:
    """Send what is held back nowhere: at its end the interpreter would try to write it again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
