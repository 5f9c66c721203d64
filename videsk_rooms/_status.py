"""Sans I/O: an answer whose status is not a success becomes the error that stands for it.

The API speaks Feathers JSON (docs/api.md, "Errors"); a firewall or proxy in front of it speaks
HTML, or nothing at all (docs/api.md, "Access").
"""

from __future__ import annotations

import html
import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ._decision import server_wait
from ._json import loads
from ._messages import unexpected
from .errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    sentence,
    without_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._messages import Response
    from .errors import ResponseError
    from .models import JSONValue

_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitError,
}

_REMEDIES: dict[type[APIError], str] = {
    BadRequestError: "Correct the input; errors tells which field, if the API said so.",
    AuthenticationError: (
        "Check the API token (VIDESK_API_TOKEN or api_token=): it may be mistyped, removed from "
        "the dashboard, or not of type api-token."
    ),
    PermissionDeniedError: (
        "Check in the dashboard that the token may do this, and from this IP address."
    ),
    NotFoundError: ("Check the room id; your own id is looked up with rooms.get_by_external_id()."),
    ConflictError: (
        "Fetch the room that has this external_id with rooms.get_by_external_id(), "
        "or choose another external_id."
    ),
    RateLimitError: "Ask again after retry_after seconds, and lower the rate of all processes.",
    ServerError: "Try again later; if it stays, give Videsk's support the request id.",
    APIError: "Look up what the status means; Videsk's support knows the request id.",
}
_FIREWALL = (
    "A firewall or proxy answered in the API's place: check base_url and proxy, and give the "
    "request id to whoever runs it."
)

# Each reads on to the next "<" at most, or matches to the end: a page that opens what it never
# closes would otherwise be read to its end from every "<", and hold up the loop for seconds.
_MARKUP = re.compile(r"(?is)<(script|style)\b.*?(?:</\1>|\Z)|<[^<>]*>")
_TITLE = re.compile(r"(?i)<title\b[^<>]*>([^<]*)</title>")
_SHOWN = 300
_SEARCHED = 65_536


def error_of(response: Response) -> APIError | ResponseError | None:
    """Make the error that an answer stands for; `None` for a success.

    A redirect is an error too: it is not followed. So is a status that is no final one.
    """
    status = response.status
    if 200 <= status < 300:
        return None
    if status < 200:
        return unexpected(response, "ends with a status that only announces an answer")
    if status < 400:
        return unexpected(
            response,
            f"redirects to {_redirect_target(response)}, and redirects are not followed "
            "because the token would travel along",
        )
    return _api_error(response)


def not_found(response: Response | APIError, message: str) -> NotFoundError:
    """Make the error for a search that found nothing, told by an empty page or by a 404."""
    where = f"{response.method} {without_tokens(response.url)}"
    return NotFoundError(
        f"{where}: {message}. Create it first, or check the id.",
        status=404,
        name="NotFound",
        message=message,
        class_name="not-found",
        errors={},
        method=response.method,
        url=response.url,
        request_id=response.request_id,
        headers=response.headers,
        attempts=response.attempts,
    )


def _api_error(response: Response) -> APIError:
    status = response.status
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else APIError)
    body = without_tokens(response.body[:_SEARCHED].decode("utf-8", "replace"))
    feathers = _feathers(body)
    if feathers is None:
        name = class_name = None
        details: Mapping[str, object] | list[object] = {}
        message, remedy = _words_of_a_page(body, status), _FIREWALL
    else:
        name, class_name = _string(feathers, "name"), _string(feathers, "className")
        message = _string(feathers, "message") or _phrase(status)
        details, remedy = _details(feathers.get("errors")), _REMEDIES[kind]
    error = kind(
        _text(response, name or _phrase(status), message, details, remedy),
        status=status,
        name=name,
        message=message,
        class_name=class_name,
        errors=details,
        method=response.method,
        url=response.url,
        request_id=response.request_id,
        headers=response.headers,
        attempts=response.attempts,
    )
    error.retry_after = server_wait(status, response.headers)
    return error


def _text(response: Response, name: str, message: str, details: object, remedy: str) -> str:
    said = f"{name}: {message}" if message != name else name
    if details:
        said += f" {_shortened(details)}"
    if response.request_id:
        said = f"{said.rstrip('.')} (request id {response.request_id})"
    where = f"{response.method} {without_tokens(response.url)}"
    return f"{where}: {response.status} {sentence(said)} {remedy}"


def _shortened(details: object) -> str:
    try:
        return repr(details)[:_SHOWN]
    except RecursionError:
        return "…"


def _feathers(body: str) -> dict[str, JSONValue] | None:
    try:
        value = loads(body.encode("utf-8"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _details(value: JSONValue) -> Mapping[str, object] | list[object]:
    # docs/api.md, "Errors": an object or a list
    if isinstance(value, dict):
        return dict(value)
    return list(value) if isinstance(value, list) else {}


def _string(value: dict[str, JSONValue], key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) and found else None


def _words_of_a_page(body: str, status: int) -> str:
    title = _TITLE.search(body)
    words = title.group(1) if title else _MARKUP.sub(" ", body)
    return " ".join(html.unescape(words).split())[:_SHOWN] or _phrase(status)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"


def _redirect_target(response: Response) -> str:
    try:
        location = urlsplit(response.headers.get("location", ""))
    except ValueError:
        return "a location that cannot be read"
    host = (location.netloc or "").rpartition("@")[2]
    target = f"{location.scheme}://{host}{location.path}" if host else location.path
    return repr(without_tokens(target))
