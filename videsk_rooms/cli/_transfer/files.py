"""Files that are read, and files that are written whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from videsk_rooms.cli._output import CommandFailedError, ExitCode, complain, wrong_usage
from videsk_rooms.errors import VideskError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

STANDARD = "-"

_OF_SPREADSHEETS = ("cp1252", "utf_16", "utf_16_le", "utf_16_be")


def read_text(file: str, encoding: str | None = None) -> str:
    """Read a file, or standard input.

    Args:
        file: Its name.
        encoding: Its encoding; `None`: UTF-8, else one that spreadsheets write.

    Raises:
        CommandFailedError: The file cannot be read, or is not in this encoding.
    """
    try:
        if file != STANDARD:
            raw = Path(file).read_bytes()
        elif isinstance(sys.stdin, io.TextIOWrapper):
            raw = sys.stdin.buffer.read()
        else:
            raw = sys.stdin.read().encode()
    except OSError as error:
        raise wrong_usage(
            f"{file!r} cannot be read: {error.strerror}; name a file that can"
        ) from None
    try:
        text = raw.decode(encoding or "utf-8")
    except LookupError:
        raise wrong_usage(
            f"--encoding {encoding!r} is not known; give one such as utf-8 or cp1252"
        ) from None
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text[:2]:  # UTF-16 without a byte order mark decodes as UTF-8
        if encoding is not None:
            raise wrong_usage(f"{file!r} is not {encoding}; leave out --encoding, or give another")
        text = _of_a_spreadsheet(file, raw)
    return text.removeprefix("\ufeff")


def _of_a_spreadsheet(file: str, raw: bytes) -> str:
    from charset_normalizer import from_bytes

    # Among all encodings it takes the few accents of a list of names for Central European ones.
    found = from_bytes(raw, cp_isolation=list(_OF_SPREADSHEETS)).best()
    if found is None:
        raise wrong_usage(
            f"{file!r} is not UTF-8, nor what spreadsheets write; give --encoding, or save it as "
            "UTF-8, which spreadsheets call 'CSV UTF-8'"
        )
    complain(f"{file} is read as {found.encoding}; if its letters are wrong, give --encoding")
    return str(found)


def standard_output() -> TextIO:
    """Return standard output for data, in UTF-8 whatever the terminal's encoding is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Without errors=, it would become strict again, and fail at a lone surrogate in a name.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
    return sys.stdout


def require_regular(file: Path) -> None:
    """Check that a path is a file or nothing yet: a folder or a pipe cannot be replaced.

    Raises:
        CommandFailedError: It is something else.
    """
    # Not by Path, whose methods raise for long names and for folders without access.
    if os.path.exists(file) and not os.path.isfile(file):
        raise wrong_usage(f"{str(file)!r} is not a file; give another, or - for standard output")


@contextmanager
def whole_file(file: Path) -> Iterator[TextIO]:
    """Write a file beside its name, and rename it when it is whole.

    Raises:
        CommandFailedError: The file cannot be written.
    """
    require_regular(file)
    target = Path(os.path.realpath(file))  # a link stays one
    # With the process id, so that two processes do not write into one file.
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with open(part, "w", encoding="utf-8", errors="replace", newline="") as stream:
            with suppress(OSError):  # there was no file, or the disk has no permissions
                shutil.copymode(target, part)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, target)
    except (BrokenPipeError, VideskError):  # a deadline's error is an OSError as well
        raise
    except OSError as error:
        raise cannot_write(file, error) from None
    finally:
        with suppress(OSError):
            part.unlink()


def cannot_write(
    file: Path, error: OSError, remedy: str = "check its disk and folder"
) -> CommandFailedError:
    """Return the error for a file that cannot be written."""
    text = f"{str(file)!r} cannot be written: {error.strerror}; {remedy}"
    return CommandFailedError(text, ExitCode.FAILED)
