"""A program in a session of its own, which can be ended with all processes that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path


class Program:
    """Runs from the moment that it is made.

    Args:
        command: What to run.
        folder: Where.
        environment: All of its environment.
        log: The file for what it writes to its standard error.
        output: What becomes of its standard output, as `subprocess` names it; absent: the same.
        descriptors: Files that it inherits.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        output: int | None = None,
        descriptors: Collection[int] = (),
    ) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=errors if output is None else output,
                stderr=errors,
                pass_fds=descriptors,
                start_new_session=True,
            )

    def ask_to_end(self) -> None:
        """Tell it to end, as whoever runs it does."""
        self._process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        """Wait for its end."""
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end; it said {self._log.read_text()!r}") from None

    def kill(self) -> None:
        """End whatever is left of it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
