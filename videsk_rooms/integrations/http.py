"""Responses to a web application's visitors when a call of the Rooms API failed.

All integrations use this module, and so can an application of another framework. The visitor gets
a status and a sentence. The error's own message is for developers, so it goes to the log, with the
logger `videsk_rooms.integrations.http`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from videsk_rooms import APIError, ConflictError, NotFoundError, VideskError

from ._transient import is_transient

__all__ = ["ChooseAnswer", "HttpAnswer", "answer_to", "http_answer"]

_logger = logging.getLogger(__name__)
_SOON = 5.0  # seconds, if the API does not send `Retry-After`


@attrs.frozen
class HttpAnswer:
    """The response to a request that failed. A subclass can override the body.

    Attributes:
        status: The HTTP status.
        detail: A sentence for the visitor.
        headers: The response's headers, such as `Retry-After`.

    Example:
        ```python
        from videsk_rooms.integrations.http import HttpAnswer

        answer = HttpAnswer(404, "There is no such room.")
        assert answer.body == {"detail": "There is no such room."}
        ```
    """

    status: int
    detail: str
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])

    @property
    def body(self) -> dict[str, object]:
        """The JSON body."""
        return {"detail": self.detail}


# "Not open yet" is 409, "a conflict with the current state of the target resource" (RFC 9110,
# 15.5.10), because the same request succeeds later. 425 is for replays of early data in TLS
# (RFC 8470), 403 means that a retry is useless, and 503 that the application is unavailable.
_CLOSED = {
    "over": (410, "The room is over."),
    "not open yet": (409, "The room is not open yet."),
}

ChooseAnswer: TypeAlias = Callable[[VideskError], HttpAnswer]
"""A function that chooses the response to a visitor, as an alternative to `http_answer`."""


def http_answer(error: VideskError) -> HttpAnswer:
    """Choose the response to a visitor.

    Args:
        error: The error of a call.

    Returns:
        The `HttpAnswer`, by its status:

        - 404: there is no such room.
        - 410: the room is over, whatever status the API refused it with.
        - 409: the room is not open yet, or somebody else changed it.
        - 503, with `Retry-After`: a transient failure, which the client has already retried, such
            as a rate limit, an outage, a deadline or an unreadable response.
        - 500: anything else, which needs a correction of the application.

    Example:
        ```python
        from videsk_rooms import ConfigurationError
        from videsk_rooms.integrations.http import http_answer

        assert http_answer(ConfigurationError("no token")).status == 500
        ```
    """
    if isinstance(error, APIError) and error.room_state is not None:
        return HttpAnswer(*_CLOSED[error.room_state])
    if isinstance(error, NotFoundError):
        return HttpAnswer(404, "There is no such room.")
    if isinstance(error, ConflictError):
        return HttpAnswer(409, "The room was changed by somebody else.")
    if is_transient(error):
        wait = error.retry_after if isinstance(error, APIError) else None
        headers = {"Retry-After": str(math.ceil(wait or _SOON))}
        return HttpAnswer(503, "Video rooms are busy. Please try again.", headers)
    return HttpAnswer(500, "Video rooms are out of order.")


def answer_to(error: VideskError, choose_answer: ChooseAnswer = http_answer) -> HttpAnswer:
    """Log an error, and choose the response to the visitor, as each integration does.

    Args:
        error: The error of a call. It is logged as a warning. For a 500 it is logged as an error
            with its traceback, because the application then needs a correction.
        choose_answer: Chooses the response.

    Returns:
        The `HttpAnswer`.

    Example:
        ```python
        from videsk_rooms import VideskError
        from videsk_rooms.integrations.http import answer_to

        try:
            await videsk.rooms.get("64f1a2b3c4d5e6f7a8b9c0d1")
        except VideskError as error:
            answer = answer_to(error)  # answer.status, answer.headers, answer.body
        ```
    """
    answer = choose_answer(error)
    if answer.status == 500:
        _logger.error("the Rooms API failed: %s", error, exc_info=error)
    else:
        _logger.warning("the Rooms API failed: %s", error)
    return answer
