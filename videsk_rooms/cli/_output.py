"""Exit codes, errors, and all output of the commands."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shlex
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from videsk_rooms.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    VideskError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import TextIO

# -- exit codes -----------------------------------------------------------------------------------


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
    "4 not found, 5 outcome unknown (it may have been done), 130 stopped by Ctrl-C."
)
_AFFECTS_ALL = (
    AuthenticationError,
    ConnectionFailedError,
    DeadlineExceededError,
    PermissionDeniedError,
)


def is_hopeless(error: VideskError) -> bool:
    """Return whether all further calls would fail too, slowly or to the account's detriment."""
    if isinstance(error, RateLimitError):
        from videsk_rooms import Retry

        # The client itself waits out a shorter delay, and so do later calls.
        return (error.retry_after or 0) > Retry().max_retry_after
    return isinstance(error, _AFFECTS_ALL)


def is_missing(error: VideskError) -> bool:
    """Return whether the API has said that there is no such room; a proxy's page has no name."""
    return isinstance(error, NotFoundError) and error.name is not None


def exit_code_of(error: VideskError) -> ExitCode:
    """Return the exit code for an error."""
    if error.outcome_unknown:
        return ExitCode.OUTCOME_UNKNOWN
    if isinstance(error, InvalidRequestError):
        return ExitCode.WRONG_USAGE
    if isinstance(error, ConfigurationError):
        return ExitCode.NOT_SET_UP
    return ExitCode.NOT_FOUND if is_missing(error) else ExitCode.FAILED


def exit_code_of_all(codes: Collection[ExitCode]) -> ExitCode:
    """Return the exit code for work on several rooms: the one that all failures share, else 1.

    An unknown outcome takes precedence, because only it calls for a check of the room.
    """
    failures = set(codes) - {ExitCode.DONE}
    if ExitCode.OUTCOME_UNKNOWN in failures:
        return ExitCode.OUTCOME_UNKNOWN
    return ExitCode.FAILED if len(failures) > 1 else max(failures, default=ExitCode.DONE)


# -- errors ---------------------------------------------------------------------------------------


