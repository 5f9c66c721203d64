"""The command line, run as its users run it.

A process takes most of a second to import the client and the sandbox, so only what a process does
(signals, pipes, what is imported) is tested by `run` and `running`; everything else by `call`, in
the test's own process.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest import mock

from tests.waiting import PATIENCE
from videsk_rooms.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from videsk_rooms.sandbox import Sandbox

# An open connection or file that is left to the garbage collector is told on standard error.
MODULE = (sys.executable, "-W", "error::ResourceWarning", "-m", "videsk_rooms.cli")

_OF_THE_TERMINAL = (
    "NO_COLOR",
    "FORCE_COLOR",
    "TERM",
    "LINES",
    "PYTHONIOENCODING",
    "GITHUB_ACTIONS",
)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment of 80 columns in UTF-8, whatever the one of the tests is."""
    kept = {name: value for name, value in os.environ.items() if name not in _OF_THE_TERMINAL}
    return {**kept, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **(more or {})}


def account(sandbox: Sandbox) -> dict[str, str]:
    """Return the variables that make a sandbox the account of the command line."""
    return {"VIDESK_API_TOKEN": sandbox.api_token, "VIDESK_BASE_URL": sandbox.url}


# -- in this process ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """What a run of the command line came to."""

    returncode: int
    stdout: str
    stderr: str


def call(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    encoding: str = "utf-8",
) -> Done:
    """Run the command line in this process, as if its output were in pipes."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    code = _called(arguments, env, out, err, io.StringIO(stdin))
    out.flush()
    err.flush()
    shown, told = (stream.buffer.getvalue() for stream in (out, err))
    return Done(code, shown.decode(encoding), told.decode(encoding))


def called_on_a_terminal(
    *arguments: str, env: Mapping[str, str] | None = None, typed: str = ""
) -> Done:
    """Run the command line in this process, on a pseudo-terminal of 80 columns.

    Args:
        arguments: Its arguments.
        env: Variables beside those of `environment`.
        typed: What somebody types.

    Returns:
        What it came to; what went to standard error is among what the terminal showed.
    """
    import pty

    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):  # how Linux says that nobody holds the other end
            while piece := os.read(ours, 65_536):
                shown.extend(piece)

    os.write(ours, typed.encode())
    reader = threading.Thread(target=read)
    reader.start()
    try:
        with (
            open(theirs, "w", encoding="utf-8") as screen,
            open(theirs, encoding="utf-8", closefd=False) as keyboard,
        ):
            code = _called(arguments, env, screen, screen, keyboard)
    finally:
        reader.join(PATIENCE)
        os.close(ours)
    return Done(code, shown.decode(), "")


def _called(
    arguments: tuple[str, ...],
    env: Mapping[str, str] | None,
    out: TextIO,
    err: TextIO,
    stdin: TextIO,
) -> int:
    with (
        mock.patch.dict(os.environ, environment(env), clear=True),
        mock.patch.object(sys, "stdin", stdin),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            return main(arguments)
        except SystemExit as left:  # a signal handler's way out, and that of the completion
            return int(left.code or 0)


# -- in a process of its own ----------------------------------------------------------------------


def run(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    command: tuple[str, ...] = MODULE,
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, with its output in pipes."""
    return subprocess.run(
        [*command, *arguments],
        check=False,  # exit codes are what is tested
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        encoding="utf-8",
    )


@contextmanager
def running(
    *arguments: str, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run the command line beside the test; what still runs at the end is killed."""
    with subprocess.Popen(
        [*MODULE, *arguments],
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.kill()
