"""Clients on a sandbox, and what stands between them."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest

from tests.blocking.support import Relay, blocking_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms import Videsk
    from videsk_rooms.sandbox import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Videsk]:
    """A blocking client on the sandbox: one attempt a call, no pacing, no bound on time."""
    with blocking_client(sandbox) as client:
        yield client


@pytest.fixture
def relay(sandbox: Sandbox) -> Iterator[Relay]:
    """What stands between a client and the sandbox, and counts connections."""
    with Relay(sandbox.url) as relay:
        yield relay


@pytest.fixture
def relayed(sandbox: Sandbox, relay: Relay) -> Iterator[Videsk]:
    """A client like `client`, by way of the relay."""
    with blocking_client(sandbox, base_url=relay.url) as client:
        yield client


@pytest.fixture
def finalizers_may_fail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let be what Python says of finalizers.

    For tests that strike asyncio while it makes a loop: half a loop is left to its finalizer. And
    finalizers are interrupted by the handlers of signals as anything else is.
    """
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    yield
    gc.collect()
