"""Which commands let the calls of others go first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ranks import recorded_ranks
from videsk_rooms._ratelimit import Rank

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ask
    from videsk_rooms.sandbox import Sandbox


@pytest.fixture
def ranks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Rank]:
    """The ranks of the requests of all commands, in a folder with a file of rooms."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rooms.csv").write_text("external_id\na\nb\nc\n")
    return recorded_ranks(monkeypatch)


def test_an_import_is_in_the_background(account: Sandbox, ask: Ask, ranks: list[Rank]) -> None:
    """Nobody waits for one of its rooms."""
    assert ask("rooms", "import", "rooms.csv").returncode == 0
    assert len(account.requests.of("create")) == 3
    # Before it begins, it looks whether the account is within reach: somebody waits for that.
    assert set(ranks[1:]) == {Rank.BACKGROUND}


def test_an_export_is_in_the_background(account: Sandbox, ask: Ask, ranks: list[Rank]) -> None:
    """All of it."""
    account.add_rooms(3)
    assert ask("rooms", "export", "all.csv").returncode == 0
    assert set(ranks) == {Rank.BACKGROUND}


def test_a_table_of_all_rooms_is_waited_for(account: Sandbox, ask: Ask, ranks: list[Rank]) -> None:
    """Somebody sits in front of it."""
    account.add_rooms(3)
    assert ask("rooms", "list", "--all").returncode == 0
    assert set(ranks) == {Rank.INTERACTIVE}
