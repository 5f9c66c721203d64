"""Plain data between the layers: `Request` and `Response`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from videsk_rooms._attempt import Attempt
from videsk_rooms._quoting import ID_LENGTH, shown, without_tokens
from videsk_rooms.errors import ResponseError
from videsk_rooms.models import JSONValue, Room

from .json import MOST_VALUES, TooManyValuesError, loads

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Answer", "Headers", "Response"]

# How much of a body an error quotes, and how much is searched for tokens before it is truncated,
# because a truncated token is not recognised.
_QUOTED, _QUOTED_SOURCE = 200, 16_384
_PLAIN_ID = re.compile(r"(?!eyJ)[0-9A-Za-z_.:-]{1,64}")
_URL_LENGTH = 500
# Pages of rooms that hundreds of people have entered are long.
_ASK_FOR_LESS = "ask for a smaller page, or read the body of what request() returns"

T_co = TypeVar("T_co", covariant=True)


@attrs.define
class Request:
    """A request, without the host and the token.

    Attributes:
        operation: Its name in hooks and logs, such as `rooms.create`.
        method: The HTTP method.
        path: Percent-encoded, beginning with a slash.
        template: The path with names instead of ids (`/vpaas/rooms/{roomId}`); empty: unknown.
        query: Percent-encoded, without the question mark; empty for none.
        body: JSON as bytes, or `None`.
        external_id: The `externalId` of a create, for errors.
        repeatable: Whether it may be sent again if it may already have been processed.
        hides_path: Whether the path has an `externalId`, which may identify a person.
        room: The `Room` that the caller gave, if it was not an id. Errors describe its window.
    """

    operation: str
    method: str
    path: str
    template: str = ""
    query: str = ""
    body: bytes | None = None
    external_id: str | None = None
    repeatable: bool = attrs.field(kw_only=True)
    hides_path: bool = False
    room: Room | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def safe(self) -> bool:
        """Whether the request changes nothing, so that an unknown outcome does no harm."""
        return self.method in {"GET", "HEAD", "OPTIONS"}

    @property
    def shown_path(self) -> str:
        """The path for logs, hooks and spans: a token may be pasted where an id belongs."""
        if self.hides_path:
            return self.template
        return without_tokens(self.path) if "eyJ" in self.path else self.path


class Headers(Mapping[str, str]):
    """The headers of a response: read-only, case-insensitive, picklable."""

    # Copied for each response; a view of aiohttp's own mapping took 30 lines.
    def __init__(self, headers: Mapping[str, str]) -> None:
        self._names: dict[str, str] = {}
        for name, value in headers.items():
            # A repeated header keeps its first value: none that is read here is a list.
            self._names.setdefault(name.lower(), value)

    def __getitem__(self, name: str) -> str:
        return self._names[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"Headers({self._names!r})"


def headers_without(headers: Mapping[str, str], secret: str) -> Mapping[str, str]:
    """Return headers without a secret that the server or a proxy has echoed."""
    # All values together, because a loop over them takes twice as long.
    if secret not in "\n".join(headers.values()):
        return headers
    found = Headers(headers).items()
    return Headers({name: value.replace(secret, "[removed]") for name, value in found})


@attrs.define
class RawResponse:
    """The response to one attempt: any status, the body whole."""

    status: int
    headers: Mapping[str, str]  # aiohttp's own, or `Headers`: names in any case
    body: bytes = attrs.field(repr=False)  # it may hold an access token
    url: str
    too_long: bool = False

    @property
    def request_id(self) -> str | None:
        """The server's id for the request, else Cloudflare's."""
        given = self.headers.get("x-request-id") or self.headers.get("cf-ray")
        if given is None or _PLAIN_ID.fullmatch(given):  # hardly ever anything else
            return given
        return shown(given, ID_LENGTH)


@attrs.define
class TransportFailure:
    """The reason why an attempt got no response.

    Attributes:
        detail: The network's error, without tokens.
        maybe_sent: Whether the server may have seen the request.
        timed_out: Whether the time was up, sent or not.
        hint: What may be the reason, as a sentence with a space before it; empty for nothing.
        remedy: What to do if nothing was sent.
    """

    detail: str
    url: str
    maybe_sent: bool = attrs.field(default=False, kw_only=True)
    timed_out: bool = attrs.field(default=False, kw_only=True)
    hint: str = ""
    remedy: str = "Check base_url, the network and the proxy; try again."


@attrs.frozen(weakref_slot=False)
class Response:
    """A response of the API, undecoded.

    Attributes:
        status: The HTTP status.
        headers: The headers; names in any case.
        body: The bytes of the body.
        method: The request's method.
        url: The request's URL.
        request_id: The server's or the proxy's id for the request.
        attempts: The attempts, in order; the last one got this response.
    """

    status: int
    headers: Headers
    body: bytes = attrs.field(repr=False)  # it may hold an access token
    method: str
    url: str
    request_id: str | None
    attempts: tuple[Attempt, ...]

    @property
    def elapsed(self) -> float:
        """The seconds that the call took, with its attempts and the waits between them."""
        return sum(attempt.delay + attempt.duration for attempt in self.attempts)

    def json(self) -> JSONValue:
        """Read the body as JSON.

        Returns:
            The value that the body holds.

        Raises:
            ResponseError: The body is not JSON, or holds more than 65,536 values.
        """
        try:
            return loads(self.body)
        # The parser's own words are left out, because they may quote the body, tokens included.
        except TooManyValuesError:
            what = f"holds more than {MOST_VALUES:,} values; {_ASK_FOR_LESS}"
        except ValueError:
            what = "is not JSON" if self.body else "has an empty body"
        raise unexpected(self, what)


@attrs.frozen(weakref_slot=False)
class Answer(Generic[T_co]):
    """A value, and the response that it came with: what `rooms.with_response` returns.

    Attributes:
        value: What the method returns otherwise, such as a `Room`.
        response: The last response. A method such as `get_or_create` may send several requests.
    """

    value: T_co
    response: Response


def make_attempt(
    number: int,
    started_at: datetime,
    duration: float,
    outcome: RawResponse | TransportFailure,
    delay: float,
) -> Attempt:
    """Make the record of an attempt and of its outcome."""
    if isinstance(outcome, RawResponse):
        status, error, request_id = outcome.status, None, outcome.request_id
    else:
        status, error, request_id = None, outcome.detail, None
    return Attempt(number, started_at, duration, status, error, delay, request_id)


def make_response(request: Request, answer: RawResponse, attempts: tuple[Attempt, ...]) -> Response:
    """Make the response that a caller sees."""
    return Response(
        answer.status,
        Headers(answer.headers),
        answer.body,
        request.method,
        answer.url,
        attempts[-1].request_id,
        attempts,
    )


def unexpected(response: Response, what: str, *, path: str = "") -> ResponseError:
    """Make the error for a response that is not what the API sends.

    Args:
        response: The response.
        what: The end of a sentence that begins with "the response". A comma at its end is for the
            path, which follows.
        path: Where in the JSON the fault lies; empty for the whole.
    """
    body = response.body[:_QUOTED_SOURCE].decode("utf-8-sig", "replace")
    start = without_tokens(body)[:_QUOTED]
    fault = f"{what} at {path}" if path else what.removesuffix(",")
    quoted = f"; it begins with {start!r}" if start else ""
    named = f", with request id {response.request_id}" if response.request_id else ""
    text = (
        f"{fault}{quoted}. If base_url points at the API and no proxy stands in between, "
        f"report it{named}."
    )
    return response_error(response, text, path=path or None, body_start=shown(start))


def response_error(
    response: Response, text: str, *, path: str | None = None, body_start: str = ""
) -> ResponseError:
    """Make an error whose text goes on after "the response (status 200)"."""
    where = place_of(response.method, response.url)
    return ResponseError(
        f"{where}: the response (status {response.status}) {text}",
        status=response.status,
        method=response.method,
        url=without_tokens(response.url),
        path=path,
        body_start=body_start,
        request_id=response.request_id,
        attempts=response.attempts,
    )


def place_of(method: str, url: str) -> str:
    """Return what an error's text begins with: the method, and the URL without tokens."""
    return f"{method} {shown(url, _URL_LENGTH)}"
