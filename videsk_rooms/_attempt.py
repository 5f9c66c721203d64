"""One attempt of a call, as errors and hooks show it."""

from __future__ import annotations

from datetime import datetime

import attrs

__all__ = ["Attempt"]


@attrs.frozen(weakref_slot=False)
class Attempt:
    """One attempt of a call.

    Attributes:
        number: 1 for the first.
        started_at: When it began, in UTC.
        duration: How long it took, in seconds.
        status: The HTTP status, or `None` without a response.
        error: Why no response arrived, or `None`.
        delay: The pause before it, in seconds.
        request_id: The id of the request, from the server or a proxy.
    """

    number: int
    started_at: datetime
    duration: float
    status: int | None
    error: str | None
    delay: float
    request_id: str | None
