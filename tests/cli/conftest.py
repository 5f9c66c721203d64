"""What the tests of the command line stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

# Announced to the client in each answer, so that its pacing does not slow the tests down.
QUICK = 10_000


@pytest.fixture
def account() -> Iterator[Sandbox]:
    """A sandbox that stands for somebody's account: it has a room of theirs already."""
    with Sandbox(rate=QUICK) as sandbox:
        sandbox.add_room(external_id="theirs")
        yield sandbox
