"""Marks the requests of one call, for a sandbox.

The console uses it to group the attempts of a call. The header is sent over plain http only, and
Videsk is reached by https, so the API never gets it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .deadline import Deadline

NAME = "Videsk-Rooms-Call"


def call_header(deadline: Deadline, attempt: int, *, is_in_background: bool) -> str:
    """Return the header's value; requests of one call share a deadline."""
    if not deadline.call_id:
        # Not of `random`, whose numbers a caller may have seeded.
        deadline.call_id = os.urandom(8).hex()
    priority = "background" if is_in_background else "interactive"
    return f"{deadline.call_id}; attempt={attempt}; priority={priority}"
