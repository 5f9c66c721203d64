"""Reads files, and writes files completely or not at all."""

from __future__ import annotations

import codecs
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


def read_text(file: str, encoding: str | None = None) -> str:
    """Read a file, or standard input.

    Args:
        file: Its name; `-` for standard input.
        encoding: Its encoding; `None`: UTF-8, else one that spreadsheets use.

    Raises:
        CommandFailedError: The file cannot be read, or has another encoding.
    """
    raw = _read_bytes(file)
    used = encoding or _encoding_of(raw)
    try:
        text = raw.decode(used)
    except LookupError:
        raise wrong_usage(
            f"--encoding {encoding!r} is not known; give one such as utf-8 or cp1252"
        ) from None
    except UnicodeDecodeError:
        raise wrong_usage(
            f"{file!r} is not {encoding}; leave out --encoding, or give another"
            if encoding
            else f"{file!r} is neither UTF-8 nor another encoding of spreadsheets; give "
            "--encoding, or save it as UTF-8, which spreadsheets call 'CSV UTF-8'"
        ) from None
    if used not in {encoding, "utf-8"}:
        complain(f"{file} is read as {used}; if its letters are wrong, give --encoding")
    return text.removeprefix("\ufeff")


def _read_bytes(file: str) -> bytes:
    try:
        if file != STANDARD:
            return Path(file).read_bytes()
        if isinstance(sys.stdin, io.TextIOWrapper):
            return bytes(sys.stdin.buffer.read())
        return sys.stdin.read().encode()
    except OSError as error:
        raise wrong_usage(
            f"{file!r} cannot be read: {error.strerror}; give a file that can"
        ) from None


def _encoding_of(raw: bytes) -> str:
    """Return the encoding of a table: UTF-8, else one that spreadsheets use."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in raw[:2]:  # half of the first letter of a header
        return "utf-16-be" if raw.startswith(b"\0") else "utf-16-le"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def standard_output() -> TextIO:
    """Return standard output for data, in UTF-8 regardless of the terminal's encoding."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Without errors=, it would become strict again, and fail at a lone surrogate in a name.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
    return sys.stdout


def require_regular(file: Path) -> None:
    """Check that a path is a regular file or nothing yet, because others cannot be replaced.

    Raises:
        CommandFailedError: It is a folder or a pipe, for example.
    """
    # Not with Path, whose methods raise for long names and for inaccessible folders.
    if os.path.exists(file) and not os.path.isfile(file):
        raise wrong_usage(f"{str(file)!r} is not a file; give another, or - for standard output")


@contextmanager
def whole_file(file: Path) -> Iterator[TextIO]:
    """Write a temporary file beside the target, and rename it once it is complete.

    Raises:
        CommandFailedError: The file cannot be written.
    """
    require_regular(file)
    target = Path(os.path.realpath(file))  # keeps a symbolic link
    # The process id keeps two processes from writing to the same file.
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with open(part, "w", encoding="utf-8", errors="replace", newline="") as stream:
            with suppress(OSError):  # there was no file, or the disk has no permissions
                shutil.copymode(target, part)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, target)
    except (BrokenPipeError, VideskError):  # a deadline's error is an OSError, too
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
