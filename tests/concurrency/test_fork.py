"""A client made before `os.fork()` works in the parent and in its children."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.concurrency.forking import NOT_IN_C, PROGRAMS
from tests.concurrency.support import ends_well

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")

# Python 3.12 and later warn of every fork of a process with threads; whether this one is safe is
# what is tested.
_OPTIONS = ("-W", "ignore:This process:DeprecationWarning")

_WAYS = [
    *(("by Python", program) for program in PROGRAMS),
    *(("in C", program) for program in PROGRAMS if program not in NOT_IN_C),
]


@pytest.mark.parametrize(("way", "program"), _WAYS)
def test_a_client_made_before_a_fork_works_in_both(
    sandbox: Sandbox, way: str, program: str
) -> None:
    """Silently, to the end, and with every child ending well; by name, which is looked up.

    Whether Python forks, which runs its hooks, or code in C does, such as that of uWSGI.
    """
    sandbox.add_rooms(7)
    url = sandbox.url.replace("127.0.0.1", "localhost")
    ends_well("forking", way, program, url, sandbox.api_token, options=_OPTIONS)
