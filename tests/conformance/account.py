"""The API as a program in a process of its own reaches it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.blocking.support import Relay
from tests.docs.blocks import EXAMPLES, ROOT
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 40  # requests a second that the API lets through


@dataclass(frozen=True)
class Account:
    """A sandbox, and the relay through which programs reach it."""

    sandbox: Sandbox
    relay: Relay

    def environment(self, home: Path) -> dict[str, str]:
        """Make the environment of a program that keeps its own files in a folder of the tests."""
        return {
            **os.environ,
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{EXAMPLES}",
            "VIDESK_API_TOKEN": self.sandbox.api_token,
            "VIDESK_BASE_URL": self.relay.url,
        }


@contextmanager
def opened() -> Iterator[Account]:
    """Run both, for as long as they are needed."""
    with Sandbox(rate=RATE) as sandbox, Relay(sandbox.url) as relay:
        yield Account(sandbox, relay)
