"""The limit of one client in several loops, of which some end in the middle of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.concurrency.ending_loops import PROGRAMS
from tests.concurrency.support import ends_well

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox


@pytest.mark.parametrize("how", ["closed", "stopped"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_others_go_on(sandbox: Sandbox, program: str, how: str) -> None:
    """Nobody waits for a loop that does not run any more."""
    ends_well("ending_loops", program, sandbox.url, sandbox.api_token, how)
