"""The token goes to the configured origin only, whoever owns the session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import pytest
from yarl import URL

from videsk_rooms import (
    AsyncVidesk,
    AuthenticationError,
    ClosedError,
    NotFoundError,
    ResponseError,
    Retry,
    TransportError,
    Videsk,
)
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

MISSING = "0123456789abcdef01234567"


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    """Another origin, which must not see the token."""
    with Sandbox(rate=None) as elsewhere:
        yield elsewhere


def client(sandbox: Sandbox, api_token: str | None = None, **options: Any) -> AsyncVidesk:
    return AsyncVidesk(
        api_token or sandbox.api_token,
        base_url=sandbox.url,
        retry=Retry(attempts=1),
        rate_limit=None,
        **options,
    )


def bearers(sandbox: Sandbox) -> list[str | None]:
    return [request.headers.get("Authorization") for request in sandbox.requests]


# -- redirects ------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["own", "other", "path"])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_not_followed(
    sandbox: Sandbox,
    elsewhere: Sandbox,
    once: AsyncVidesk,
    status: int,
    target: Literal["own", "other", "path"],
) -> None:
    """The token would travel along: a redirect is an answer that is not the API's."""
    origin = {"own": sandbox.url, "other": elsewhere.url, "path": ""}[target]
    sandbox.faults.answer(status, headers={"Location": f"{origin}/vpaas/rooms?a=b"})
    with pytest.raises(ResponseError, match=f"redirects to '{origin}/vpaas/rooms'") as caught:
        await once.rooms.list()
    assert caught.value.status == status
    assert len(sandbox.requests) == 1
    assert not elsewhere.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT", "HEAD"])
async def test_no_method_follows_a_redirect(
    sandbox: Sandbox, elsewhere: Sandbox, once: AsyncVidesk, method: str, status: int
) -> None:
    """307 and 308 would carry the body along, 301 to 303 would turn it into a GET."""
    sandbox.faults.answer(status, headers={"Location": f"{elsewhere.url}/vpaas/rooms"})
    with pytest.raises(ResponseError):
        await once.request(method, "/vpaas/rooms", json={"name": "Support"})
    assert len(sandbox.requests) == 1
    assert not elsewhere.requests


def test_the_blocking_client_follows_no_redirect(
    sandbox: Sandbox, elsewhere: Sandbox, blocking_once: Videsk
) -> None:
    """Both faces refuse it the same way."""
    sandbox.faults.answer(307, headers={"Location": f"{elsewhere.url}/vpaas/rooms"})
    with pytest.raises(ResponseError):
        blocking_once.rooms.create(name="Support")
    assert not elsewhere.requests


async def test_the_callers_session_follows_no_redirect_either(
    sandbox: Sandbox, elsewhere: Sandbox
) -> None:
    """It would, for its owner's own requests."""
    sandbox.faults.answer(302, headers={"Location": f"{elsewhere.url}/vpaas/rooms"})
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ResponseError):
            await client(sandbox, session=session).rooms.list()
    assert not elsewhere.requests


@pytest.mark.parametrize(
    "location", ["", "//", "http://[", "http://user:password@host/", "javascript:alert(1)"]
)
async def test_a_redirect_to_nowhere_is_still_told(
    sandbox: Sandbox, once: AsyncVidesk, location: str
) -> None:
    """Whatever a proxy writes into Location, and without the password in it."""
    sandbox.faults.answer(302, headers={"Location": location} if location else None)
    with pytest.raises(ResponseError) as caught:
        await once.rooms.list()
    assert caught.value.status == 302
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("status", [300, 302, 304])
async def test_a_redirect_without_a_location_says_so(
    sandbox: Sandbox, once: AsyncVidesk, status: int
) -> None:
    """No empty quotes stand where the address belongs."""
    sandbox.faults.answer(status)
    with pytest.raises(ResponseError, match="redirects without a Location") as caught:
        await once.rooms.list()
    assert caught.value.status == status


# -- the caller's session -------------------------------------------------------------------------


async def test_a_middleware_that_changes_the_origin_takes_no_token_there(
    sandbox: Sandbox, elsewhere: Sandbox
) -> None:
    """The origin is looked at where the request leaves, after the caller's middlewares."""

    async def reroute(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.url = URL(f"{elsewhere.url}{request.url.path}")
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=(reroute,)) as session:
        response = client(sandbox, session=session).request("GET", "/vpaas/rooms")
        await asyncio.gather(response, return_exceptions=True)
    assert not sandbox.requests
    assert bearers(elsewhere) == [None]


