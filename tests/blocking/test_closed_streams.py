"""The blocking client in a process whose standard streams are closed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox


@pytest.mark.parametrize("closed", [[0], [0, 1, 2]])
def test_a_process_without_standard_streams_goes_on(sandbox: Sandbox, closed: list[int]) -> None:
    """A daemon may have closed them; their numbers go to the loop's own descriptors."""
    code = (
        "import os\n"
        f"for number in {closed}: os.close(number)\n"
        "from videsk_rooms import Videsk\n"
        "with Videsk() as videsk: videsk.rooms.create()\n"
        "os._exit(0)\n"  # without a flush of what is closed
    )
    account = {"VIDESK_API_TOKEN": sandbox.api_token, "VIDESK_BASE_URL": sandbox.url}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **account},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(sandbox.rooms) == 1
