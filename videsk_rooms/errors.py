"""The errors of this package.

    VideskError
    ├── ConfigurationError          (ValueError)    the client is configured wrongly
    ├── InvalidRequestError         (ValueError)    an argument is invalid; nothing was sent
    ├── ClosedError                                 the client is closed
    ├── TransportError                              no response arrived
    │   ├── ConnectionFailedError                   certainly not processed
    │   ├── DeadlineExceededError   (TimeoutError)  the call exceeded its timeout
    │   └── OutcomeUnknownError                     may have been processed
    │       └── OutcomeUnknownAtDeadlineError       both: a DeadlineExceededError, too
    ├── ResponseError                               a response that is not the API's
    └── APIError                                    an error response of the API
        ├── BadRequestError 400     ├── AuthenticationError 401   ├── PermissionDeniedError 403
        ├── NotFoundError 404       ├── ConflictError 409         ├── RateLimitError 429
        └── ServerError 5xx

Errors are plain data without tokens, and can be pickled. The text ends with the remedy.
`outcome_unknown` says whether the request may have been processed. After a create, `external_id`
identifies the room.

Result stores such as Celery's JSON keep only the text of an error. If an error is rebuilt from it,
all its other attributes are `0`, `None` or empty.

`str(error)` ends with the URL of the error's page; `error.args[0]` is the text without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, overload

from ._quoting import without_tokens as without_tokens  # noqa: PLC0414 - used from here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._attempt import Attempt


__all__ = [
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "ClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "InvalidRequestError",
    "NotFoundError",
    "OutcomeUnknownAtDeadlineError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseError",
    "ServerError",
    "TransportError",
    "VideskError",
]

RoomState: TypeAlias = Literal["over", "not open yet"]

# Where docs/errors/ is published.
PAGES = "https://videsk-rooms.readthedocs.io/latest/errors/"


class VideskError(Exception):
    """The base of all errors of this package.

    Catch it to catch all of them:

    ```python
    from videsk_rooms import VideskError

    try:
        await videsk.rooms.get("64f1a2b3c4d5e6f7a8b9c0d1")
    except VideskError as error:
        print(error)
    ```

    Attributes:
        outcome_unknown: Whether the request may have been processed, because an attempt got no
            response. Always false for reads.
        external_id: The `external_id` of a create, given or generated. `None` for other calls.
    """

    outcome_unknown: bool = False
    external_id: str | None = None

    def __str__(self) -> str:
        text = plain_text(self)
        if PAGES in text:  # it quotes another error, or was made from the text of one
            return text
        # A foreign subclass has no page, but the error that it derives from has one.
        name = next(kind.__name__ for kind in type(self).__mro__ if kind.__module__ == __name__)
        return f"{sentence(text)} See {PAGES}{name}/".lstrip()

    def __reduce__(self) -> tuple[object, ...]:
        # Exception itself calls cls(*args), but the `__init__` of a subclass may take others.
        return (_with_args, (type(self), self.args), self.__dict__)


def _with_args(kind: type[VideskError], args: tuple[object, ...]) -> VideskError:
    error = kind.__new__(kind)
    error.args = args
    return error


class ConfigurationError(VideskError, ValueError):
    """The client is configured wrongly. Nothing was sent."""


class InvalidRequestError(VideskError, ValueError):
    """An argument is invalid. Nothing was sent.

    Attributes:
        argument: The name of the argument; empty if only the text is known.
    """

    def __init__(self, message: str, *, argument: str = "") -> None:
        super().__init__(message)
        self.argument = argument


CLOSED = "the client is closed; make a new one, or close it after its last call"


class ClosedError(VideskError):
    """The client was used after it was closed, or was closed during a call."""


class TransportError(VideskError):
    """No response arrived.

    This class itself means that the response to a read was lost. A read changes nothing.

    Attributes:
        attempts: The attempts, in order.
    """

    def __init__(
        self,
        message: str,
        *,
        attempts: tuple[Attempt, ...] = (),
        external_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.attempts = attempts
        self.external_id = external_id


class ConnectionFailedError(TransportError):
    """No connection could be made, so the request was not processed."""


class DeadlineExceededError(TransportError, TimeoutError):
    """The call exceeded its timeout.

    If the request may have been processed (`outcome_unknown`), the error is also an
    `OutcomeUnknownError`.
    """


class OutcomeUnknownError(TransportError):
    """The request was sent, no response arrived, and it may have been processed.

    Repeating a create with the same `external_id` makes no second room.
    """

    outcome_unknown = True


class OutcomeUnknownAtDeadlineError(DeadlineExceededError, OutcomeUnknownError):
    """The call exceeded its timeout, and the request may have been processed."""


class ResponseError(VideskError):
    """The response is not the API's: not JSON, a wrong type, a redirect, or too long.

    Attributes:
        status: The HTTP status; `0` if only the text is known.
        method: The request's method.
        url: The request's URL.
        path: The place of the fault in the JSON (`data[3].createdAt`), or `None` for the whole.
        body_start: The start of the body, printable, without tokens.
        request_id: The id of the request, from the server or a proxy.
        attempts: The attempts, in order.
    """

    @overload
    def __init__(self, message: str) -> None: ...

    @overload
    def __init__(
        self,
        message: str,
        *,
        status: int,
        method: str,
        url: str,
        path: str | None = None,
        body_start: str = "",
        request_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
    ) -> None: ...

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        method: str = "",
        url: str = "",
        path: str | None = None,
        body_start: str = "",
        request_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.method = method
        self.url = url
        self.path = path
        self.body_start = body_start
        self.request_id = request_id
        self.attempts = attempts


class APIError(VideskError):
    """The API answered with an error status. Statuses without a subclass have this class.

    Attributes:
        status: The HTTP status; `0` if only the text is known and the class has no status.
        name: The API's name for the error (`NotAuthenticated`); `None` if a proxy answered.
        message: The message of the API or of a proxy's page, as one printable line of at most 300
            characters.
        class_name: The API's `className` (`not-authenticated`).
        errors: The API's details, an object or a list, without tokens, cut after 20 levels or 500
            values. If the response has no `errors`, its other fields, such as `data`.
        method: The request's method.
        url: The request's URL.
        request_id: The id of the request, from the server or a proxy.
        headers: The response's headers, printable, without tokens, each cut at 1,000 characters.
        attempts: The attempts, in order.
        retry_after: The seconds to wait before the next request, if the server said so.
        room_state: `"over"` or `"not open yet"` if that is why the API refused; else `None`.
    """

    status: int = 0
    retry_after: float | None = None
    room_state: RoomState | None = None

    @overload
    def __init__(self, text: str) -> None: ...

    @overload
    def __init__(
        self,
        text: str,
        *,
        status: int,
        name: str | None,
        message: str,
        class_name: str | None,
        errors: Mapping[str, object] | list[object],
        method: str,
        url: str,
        request_id: str | None,
        headers: Mapping[str, str],
        attempts: tuple[Attempt, ...],
    ) -> None: ...

    def __init__(
        self,
        text: str,
        *,
        status: int | None = None,
        name: str | None = None,
        message: str = "",
        class_name: str | None = None,
        errors: Mapping[str, object] | list[object] | None = None,
        method: str = "",
        url: str = "",
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        attempts: tuple[Attempt, ...] = (),
    ) -> None:
        super().__init__(text)
        if status is not None:
            self.status = status
        self.name = name
        self.message = message
        self.class_name = class_name
        self.errors: Mapping[str, object] | list[object] = {} if errors is None else errors
        self.method = method
        self.url = url
        self.request_id = request_id
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.attempts = attempts


class BadRequestError(APIError):
    """400: the API refused the input."""

    status = 400


class AuthenticationError(APIError):
    """401: the API token is missing, malformed, expired or revoked."""

    status = 401


class PermissionDeniedError(APIError):
    """403: refused to everybody, such as deleting a room, or to this token, or by a WAF."""

    status = 403


class NotFoundError(APIError):
    """404: no such room, or no such statistics yet."""

    status = 404


class ConflictError(APIError):
    """409: the `external_id` belongs to another room."""

    status = 409


class RateLimitError(APIError):
    """429: the account's requests per second are used up, for `retry_after` seconds."""

    status = 429


class ServerError(APIError):
    """5xx: the API or a proxy in front of it failed."""


# -- texts ---------------------------------------------------------------------------------------


def plain_text(error: VideskError) -> str:
    """Return the text without the link to its page, for use in another text with its own link."""
    return Exception.__str__(error)


def sentence(text: str) -> str:
    """End a text as a sentence, so that another one may follow."""
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
