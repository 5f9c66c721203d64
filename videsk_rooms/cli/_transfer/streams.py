"""Files that are read, and files that are there in full or not at all."""

from __future__ import annotations

import io
import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import CommandFailedError, ExitCode, wrong_usage
from videsk_rooms.errors import VideskError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

STANDARD = "-"


def read_text(file: str) -> str:
    """Read a file, or standard input.

    Raises:
        CommandFailedError: It cannot be read.
    """
    try:
        text = _content_of(file)
    except UnicodeDecodeError:
        raise _no_utf_8(file) from None
    except OSError as error:
        raise wrong_usage(f"{file!r} cannot be read: {error.strerror}") from None
    if "\0" in text[:2]:  # UTF-16 without its mark, which decodes
        raise _no_utf_8(file)
    return text


def _content_of(file: str) -> str:
    if file == STANDARD:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8-sig", newline="")
        return sys.stdin.read()
    with open(file, encoding="utf-8-sig", newline="") as stream:
        return stream.read()


def _no_utf_8(file: str) -> CommandFailedError:
    right = "save it as UTF-8, which spreadsheets call 'CSV UTF-8'"
    return wrong_usage(f"{file!r} is no UTF-8; {right}")


def standard_output() -> TextIO:
    """Return standard output for data, which is UTF-8 whatever the terminal is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Left out, errors would become strict again, and a lone surrogate in a name end it.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
    return sys.stdout


def refuse_no_file(file: Path) -> None:
    """Refuse what is there and cannot be replaced, such as a folder or a pipe.

    Raises:
        CommandFailedError: It is such.
    """
    # Not by Path, which raises where a name is too long or a folder is not for everybody.
    if os.path.exists(file) and not os.path.isfile(file):
        raise wrong_usage(f"{str(file)!r} is no file; give another, or - for standard output")


@contextmanager
def whole_file(file: Path) -> Iterator[TextIO]:
    """Write a file that gets its name when it is whole, and until then stays beside it.

    Raises:
        CommandFailedError: It cannot be written.
    """
    refuse_no_file(file)
    goal = Path(os.path.realpath(file))  # a link stays one
    # With the number of the process: two that write the same file are not to write into one.
    beside = goal.with_name(f"{goal.name}.{os.getpid()}.part")
    try:
        with open(beside, "w", encoding="utf-8", errors="replace", newline="") as stream:
            with suppress(OSError):  # there was none, or the disk knows no rights
                shutil.copymode(goal, beside)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, goal)
    except (BrokenPipeError, VideskError):  # a deadline's error is an OSError as well
        raise
    except OSError as error:
        raise cannot_write(file, error) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def cannot_write(
    file: Path, error: OSError, right: str = "look at its disk and folder"
) -> CommandFailedError:
    """Make the error for a file that cannot be written, with what would be right."""
    text = f"{str(file)!r} cannot be written: {error.strerror}; {right}"
    return CommandFailedError(text, ExitCode.FAILED)
