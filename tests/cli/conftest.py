"""What the tests of the command line stand on."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.cli.support import Done, call
from tests.cli.support import account as variables
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Announced to the client in each answer, so that its pacing does not slow the tests down.
QUICK = 10_000


@pytest.fixture
def account() -> Iterator[Sandbox]:
    """A sandbox that stands for somebody's account: it has a room of theirs already."""
    with Sandbox(rate=QUICK) as sandbox:
        sandbox.add_room(external_id="theirs")
        yield sandbox


class Ask(Protocol):
    """Runs the command line on an account."""

    def __call__(self, *arguments: str, stdin: str = "") -> Done:
        """Run it to its end."""
        ...


@pytest.fixture
def ask(account: Sandbox) -> Ask:
    """The command line, whose environment names the account."""
    return partial(call, env=variables(account))


@pytest.fixture
def theirs(account: Sandbox) -> str:
    """The id of the room that is in the account already."""
    return str(account.rooms[0]["id"])


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Moves this process into a time zone, until the end of the test."""
    if not hasattr(time, "tzset"):
        pytest.skip("Windows cannot be told a time zone")

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()
