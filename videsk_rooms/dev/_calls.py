"""Which client call a request belongs to.

This package's client sends it in a header, only to loopback addresses. Without the header, each
request counts as a separate call.
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
    """The call, the number of the attempt, and the call's priority.

    `call` is `None` for a request without the header.
    """

    call: str | None
    attempt: int
    priority: str | None


_ALONE = CallOfRequest(None, 1, None)


def read_call(header: str | None) -> CallOfRequest:
    """Parse the header of a request."""
    match = None if header is None else _FORM.fullmatch(header)
    if match is None:
        return _ALONE
    return CallOfRequest(match["call"], int(match["attempt"]), match["priority"])