class CommandFailedError(Exception):
    """A command failed; the text is all that the user sees.

    Args:
        text: What was wrong, with which value, and the remedy.
        code: The exit code.
    """

    def __init__(self, text: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(text)
        self.code = code


def wrong_usage(text: str) -> CommandFailedError:
    """Return the error for options that are valid alone but not together."""
    return CommandFailedError(text, ExitCode.WRONG_USAGE)


# Errors of the package word their remedies for Python (`timeout=`, `rooms.get_by_external_id(…)`).
# These phrases replace them for the shell. They are whole phrases, so that quoted text stays.
_PHRASES = {
    "VIDESK_API_TOKEN or api_token=": "VIDESK_API_TOKEN or --token-file",
    "with timeout=.": "with --timeout.",
    "check base_url and proxy": "check --base-url and the proxy",
    "check base_url and whatever": "check --base-url and whatever",
    "Check base_url, the network": "Check --base-url, the network",
    "Check base_url and this": "Check --base-url and this",
    "in ssl=, or in SSL_CERT_FILE": "in SSL_CERT_FILE",
    "If base_url points": "If --base-url points",
    "and base_url, which ends": "and --base-url, which ends",
    "in proxy=, or in HTTPS_PROXY": "in HTTPS_PROXY",
    "because of trust_env=False": "because of --no-trust-env",
    "or give trust_env=False": "or give --no-trust-env",
    "give allow_http=True or set": "set",
    "ask for view='snapshot'": "ask for --view snapshot",
    "Correct limit, skip, sort or": "Correct --limit, --skip, --sort or",
    "no room has external_id=": "no room has the external id ",
    "errors says which": "what it says in braces tells which",
    "rooms.get_by_external_id(), and pass that": "rooms.get_by_external_id(), and give its id",
    "rooms.get()": "`videsk-rooms rooms get`",
    "rooms.update()": "`videsk-rooms rooms update`",
    "rooms.end()": "`videsk-rooms rooms end`",
    "rooms.get_by_external_id()": "`videsk-rooms rooms get --external-id ID`",
}
_COMMANDS_FOR_AN_ID = {
    "get_by_external_id": "videsk-rooms rooms get --external-id",
    "get_or_create": "videsk-rooms rooms create --if-missing --external-id",
}


def describe_error(error: VideskError) -> str:
    """Return an error's text in the command line's words."""
    text = str(error.args[0])  # without the link, whose page is about Python
    for phrase, typed in _PHRASES.items():
        text = text.replace(phrase, typed)
    if error.external_id is not None:
        # Only a call with the error's own external id comes from the package. The server may have
        # written other parts of the text.
        for method, command in _COMMANDS_FOR_AN_ID.items():
            call = f"rooms.{method}({error.external_id!r})"
            text = text.replace(call, f"`{command} {shlex.quote(error.external_id)}`")
    if isinstance(error, InvalidRequestError) and text.startswith(error.argument):
        argument = error.argument
        option = "ROOM" if argument == "room" else f"--{argument.replace('_', '-')}"
        text = option + text[len(argument) :].replace("=", " ", 1)
    return text


# -- standard streams -----------------------------------------------------------------------------


def prepare_streams() -> None:
    """Reopen closed standard streams, and print `?` for characters that the encoding lacks.

    A closed stream (`>&-`) is `None`, and the next opened file gets its number. Anything printed
    to that number would end up in that file.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # os.open returns the lowest free number, which is the stream's.
            number = os.open(os.devnull, os.O_RDWR)
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - to the end
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def writing() -> Iterator[None]:
    """Raise `CommandFailedError` if the output cannot be written, as on a full disk."""
    try:
        yield
    except (BrokenPipeError, VideskError):  # a deadline's error is an OSError, too
        raise
    except OSError as error:
        discard_output(sys.stdout)
        raise CommandFailedError(
            f"the output cannot be written: {error.strerror}; check where it is sent to"
        ) from None


def discard_output(*streams: TextIO) -> None:
    """Discard buffered output, which the interpreter would otherwise write again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def printable(text: str) -> str:
    """Escape unprintable characters, so that a room's name cannot control the terminal."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


# A command between backticks is one word.
_WORD = re.compile(r"((?:`[^`]*`|\S)+)( *)")


def counted(count: int, thing: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def complain(text: str) -> None:
    """Print one line to standard error, which can be copied whole."""
    print(broken_at_words(f"videsk-rooms: {printable(text)}", sys.stderr), file=sys.stderr)


def broken_at_words(line: str, stream: TextIO) -> str:
    """Pad a line with spaces, so that a terminal breaks it between words.

    Line breaks would split a command that is copied and run.
    """
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:  # not a terminal
        return line
    from rich.cells import cell_len

    filled, used = "", 0
    for word, gap in _WORD.findall(line):
        width = cell_len(word)
        if used + width >= columns > width:
            filled += " " * (columns - used)
            used = 0
        filled += word + gap
        used = (used + width + len(gap)) % max(columns, 1)
    return filled


@contextmanager
def below_ctrl_c() -> Iterator[None]:
    """Print a line break if Ctrl-C stops the block, because terminals show `^C`."""
    try:
        yield
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        raise


@contextmanager
def log_shown() -> Iterator[None]:
    """Print the package's warnings to standard error, unless its log is configured."""
    if logging.getLogger("videsk_rooms").hasHandlers() or os.environ.get("VIDESK_LOG"):
        yield
        return
    with warnings_to(complain):
        yield


@contextmanager
def warnings_to(receive: Callable[[str], object]) -> Iterator[None]:
    """Pass the package's warnings to a function, instead of the previous one."""
    logger = logging.getLogger("videsk_rooms")
    earlier = logger.handlers
    others = (handler for handler in earlier if not isinstance(handler, _WarningHandler))
    logger.handlers = [*others, _WarningHandler(receive)]
    try:
        yield
    finally:
        logger.handlers = earlier


class _WarningHandler(logging.Handler):
    def __init__(self, receive: Callable[[str], object]) -> None:
        super().__init__(logging.WARNING)
        self._receive = receive

    def emit(self, record: logging.LogRecord) -> None:
        # At a shell, an account with another rate limit is nothing to warn about.
        if not str(record.msg).startswith("the rate limit is now"):
            self._receive(record.getMessage())


# -- JSON -----------------------------------------------------------------------------------------


def write_json(value: object) -> None:
    """Print a value as one line of ASCII JSON, and flush."""
    with writing():
        print(json.dumps(value), flush=True)


def as_json(model: Any, *, show_token: bool = False) -> dict[str, Any]:
    """Return a model's fields for JSON, with times in UTC in the API's format.

    Args:
        model: A room, a page of them, or a token.
        show_token: Whether to include the access token.
    """
    return attrs.asdict(
        model,
        filter=lambda field, _value: show_token or field.name != "access_token",
        value_serializer=lambda _model, _field, value: _json_value(value),
    )


def wire(moment: datetime) -> str:
    """Format a time as the API does, in UTC (docs/api.md, "On the wire")."""
    utc = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return wire(value)
    return dict(value) if isinstance(value, Mapping) else value


# -- lines for people -----------------------------------------------------------------------------

Piece: TypeAlias = str | tuple[str, str]
"""A text, or a text and its style."""

_NARROWEST = 20


class Output:
    """Standard output for people, with colours on a terminal.

    Args:
        colours: `False`: no colours; `True`: depends on the terminal and `NO_COLOR`.
        quiet: Whether to print nothing, because JSON is printed instead.

    Attributes:
        tick: The mark of success, in characters that the output supports.
        cross: The mark of failure.
        arrow: The mark of a remedy.
    """

    def __init__(self, *, colours: bool = True, quiet: bool = False) -> None:
        from rich.console import Console  # takes longer to import than all that --help needs

        # No highlighting, because rich would colour numbers and ids in any text.
        self.console = Console(highlight=False, no_color=None if colours else True, quiet=quiet)
        try:
            "✓✗→".encode(self.console.encoding)
            self.tick, self.cross, self.arrow = "✓", "✗", "→"
        except (UnicodeEncodeError, LookupError):
            self.tick, self.cross, self.arrow = "ok", "FAILED", "->"

    @property
    def width(self) -> int | None:
        """The terminal's width; `None` for a file or a pipe, where nothing is truncated."""
        return self.console.width if self.console.is_terminal else None

    def line(self, *pieces: Piece) -> None:
        """Print a line without wrapping it, so that it can be copied whole."""
        from rich.text import Text

        parts = [piece if isinstance(piece, tuple) else (piece, "") for piece in pieces]
        text = Text.assemble(*((printable(words), style) for words, style in parts))
        text.rstrip()
        with writing():
            self.console.print(text, soft_wrap=True)

    def say(self, mark: str, text: str, *, style: str = "", mark_style: str = "") -> None:
        """Print a text after a mark, wrapped and indented by the mark's width."""
        from rich.text import Text

        width = max(self.console.width - len(mark), _NARROWEST)
        lines = [
            line.plain.rstrip()
            for paragraph in text.split("\n")  # printable() escapes line breaks
            for line in Text(printable(paragraph)).wrap(self.console, width) or [Text()]
        ]
        for number, line in enumerate(lines):
            start = mark if number == 0 else " " * len(mark)
            self.line((start, mark_style or style), (line, style))
