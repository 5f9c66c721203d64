"""The examples of `docs/examples` that are whole programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import printed_by

from .blocks import EXAMPLES, ROOT

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file that all can lock")
def test_a_pool_of_processes_opens_a_room_for_each_appointment(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It prints their ids."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    printed = printed_by(str(EXAMPLES / "process_pool.py"))
    assert sorted(printed.split()) == sorted(str(room["id"]) for room in account.rooms)
    assert len(account.rooms) == 8
