"""Which call of a client a request belongs to.

This package's client says so in a header, towards this machine only. What another client sends, is
a call of its own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

HEADER = "Videsk-Rooms-Call"
_FORM = re.compile(
    r"(?P<call>[0-9A-Za-z_-]{1,64}); attempt=(?P<attempt>[1-9][0-9]{0,5})"
    r"(?:; priority=(?P<priority>interactive|background))?"
)


class CallOfRequest(NamedTuple):
    """The call, the number of the attempt, and whether somebody waits for it.

    A request that is not said to belong to a call has a call of `None`.
    """

    call: str | None
    attempt: int
    priority: str | None


_ALONE = CallOfRequest(None, 1, None)


def read_call(header: str | None) -> CallOfRequest:
    """Read the header of a request."""
    match = None if header is None else _FORM.fullmatch(header)
    if match is None:
        return _ALONE
    return CallOfRequest(match["call"], int(match["attempt"]), match["priority"])
