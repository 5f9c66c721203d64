"""Which error each answer becomes, and what it tells."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from tests.support import API, feathers
from videsk_rooms import (
    APIError,
    AsyncVidesk,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    ServerError,
    Videsk,
)
from videsk_rooms._wire.status import _words_of_a_page
from videsk_rooms.errors import plain_text, without_tokens
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aioresponses.core import aioresponses

MISSING = "0123456789abcdef01234567"
ONE = f"{API}/vpaas/rooms/{MISSING}"

CLASSES: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: APIError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: APIError,
    406: APIError,
    408: APIError,
    409: ConflictError,
    410: APIError,
    411: APIError,
    418: APIError,
    422: APIError,
    425: APIError,
    429: RateLimitError,
    451: APIError,
    500: ServerError,
    501: ServerError,
    502: ServerError,
    503: ServerError,
    504: ServerError,
    599: ServerError,
}


# -- by status ------------------------------------------------------------------------------------


@pytest.mark.parametrize("html", [False, True], ids=["feathers", "page"])
@pytest.mark.parametrize(("status", "kind"), CLASSES.items())
async def test_the_status_chooses_the_class(
    sandbox: Sandbox, once: AsyncVidesk, status: int, kind: type[APIError], *, html: bool
) -> None:
    """Whoever answered: the API, or a firewall in its place (docs/api.md, "Access")."""
    sandbox.faults.status(status, html=html)
    with pytest.raises(APIError) as caught:
        await once.rooms.get(MISSING)
    assert type(caught.value) is kind
    assert caught.value.status == status


@pytest.mark.parametrize(("status", "kind"), CLASSES.items())
async def test_an_error_of_the_api_has_all_attributes(
    sandbox: Sandbox, once: AsyncVidesk, status: int, kind: type[APIError]
) -> None:
    """Everything that was sent (docs/api.md, "Errors")."""
    details = {"name": "is too odd"}
    sandbox.faults.status(status, message="It cannot be", errors=details, headers={"X-Odd": "1"})
    with pytest.raises(kind) as caught:
        await once.rooms.update(MISSING, name="Support")
    (request,) = sandbox.requests
    error = caught.value
    assert (error.message, error.errors) == ("It cannot be", details)
    assert error.name is not None
    assert error.class_name is not None
    assert (error.method, error.url) == ("PATCH", f"{sandbox.url}/vpaas/rooms/{MISSING}")
    assert error.request_id == request.request_id
    assert (error.headers["X-Odd"], error.headers["x-odd"]) == ("1", "1")
    (attempt,) = error.attempts
    assert (attempt.number, attempt.status, attempt.error) == (1, status, None)
    assert attempt.request_id == request.request_id


@pytest.mark.parametrize("html", [False, True], ids=["feathers", "page"])
@pytest.mark.parametrize("status", CLASSES)
async def test_the_text_tells_it_all_and_ends_in_the_remedy(
    sandbox: Sandbox, once: AsyncVidesk, status: int, *, html: bool
) -> None:
    """Method, URL, status, message, request id; then a sentence on what to do."""
    sandbox.faults.status(status, message="It cannot be", html=html)
    with pytest.raises(APIError) as caught:
        await once.rooms.get(MISSING)
    error = caught.value
    said, _, remedy = plain_text(error).partition(str(error.request_id))
    assert said.startswith(f"GET {sandbox.url}/vpaas/rooms/{MISSING}: {status} ")
    assert ("Attention Required" if html else "It cannot be") in said
    assert remedy.startswith("). ")
    assert len(remedy) > 30
    assert plain_text(error).endswith(".")


REMEDIES = {
    400: "errors",
    401: "VIDESK_API_TOKEN",
    403: "dashboard",
    404: "get_by_external_id",
    409: "allow this",
    429: "rate of all",
    500: "later",
}


@pytest.mark.parametrize(("status", "word"), REMEDIES.items())
async def test_each_class_has_a_remedy_of_its_own(
    sandbox: Sandbox, once: AsyncVidesk, status: int, word: str
) -> None:
    """The word that somebody with this error in hand looks for."""
    sandbox.faults.status(status)
    with pytest.raises(APIError, match=word):
        await once.rooms.get(MISSING)


# -- the sandbox's own refusals -------------------------------------------------------------------


async def join_before_it_opens(sandbox: Sandbox, videsk: AsyncVidesk) -> object:
    room = await videsk.rooms.create(nbf=timedelta(hours=1), exp=timedelta(hours=2))
    return await videsk.rooms.join(room)


async def join_when_it_is_over(sandbox: Sandbox, videsk: AsyncVidesk) -> object:
    room = await videsk.rooms.create(exp=timedelta(hours=1))
    sandbox.advance(timedelta(hours=2))
    return await videsk.rooms.join(room)


async def create_twice(_: Sandbox, videsk: AsyncVidesk) -> object:
    await videsk.rooms.create(external_id="ticket-1")
    return await videsk.rooms.create(external_id="ticket-1")


async def with_a_removed_token(sandbox: Sandbox, videsk: AsyncVidesk) -> object:
    sandbox.tokens.revoke(sandbox.api_token)
    return await videsk.rooms.list()


async def with_a_token_without_rights(sandbox: Sandbox, videsk: AsyncVidesk) -> object:
    sandbox.tokens.forbid(sandbox.api_token)
    return await videsk.rooms.list()


async def from_elsewhere(sandbox: Sandbox, videsk: AsyncVidesk) -> object:
    sandbox.tokens.bind(sandbox.api_token, "10.0.0.0/8")
    return await videsk.rooms.list()


FORBIDDEN = ("Forbidden", "forbidden")
ABSENT = ("NotFound", "not-found")
REFUSALS: dict[
    str, tuple[Callable[[Sandbox, AsyncVidesk], Awaitable[object]], type[APIError], tuple[str, str]]
] = {
    "bad input": (
        lambda _, videsk: videsk.request("POST", "/vpaas/rooms", json={"bnf": 1}),
        BadRequestError,
        ("BadRequest", "bad-request"),
    ),
    "wrong token": (
        lambda _, videsk: videsk.with_options(api_token="no-token").rooms.list(),
        AuthenticationError,
        ("NotAuthenticated", "not-authenticated"),
    ),
    "removed token": (with_a_removed_token, PermissionDeniedError, FORBIDDEN),
    "no rights": (with_a_token_without_rights, PermissionDeniedError, FORBIDDEN),
    "elsewhere": (from_elsewhere, PermissionDeniedError, FORBIDDEN),
    "missing room": (lambda _, videsk: videsk.rooms.get(MISSING), NotFoundError, ABSENT),
    "taken name": (create_twice, ConflictError, ("Conflict", "conflict")),
    "no such path": (
        lambda _, videsk: videsk.request("GET", "/vpaas/halls"),
        NotFoundError,
        ABSENT,
    ),
    "no such method": (
        lambda _, videsk: videsk.request("PUT", "/vpaas/rooms"),
        APIError,
        ("MethodNotAllowed", "method-not-allowed"),
    ),
    "not open": (join_before_it_opens, APIError, ("Unprocessable", "unprocessable")),
    "over": (join_when_it_is_over, APIError, ("Gone", "gone")),
}


@pytest.mark.parametrize(("refused", "kind", "names"), REFUSALS.values(), ids=REFUSALS)
async def test_what_the_sandbox_refuses(
    sandbox: Sandbox,
    once: AsyncVidesk,
    refused: Callable[[Sandbox, AsyncVidesk], Awaitable[object]],
    kind: type[APIError],
    names: tuple[str, str],
) -> None:
    """Not scripted: what the API itself says no to."""
    with pytest.raises(kind) as caught:
        await refused(sandbox, once)
    error = caught.value
    assert type(error) is kind
    assert (error.name, error.class_name) == names
    assert error.message.rstrip(".") in str(error)
    assert error.request_id == sandbox.requests[-1].request_id


def test_the_text_of_a_server_error_counts_the_attempts(sandbox: Sandbox) -> None:
    """One that was not retried counts none."""
    retry = Retry(attempts=3, base_delay=0.0)
    with Videsk(sandbox.api_token, base_url=sandbox.url, retry=retry) as videsk:
        sandbox.faults.status(503, times=3)
        with pytest.raises(ServerError, match=r", at the last of 3 attempts \(request id") as error:
            videsk.rooms.list()
        assert len(error.value.attempts) == 3
        sandbox.faults.status(501)
        with pytest.raises(ServerError) as refused:
            videsk.rooms.list()
        assert "attempts" not in str(refused.value)


def test_the_blocking_client_raises_the_same(blocking_once: Videsk) -> None:
    """One tree for both faces."""
    blocking_once.rooms.create(external_id="ticket-1")
    with pytest.raises(ConflictError) as caught:
        blocking_once.rooms.create(external_id="ticket-1")
    assert caught.value.status == 409


async def test_the_rate_limit_is_told_with_its_headers() -> None:
    """Real ones: 20 calls at once against a limit of 5 (docs/api.md, "Access")."""
    with Sandbox(rate=5) as sandbox:
        async with AsyncVidesk(
            sandbox.api_token, base_url=sandbox.url, retry=Retry(attempts=1), rate_limit=None
        ) as videsk:
            outcomes = await asyncio.gather(
                *(videsk.rooms.list() for _ in range(20)), return_exceptions=True
            )
    error = next(outcome for outcome in outcomes if isinstance(outcome, RateLimitError))
    assert (error.status, error.name) == (429, "TooManyRequests")
    assert error.retry_after == float(error.headers["retry-after"])
    assert error.headers["Ratelimit-Limit"] == "5"
    assert error.headers["Ratelimit-Remaining"] == "0"


# -- retry_after ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": " 7 "}, 7),
        ({"Retry-After": "7", "Ratelimit-Reset": "3"}, 7),
        ({"Ratelimit-Reset": "3"}, 3),
        ({}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-7"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "1e400"}, None),
        ({"Ratelimit-Reset": "soon"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"Retry-After": "Wed, 21 Oct 99999999 07:28:00 GMT"}, None),
    ],
)
async def test_a_429_tells_when_to_come_back(
    sandbox: Sandbox, once: AsyncVidesk, headers: Mapping[str, str], seconds: float | None
) -> None:
    """By `Retry-After`, else by `Ratelimit-Reset`; either may be absent (docs/api.md, "Access")."""
    sandbox.faults.status(429, headers=headers)
    with pytest.raises(RateLimitError) as caught:
        await once.rooms.list()
    assert caught.value.retry_after == seconds


async def test_a_429_may_name_a_date(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """An HTTP date becomes the seconds until then, and not below none."""
    moment = datetime.now(timezone.utc) + timedelta(minutes=10)
    sandbox.faults.status(429, headers={"Retry-After": format_datetime(moment, usegmt=True)})
    with pytest.raises(RateLimitError) as caught:
        await once.rooms.list()
    assert caught.value.retry_after is not None
    assert 480 < caught.value.retry_after <= 600


# -- the body -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "details", [{}, {"name": "too long"}, {"a": {"b": [1, None]}}, [], ["too long"], [{"a": 1}]]
)
async def test_details_come_as_they_were_sent(
    sandbox: Sandbox, once: AsyncVidesk, details: dict[str, object] | list[object]
) -> None:
    """`errors` is an object or a list (docs/api.md, "Errors")."""
    sandbox.faults.answer(400, body=feathers(400, "BadRequest", "Invalid", errors=details))
    with pytest.raises(BadRequestError) as caught:
        await once.rooms.list()
    assert caught.value.errors == details
    assert not details or str(details) in str(caught.value)


@pytest.mark.parametrize("details", [None, 5, "too long", True])
async def test_details_of_another_kind_are_none(
    sandbox: Sandbox, once: AsyncVidesk, details: object
) -> None:
    """Whoever reads `errors` may rely on a mapping or a list."""
    sandbox.faults.answer(400, body=feathers(400, "BadRequest", "Invalid", errors=details))
    with pytest.raises(BadRequestError) as caught:
        await once.rooms.list()
    assert caught.value.errors == {}


AJV = [{"instancePath": "/exp", "keyword": "format", "message": 'must match "date-time"'}]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"name": "BadRequest", "message": "failed", "data": AJV, "errors": {}}, {"data": AJV}),
        ({"name": "BadRequest", "message": "failed", "data": AJV}, {"data": AJV}),
        ({"error": "This address may not"}, {"error": "This address may not"}),
        ({"title": "Access denied", "status": 403}, {"title": "Access denied", "status": 403}),
        ({"message": ["exp is no date"], "error": ""}, {"message": ["exp is no date"]}),
        ({"message": "no", "data": {"a": 1}, "errors": {"exp": "late"}}, {"exp": "late"}),
        ({"name": "BadRequest", "message": "no", "code": 400, "data": {}, "errors": {}}, {}),
    ],
)
async def test_what_an_error_says_elsewhere_is_told(
    sandbox: Sandbox, once: AsyncVidesk, body: dict[str, object], details: dict[str, object]
) -> None:
    """Feathers' schemas use `data`, gateways other names (docs/api.md, "Errors")."""
    sandbox.faults.answer(403, body=json.dumps(body).encode())
    with pytest.raises(PermissionDeniedError) as caught:
        await once.rooms.list()
    assert caught.value.errors == details
    assert not details or str(details) in str(caught.value)


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        ({}, None, "Bad Request"),
        ({"message": "Odd"}, None, "Odd"),
        ({"name": "BadRequest"}, "BadRequest", "Bad Request"),
        ({"name": 5, "message": ["a"], "className": {}, "code": "x"}, None, "Bad Request"),
        ({"name": "", "message": ""}, None, "Bad Request"),
    ],
)
async def test_an_error_with_fields_missing_is_still_the_apis(
    sandbox: Sandbox,
    once: AsyncVidesk,
    body: dict[str, object],
    name: str | None,
    message: str,
) -> None:
    """Fields can appear or vanish without notice (docs/api.md, "Access")."""
    sandbox.faults.answer(400, body=json.dumps(body).encode())
    with pytest.raises(BadRequestError) as caught:
        await once.rooms.list()
    assert (caught.value.name, caught.value.message) == (name, message)
    assert caught.value.class_name is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Bad Gateway"),
        (b" \r\n", "Bad Gateway"),
        (b"<html><title> Sorry\n&amp; bye </title><p>no</p></html>", "Sorry & bye"),
        (b"<p>no</p><script>alert('yes')</script><style>p {}</style>", "no"),
        (b"<html><head></head><body></body></html>", "Bad Gateway"),
        (b"upstream is gone", "upstream is gone"),
        (b'["a list"]', '["a list"]'),
        (b'"text"', '"text"'),
        (b'{"message": "cut', '{"message": "cut'),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
