"""What a web application answers when the Rooms API does not do as asked, in any framework."""

import logging
import math
from dataclasses import dataclass, field

from videsk_rooms import (
    APIError,
    ConflictError,
    NotFoundError,
    RateLimitError,
    ServerError,
    TransportError,
    VideskError,
)

_logger = logging.getLogger(__name__)
_SOON = 5.0  # seconds, where the API does not say


@dataclass(frozen=True)
class HttpError:
    """An answer that says no. `detail` is for the visitor; the error's own text is for the log."""

    status: int
    detail: str
    headers: dict[str, str] = field(default_factory=dict)


def http_error(error: VideskError) -> HttpError:
    """Choose the answer that tells a visitor of an error."""
    _logger.warning("the Rooms API failed: %s", error)
    if isinstance(error, NotFoundError):
        return HttpError(404, "There is no such room.")
    if isinstance(error, ConflictError):
        return HttpError(409, "The room was changed by somebody else.")
    if isinstance(error, RateLimitError | ServerError | TransportError):
        # Passes by itself: the limit, an outage, a deadline. The client has tried again already.
        wait = error.retry_after if isinstance(error, APIError) else None
        headers = {"Retry-After": str(math.ceil(wait or _SOON))}
        return HttpError(503, "Video rooms are busy. Please try again.", headers)
    # A token that was removed, an argument that cannot be: nothing that a visitor can mend.
    return HttpError(500, "Video rooms are out of order.")
