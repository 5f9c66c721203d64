"""The command line, run as its users run it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from videsk_rooms.sandbox import Sandbox

# Generous: it only ends a run that hangs.
PATIENCE = 60.0

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


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, and fail with its name when it does not come."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {PATIENCE} s"
        time.sleep(0.02)
