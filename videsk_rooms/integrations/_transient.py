"""Which errors are transient, for a task in a queue and for a visitor."""

from __future__ import annotations

from videsk_rooms import APIError, RateLimitError, ResponseError, ServerError, TransportError

# Statuses that have no class of their own and pass by themselves, and 5xx that do not.
_PASSING = {408, 425}
_LASTING = {501, 505}


def is_transient(error: BaseException) -> bool:
    """Return whether a call that failed may succeed later, without a correction by anybody."""
    if isinstance(error, ServerError):
        return error.status not in _LASTING
    if isinstance(error, APIError):
        return isinstance(error, RateLimitError) or error.status in _PASSING
    if isinstance(error, ResponseError):
        # With a path it was read, and is not what this package knows: that will be so next time.
        return 200 <= error.status < 300 and error.path is None
    return isinstance(error, TransportError)
