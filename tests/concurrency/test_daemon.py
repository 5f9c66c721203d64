"""A client made, and used, before a daemon closes all descriptors."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.concurrency.daemons import PROGRAMS
from tests.concurrency.support import ends_well

if TYPE_CHECKING:
    from tests.ratelimit.redis_server import RedisServer
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no daemons")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_client_made_before_all_was_closed_works(
    sandbox: Sandbox, common_redis: RedisServer, program: str
) -> None:
    """Soon, silently, and without touching what has the numbers of its descriptors now."""
    began = time.monotonic()
    ends_well("daemons", program, sandbox.url, sandbox.api_token, common_redis.url)
    assert time.monotonic() - began < 40
