"""Fixtures of the tests of the rate limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ratelimit.redis_server import MISSING, PROGRAM, serving
from tests.waiting import PATIENCE
from videsk_rooms._ratelimit import redis_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ratelimit.redis_server import RedisServer


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis for one test, which may kill it and start it again."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with serving(password="the-password-of-the-tests") as server:
        yield server


@pytest.fixture
def patient_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer than a second for Redis: on a busy machine, connecting may take that long."""
    monkeypatch.setattr(redis_store, "PATIENCE", PATIENCE)