async def test_what_stands_in_front_of_the_api_is_told_apart(
    sandbox: Sandbox, once: AsyncVidesk, body: bytes, message: str
) -> None:
    """A page, or nothing at all: no name, its words in short, and the remedy names the proxy."""
    sandbox.faults.answer(502, headers={"Content-Type": "text/html"}, body=body)
    with pytest.raises(ServerError, match="proxy") as caught:
        await once.rooms.list()
    error = caught.value
    assert (error.name, error.class_name, error.errors) == (None, None, {})
    assert error.message == message


async def test_a_long_page_is_told_in_short(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """A page of a megabyte is nothing for a line of a log."""
    sandbox.faults.answer(502, body=b"<p>" + b"no " * 350_000)
    with pytest.raises(ServerError) as caught:
        await once.rooms.list()
    assert caught.value.message.startswith("no no")
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("opened", ["<", "<script>", "<title>", "<title ", "token"])
def test_what_a_page_opens_and_never_closes_holds_nobody_up(opened: str) -> None:
    """Read to its end from every opening, so much of it would take an hour, and 64 kB seconds."""
    page = '"' + opened * 1_000_000
    assert len(_words_of_a_page(page.encode(), 502)) <= 300
    assert len(without_tokens(page)) < 10_000


async def test_the_firewalls_page_is_named_by_its_ray(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """A 403 as HTML with `cf-ray`: the id for whoever runs the firewall (docs/api.md, "Access")."""
    page = "<html><title>Attention Required! | Cloudflare</title><h1>Blocked</h1></html>"
    wire.get(ONE, status=403, body=page, headers={"CF-Ray": "8f2c1d3e4a5b6c7d-SCL"})
    with pytest.raises(PermissionDeniedError, match="8f2c1d3e4a5b6c7d-SCL") as caught:
        await wired.rooms.get(MISSING)
    assert caught.value.request_id == "8f2c1d3e4a5b6c7d-SCL"
    assert caught.value.message == "Attention Required! | Cloudflare"
    assert caught.value.headers["cf-ray"] == "8f2c1d3e4a5b6c7d-SCL"


async def test_an_error_without_a_request_id_says_nothing_of_one(
    wire: aioresponses, wired: AsyncVidesk
) -> None:
    """No `None` between the words."""
    wire.get(ONE, status=404, body=feathers(404, "NotFound", "No room"))
    with pytest.raises(NotFoundError) as caught:
        await wired.rooms.get(MISSING)
    assert caught.value.request_id is None
    assert "None" not in str(caught.value)
