"""Maps a response with an error status to an error. No I/O.

The API's errors are Feathers JSON (docs/api.md, "Errors"). A firewall or proxy in front of it
responds with HTML, or with an empty body (docs/api.md, "Access").
"""

from __future__ import annotations

import html
import re
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from videsk_rooms._quoting import ID_LENGTH, TEXT_LENGTH, shown, shown_data, without_tokens
from videsk_rooms.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    sentence,
)

from .headers import server_wait
from .json import loads
from .message import Headers, place_of, unexpected
from .operation import Refusal
from .operations import operation_of
from .remedies import remedy, remedy_of_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videsk_rooms.errors import ResponseError
    from videsk_rooms.models import JSONValue

    from .message import Request, Response

E = TypeVar("E", bound=APIError)

_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitError,
}

_READ = frozenset({"name", "message", "code", "className", "errors"})
# Each alternative reads to the next "<" at most, or matches to the end. Otherwise a page of
# unclosed tags would be read to its end from every "<", and block the loop for seconds.
_MARKUP = re.compile(r"(?is)<(script|style)\b.*?(?:</\1>|\Z)|<[^<>]*>")
_TITLE = re.compile(r"(?i)<title\b[^<>]*>([^<]*)</title>")
# No error of the API is that long; a proxy's page or a hostile body may be.
_SEARCHED = 65_536
_LONGEST_HEADER, _MOST_HEADERS = 1_000, 100
# Python raises ValueError for a number of thousands of digits. No character has such a number.
_NO_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")


def error_from_response(response: Response, request: Request) -> APIError | ResponseError | None:
    """Return the error for a response; `None` for a success.

    A redirect is an error, because it is not followed, and so is a status that is not final.
    """
    status = response.status
    if 200 <= status < 300:
        return None
    if status < 200:
        return unexpected(response, "ends with a status that only announces a response")
    if status < 400:
        return unexpected(
            response,
            f"redirects {_redirect_target(response)}, and redirects are not followed "
            "because the token would travel along",
        )
    return _api_error(response, request)


def not_found(response: Response | APIError, message: str) -> NotFoundError:
    """Make the error for a search that found nothing: an empty page, or a 404."""
    return _concluded(NotFoundError, response, message, "Create it first, or check the id.")


def conflict(response: Response, message: str, what_to_do: str) -> ConflictError:
    """Make the error for a room that differs from the request, although the status is a success."""
    return _concluded(ConflictError, response, message, what_to_do)


def _concluded(kind: type[E], response: Response | APIError, message: str, what_to_do: str) -> E:
    """Make an error of the API that is inferred from its response, and was not sent by it."""
    phrase = _phrase(kind.status)
    return _error(
        kind,
        response,
        f"{place_of(response.method, response.url)}: {message}. {what_to_do}",
        status=kind.status,
        message=message,
        name=phrase.replace(" ", ""),
        class_name=phrase.lower().replace(" ", "-"),
    )


def _api_error(response: Response, request: Request) -> APIError:
    status = response.status
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else APIError)
    feathers = _feathers(response.body)
    if feathers is None:
        message = _words_of_a_page(response.body, status)
        text = _text(response, _phrase(status), message, {}, remedy_of_page(response))
        error = _error(kind, response, text, status=status, message=message)
    else:
        name, class_name = _string(feathers, "name"), _string(feathers, "className")
        message = _string(feathers, "message", TEXT_LENGTH) or _phrase(status)
        details = _details(feathers)
        said = {"name": name, "message": message, "class_name": class_name, "errors": details}
        words = f"{message} {_quoted(details)}"
        refusal = Refusal(request, response, words, operation_of(request))
        text = _text(response, name or _phrase(status), message, details, remedy(refusal))
        error = _error(kind, response, text, status=status, **said)
        error.room_state = refusal.room_state
    error.retry_after = server_wait(status, response.headers)
    return error


def _error(kind: type[E], response: Response | APIError, text: str, **said: Any) -> E:
    headers = islice(response.headers.items(), _MOST_HEADERS)
    return kind(
        text,
        **said,
        method=response.method,
        url=without_tokens(response.url),
        request_id=response.request_id,
        headers=Headers({name: shown(value, _LONGEST_HEADER) for name, value in headers}),
        attempts=response.attempts,
    )


def _text(response: Response, name: str, message: str, details: object, what_to_do: str) -> str:
    said = f"{name}: {message}" if message != name else name
    if details:
        said += f" {_quoted(details)}"
    if response.status >= 500 and len(response.attempts) > 1:
        said = f"{said.rstrip('.')}, at the last of {len(response.attempts)} attempts"
    if response.request_id:
        said = f"{said.rstrip('.')} (request id {response.request_id})"
    where = place_of(response.method, response.url)
    return f"{where}: {response.status} {sentence(said)} {what_to_do}"


def _quoted(details: object) -> str:
    text = repr(details)
    return text if len(text) <= TEXT_LENGTH else f"{text[: TEXT_LENGTH - 1]}…"


def _feathers(body: bytes) -> dict[str, JSONValue] | None:
    if len(body) > _SEARCHED:
        return None
    try:
        value = loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _details(error: dict[str, JSONValue]) -> Mapping[str, object] | list[object]:
    """Return the `errors` of an error; if it has none, the fields that are not read otherwise.

    The schemas of Feathers put what is wrong into `data`, and other servers use other names
    (docs/api.md, "Errors").
    """
    errors = error.get("errors")
    details = errors if isinstance(errors, dict | list) else {}
    if not details:
        known = _READ if isinstance(error.get("message"), str) else _READ - {"message"}
        rest = {name: value for name, value in error.items() if value and name not in known}
        details = cast("dict[str, JSONValue]", rest) or details
    return cast("Mapping[str, object] | list[object]", shown_data(details))


def _string(value: dict[str, JSONValue], key: str, limit: int = ID_LENGTH) -> str | None:
    found = value.get(key)
    return shown(found, limit) if isinstance(found, str) and found else None


def _words_of_a_page(body: bytes, status: int) -> str:
    page = body[:_SEARCHED].decode("utf-8-sig", "replace")
    title = _TITLE.search(page)
    words = title.group(1) if title else _MARKUP.sub(" ", page)
    # Before searching for tokens, because a page wraps lines anywhere.
    words = html.unescape(_NO_REFERENCE.sub("\ufffd", words))
    return shown(" ".join(words.split())) or _phrase(status)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"


def _redirect_target(response: Response) -> str:
    given = response.headers.get("location")
    if not given:
        return "without a Location"
    try:
        location = urlsplit(given)
    except ValueError:
        return "to a location that cannot be read"
    host = (location.netloc or "").rpartition("@")[2]
    target = f"{location.scheme}://{host}{location.path}" if host else location.path
    return f"to '{shown(target)}'"
