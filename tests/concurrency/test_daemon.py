"""A client made, and used, before a daemon closes all descriptors."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.concurrency.daemons import PROGRAMS
from tests.ratelimit.conftest import common_redis

if TYPE_CHECKING:
    from tests.ratelimit.redis_server import RedisServer
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no daemons")
__all__ = ["common_redis"]

_PROGRAM = (
    "import sys; from tests.concurrency.daemons import PROGRAMS as p; p[sys.argv[1]](*sys.argv[2:])"
)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_client_made_before_all_was_closed_works(
    sandbox: Sandbox, common_redis: RedisServer, program: str
) -> None:
    """Soon, silently, and without touching what has the numbers of its descriptors now."""
    began = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, "-W", "error", "-c", _PROGRAM),
            *(program, sandbox.url, sandbox.api_token, common_redis.url),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 40