@pytest.mark.parametrize("part", ["scheme", "host", "port"])
async def test_each_part_of_the_origin_counts(sandbox: Sandbox, part: str) -> None:
    """A middleware that turns https into http would else send the token unencrypted."""
    there = URL(sandbox.url)
    configured = {
        "scheme": there.with_scheme("https").with_port(there.port),
        "host": there.with_host("localhost"),
        "port": there.with_port(1),
    }[part]

    async def reroute(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.url = there.join(URL(request.url.raw_path))
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=(reroute,)) as session:
        videsk = AsyncVidesk(
            sandbox.api_token,
            base_url=str(configured),
            session=session,
            retry=Retry(attempts=1),
            rate_limit=None,
        )
        with pytest.raises(AuthenticationError):
            await videsk.rooms.list()
    assert bearers(sandbox) == [None]


async def test_a_token_that_was_not_sent_is_not_asked_for_again(
    sandbox: Sandbox, elsewhere: Sandbox
) -> None:
    """The 401 of another origin says nothing of the token."""
    asked = 0

    async def ask() -> str:
        nonlocal asked
        asked += 1
        return sandbox.api_token

    async def reroute(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.url = URL(f"{elsewhere.url}{request.url.path}")
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=(reroute,)) as session:
        videsk = AsyncVidesk(ask, base_url=sandbox.url, session=session, rate_limit=None)
        with pytest.raises(AuthenticationError):
            await videsk.rooms.list()
    assert (asked, bearers(elsewhere)) == (1, [None])


@pytest.mark.parametrize("owner", ["caller", "client"])
async def test_requests_say_what_they_want_and_who_sends_them(sandbox: Sandbox, owner: str) -> None:
    """JSON, by this package: on a session of the caller's as well, with a body and without."""
    async with (
        aiohttp.ClientSession() as session,
        client(sandbox, session=session if owner == "caller" else None) as videsk,
    ):
        await videsk.rooms.list()
        room = await videsk.rooms.create(name="Support")
        await videsk.rooms.join(room)
    assert len(sandbox.requests) == 3
    for request in sandbox.requests:
        assert request.headers["Accept"] == "application/json"
        assert request.headers["User-Agent"].startswith("videsk-rooms/")
    declared = [request.headers.get("Content-Type") for request in sandbox.requests]
    assert declared == [None, "application/json", None]


async def test_a_server_on_this_machine_is_told_which_requests_are_one_call(
    sandbox: Sandbox,
) -> None:
    """Attempts of a call share an id, whose retried create also looks for its room."""
    sandbox.faults.status(503, on="create")
    sandbox.faults.drop("after", on="create")
    retry = Retry(base_delay=0.001)
    async with AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, retry=retry, rate_limit=None
    ) as videsk:
        await videsk.rooms.create()
        await videsk.with_options(priority="background").rooms.list()
    told = [request.headers["Videsk-Rooms-Call"].split("; ") for request in sandbox.requests]
    assert [
        (request.operation, *said[1:]) for request, said in zip(sandbox.requests, told, strict=True)
    ] == [
        ("create", "attempt=1", "priority=interactive"),
        ("create", "attempt=2", "priority=interactive"),
        ("create", "attempt=3", "priority=interactive"),
        ("get", "attempt=1", "priority=interactive"),
        ("list", "attempt=1", "priority=background"),
    ]
    assert len({said[0] for said in told[:4]}) == 1
    assert told[4][0] != told[0][0]


@pytest.mark.parametrize("password", ["the-secret", "quoted'secret"])
async def test_a_proxy_of_the_session_that_cannot_be_used_is_told_without_its_password(
    password: str,
) -> None:
    """The exception of aiohttp quotes the whole URL."""
    async with aiohttp.ClientSession(proxy=f"http://user:{password}@127.0.0.1:99999") as session:
        videsk = AsyncVidesk(
            "a-token-0123456789", session=session, retry=Retry(attempts=1), rate_limit=None
        )
        with pytest.raises(TransportError, match="99999") as caught:
            await videsk.rooms.list()
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(caught.value.attempts)


