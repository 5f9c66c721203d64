"""Decides which errors are transient, for task queues and for responses to visitors."""

from __future__ import annotations

from videsk_rooms import APIError, RateLimitError, ResponseError, ServerError, TransportError

# Transient statuses without an error class; the 5xx that are not transient.
_PASSING = {408, 425}
_LASTING = {501, 505}


def is_transient(error: BaseException) -> bool:
    """Return whether a failed call may succeed later without anybody's intervention."""
    if isinstance(error, ServerError):
        return error.status not in _LASTING
    if isinstance(error, APIError):
        return isinstance(error, RateLimitError) or error.status in _PASSING
    if isinstance(error, ResponseError):
        # With a path, the response was read, but is not of a known format. That will not change.
        return 200 <= error.status < 300 and error.path is None
    return isinstance(error, TransportError)
