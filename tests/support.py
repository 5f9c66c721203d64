"""What several test modules need."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from unittest.mock import Mock

import aioresponses.core
from aiohttp import ClientResponse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

API = "https://api.videsk.io"
TOKEN = "an-api-token-of-the-tests-0123456789"

# The documentation's example, with its values as published (docs/api.md, "Objects").
ROOM: dict[str, object] = {
    "id": "64f1a2b3c4d5e6f7a8b9c0d1",
    "name": "Team standup meeting",
    "externalId": "standup-2024-08-14",
    "exp": "2024-08-14T18:00:00.000Z",
    "nbf": "2024-08-14T15:00:00.000Z",
    "authorizations": [
        {
            "ip": "192.168.1.1",
            "jti": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "createdAt": "2024-08-14T15:00:00.000Z",
        }
    ],
}


# What asyncio's debug mode says of a callback that took 0.1 s, as any may on a busy machine.
_SLOW_CALLBACK = re.compile(r"(?m)^Executing <.*> took [\d.]+ seconds\n")
# An older aiohttp does not know the word.
_NEEDS_STREAM_WRITER = "stream_writer" in inspect.signature(ClientResponse.__init__).parameters


class MockedResponse(ClientResponse):
    """Lets aioresponses 0.7.9 make answers for an aiohttp that asks for a `stream_writer`."""

    def __init__(self, *args: object, **keywords: object) -> None:
        if _NEEDS_STREAM_WRITER:
            keywords.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*args, **keywords)  # type: ignore[arg-type]  # aioresponses knows them


def patch_aioresponses() -> None:
    """Make aioresponses work with the aiohttp at hand; `test_support.py` tells when to drop it."""
    aioresponses.core.ClientResponse = MockedResponse  # type: ignore[attr-defined]  # not exported


def printed_by(
    *arguments: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    patience: float = 120,
) -> str:
    """Run Python to its end, with every warning an error, and return what it printed.

    It must succeed, and say nothing on its standard error. `env` goes on top of the environment.
    A process that does not end is given up after `patience` seconds.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )
    errors = _SLOW_CALLBACK.sub("", done.stderr)
    assert (done.returncode, errors) == (0, ""), errors
    return done.stdout


def feathers(status: int, name: str, message: str, **more: object) -> bytes:
    """Write an error as the API does."""
    class_name = "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in name)
    body = {"name": name, "message": message, "code": status, "className": class_name[1:]}
    return as_json({**body, "errors": {}, **more})


def as_json(value: Mapping[str, object] | object) -> bytes:
    """Write JSON by the standard library, which the package may not use."""
    return json.dumps(value).encode()