async def test_the_callers_middlewares_and_headers_stay(sandbox: Sandbox) -> None:
    """A session with tracing in it keeps tracing; the token is added."""
    traced: list[str] = []

    async def trace(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        traced.append(f"{request.method} {request.url.path}")
        request.headers["X-Trace"] = "7"
        return await handler(request)

    async with aiohttp.ClientSession(
        middlewares=(trace,), headers={"X-Service": "desk"}
    ) as session:
        await client(sandbox, session=session).rooms.list()
    (request,) = sandbox.requests
    assert traced == ["GET /vpaas/rooms"]
    assert (request.headers["X-Service"], request.headers["X-Trace"]) == ("desk", "7")
    assert bearers(sandbox) == [f"Bearer {sandbox.api_token}"]


async def test_the_token_stands_in_for_credentials_of_the_session(sandbox: Sandbox) -> None:
    """Only tokens of type `api-token` are let in (docs/api.md, "Access")."""
    async with aiohttp.ClientSession(headers={"Authorization": "Basic b3duZXI6cHc="}) as session:
        await client(sandbox, session=session).rooms.list()
    assert bearers(sandbox) == [f"Bearer {sandbox.api_token}"]


async def test_the_token_does_not_stay_on_the_callers_session(sandbox: Sandbox) -> None:
    """What its owner sends with it, also to the same origin, goes without the token."""
    async with aiohttp.ClientSession() as session:
        await client(sandbox, session=session).rooms.list()
        async with session.get(f"{sandbox.url}/vpaas/rooms"):
            pass
    assert bearers(sandbox) == [f"Bearer {sandbox.api_token}", None]


async def test_a_session_that_raises_for_statuses_changes_no_error(sandbox: Sandbox) -> None:
    """`raise_for_status=True` is for its owner's own requests."""
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        with pytest.raises(NotFoundError):
            await client(sandbox, session=session).rooms.get(MISSING)


async def test_the_callers_session_stays_open(sandbox: Sandbox) -> None:
    """The client closes, its session does not."""
    async with aiohttp.ClientSession() as session:
        async with client(sandbox, session=session) as videsk:
            await videsk.rooms.list()
        with pytest.raises(ClosedError):
            await videsk.rooms.list()
        assert not session.closed
        await client(sandbox, session=session).rooms.list()
    assert len(sandbox.requests) == 2


async def test_a_session_that_its_owner_closed_is_closed(sandbox: Sandbox) -> None:
    """The error is this package's, and nothing is sent."""
    async with aiohttp.ClientSession() as session:
        videsk = client(sandbox, session=session)
    with pytest.raises(ClosedError):
        await videsk.rooms.list()
    assert not sandbox.requests


async def test_clients_with_different_tokens_share_a_session(sandbox: Sandbox) -> None:
    """Each call carries the token of its own client, also when they go at the same time."""
    tokens = [sandbox.tokens.issue() for _ in range(3)]
    async with aiohttp.ClientSession() as session:
        clients = [client(sandbox, token, session=session) for token in tokens]
        await asyncio.gather(
            *(
                clients[number % 3].rooms.list(external_id=f"of-client-{number % 3}")
                for number in range(12)
            )
        )
    assert len(sandbox.requests) == 12
    for request in sandbox.requests:
        number = int(dict(request.query)["externalId"][-1])
        assert request.headers["Authorization"] == f"Bearer {tokens[number]}"


async def test_clients_of_different_origins_share_a_session(
    sandbox: Sandbox, elsewhere: Sandbox
) -> None:
    """Each origin sees the token of its own client."""
    async with aiohttp.ClientSession() as session:
        here, there = client(sandbox, session=session), client(elsewhere, session=session)
        await asyncio.gather(*(videsk.rooms.list() for videsk in (here, there, here, there)))
    assert bearers(sandbox) == [f"Bearer {sandbox.api_token}"] * 2
    assert bearers(elsewhere) == [f"Bearer {elsewhere.api_token}"] * 2


# -- one origin, spelled differently --------------------------------------------------------------


@pytest.mark.parametrize("host", ["LOCALHOST", "LocalHost", "127.0.0.1"])
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
async def test_the_spelling_of_the_origin_does_not_matter(
    sandbox: Sandbox, scheme: str, host: str
) -> None:
    """The host of a URL has no case, nor has its scheme."""
    port = URL(sandbox.url).port
    async with AsyncVidesk(
        sandbox.api_token, base_url=f"{scheme}://{host}:{port}/", rate_limit=None
    ) as videsk:
        await videsk.rooms.list()
    assert bearers(sandbox) == [f"Bearer {sandbox.api_token}"]
