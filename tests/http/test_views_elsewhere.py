"""A view may go to another address, or by another proxy."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests import inside
from tests.http.test_proxy import ONCE, Proxy
from tests.peers import read_request, serving
from tests.support import TOKEN
from tests.waiting import PATIENCE
from videsk_rooms import (
    AsyncVidesk,
    ClosedError,
    ConfigurationError,
    ConnectionFailedError,
    DeadlineExceededError,
    RateLimit,
    Videsk,
)
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b'{"total": 0, "limit": 10, "skip": 0, "data": []}'
EMPTY_PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
ONE_A_MINUTE = RateLimit(requests=1, per=60.0)


def creations(sandbox: Sandbox) -> int:
    """Count the requests that create a room."""
    return [request.method for request in sandbox.requests].count("POST")


@pytest.fixture
def other(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Another server, which takes the same token."""
    with Sandbox(api_token=sandbox.api_token) as other:
        yield other


@pytest.mark.parametrize("borrowed", [False, True])
async def test_a_view_goes_to_its_own_address(
    sandbox: Sandbox, other: Sandbox, *, borrowed: bool
) -> None:
    """With the token, which no redirect would get; the client goes where it went."""
    async with aiohttp.ClientSession() as session:
        more: dict[str, Any] = {"session": session} if borrowed else {}
        async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url, **more) as videsk:
            view = videsk.with_options(base_url=f"{other.url}/")
            await view.rooms.create(name="there")
            await videsk.rooms.create(name="here")
            assert repr(view) == f"AsyncVidesk(base_url='{other.url}')"
            assert repr(videsk) == f"AsyncVidesk(base_url='{sandbox.url}')"
    assert [room["name"] for room in other.rooms] == ["there"]
    assert [room["name"] for room in sandbox.rooms] == ["here"]


def test_a_blocking_view_does_the_same(sandbox: Sandbox, other: Sandbox) -> None:
    """Also by a view of the view, which keeps the address."""
    with Videsk(sandbox.api_token, base_url=sandbox.url) as videsk:
        view = videsk.with_options(base_url=other.url)
        view.with_options(timeout=5.0).rooms.create(name="there")
        assert repr(view) == f"Videsk(base_url='{other.url}')"
    assert [room["name"] for room in other.rooms] == ["there"]
    assert not sandbox.requests


async def test_views_share_the_session() -> None:
    """Two views of one address use one connection, which closing the client closes."""
    opened: list[asyncio.Event] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(closed := asyncio.Event())
        try:
            while await read_request(reader):
                writer.write(EMPTY_PAGE)
        finally:
            closed.set()

    async with serving(converse) as port:
        async with AsyncVidesk(TOKEN, base_url="http://127.0.0.1:1") as videsk:
            view, again = (
                videsk.with_options(base_url=f"http://127.0.0.1:{port}") for _ in range(2)
            )
            await view.rooms.list()
            await again.rooms.list()
            await view.close()
            await view.rooms.list()
            assert len(opened) == 1
            assert not opened[0].is_set()
        await asyncio.wait_for(opened[0].wait(), PATIENCE)
    with pytest.raises(ClosedError):
        await view.rooms.list()


async def test_another_address_has_a_rate_limit_of_its_own(
    sandbox: Sandbox, other: Sandbox
) -> None:
    """The account is of one server; the same address again is the same account."""
    async with AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, rate_limit=ONE_A_MINUTE, timeout=1.0
    ) as videsk:
        same = videsk.with_options(base_url=sandbox.url)
        elsewhere = videsk.with_options(base_url=other.url)
        await elsewhere.rooms.list()
        assert elsewhere.rate_limit_status.remaining is not None
        assert videsk.rate_limit_status.remaining is None
        await videsk.rooms.list()
        for each in (same, videsk):
            with pytest.raises(DeadlineExceededError):
                await each.rooms.list()
    assert len(sandbox.requests) == 1


async def test_calls_for_one_room_are_one_call_at_one_address(
    sandbox: Sandbox, other: Sandbox
) -> None:
    """A room of another address is another room, whatever its external id."""
    async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url) as videsk:
        same = videsk.with_options(base_url=sandbox.url)
        elsewhere = videsk.with_options(base_url=other.url)
        here, again, there = await asyncio.gather(
            *(each.rooms.get_or_create("visit-7") for each in (videsk, same, elsewhere))
        )
    assert here.id == again.id != there.id
    assert creations(sandbox) == creations(other) == 1


async def test_a_client_of_that_address_shares_the_views_rate_limit(
    sandbox: Sandbox, other: Sandbox
) -> None:
    """As any two clients of one account in one process do."""
    async with (
        AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=ONE_A_MINUTE) as videsk,
        AsyncVidesk(
            sandbox.api_token, base_url=other.url, rate_limit=ONE_A_MINUTE, timeout=1.0
        ) as there,
    ):
        await videsk.with_options(base_url=other.url).rooms.list()
        with pytest.raises(DeadlineExceededError):
            await there.rooms.list()
    assert len(other.requests) == 1


async def test_a_view_goes_by_its_own_proxy(sandbox: Sandbox) -> None:
    """The client goes without one; `None` takes the proxy away again."""
    async with (
        serving(proxy := Proxy()) as port,
        AsyncVidesk(sandbox.api_token, base_url=sandbox.url, **ONCE) as videsk,
    ):
        view = videsk.with_options(proxy=f"http://127.0.0.1:{port}")
        await view.rooms.list()
        await videsk.rooms.list()
        await view.with_options(proxy=None).rooms.list()
    assert proxy.lines == [f"GET {sandbox.url}/vpaas/rooms HTTP/1.1"]
    assert len(sandbox.requests) == 3


async def test_a_view_with_a_proxy_is_of_the_same_account(sandbox: Sandbox) -> None:
    """What goes by the proxy counts against the limit of what goes without."""
    async with (
        serving(Proxy()) as port,
        AsyncVidesk(
            sandbox.api_token, base_url=sandbox.url, rate_limit=ONE_A_MINUTE, timeout=1.0
        ) as videsk,
    ):
        await videsk.with_options(proxy=f"http://127.0.0.1:{port}").rooms.list()
        with pytest.raises(DeadlineExceededError):
            await videsk.rooms.list()
    assert len(sandbox.requests) == 1


def test_a_blocking_view_goes_by_its_own_proxy(sandbox: Sandbox) -> None:
    """A proxy that nobody answers at fails the view alone."""
    with Videsk(sandbox.api_token, base_url=sandbox.url, **ONCE) as videsk:
        view = videsk.with_options(proxy="http://127.0.0.1:1")
        with pytest.raises(ConnectionFailedError):
            view.rooms.list()
        assert videsk.rooms.list().total == 0


def test_the_environment_is_read_for_the_views_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is another for each address, and none for this machine."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "direct.example,127.0.0.1")
    client = AsyncVidesk(TOKEN, base_url="http://127.0.0.1:8000")

    assert inside.proxy(client) is None
    away = client.with_options(base_url="https://api.example")
    assert inside.proxy(away) == "http://proxy.example:3128"
    assert inside.proxy(away.with_options(proxy="http://own.example:1")) == "http://own.example:1"
    assert inside.proxy(away.with_options(base_url="https://direct.example")) is None
    distrusting = AsyncVidesk(TOKEN, trust_env=False)
    assert inside.proxy(distrusting.with_options(base_url="https://api.example")) is None


@pytest.mark.parametrize("make", [AsyncVidesk, Videsk])
@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"base_url": "http://api.videsk.io"}, "base_url='http://api.videsk.io' would send"),
        ({"base_url": 5}, "base_url is a int"),
        ({"base_url": "https://h/vpaas/rooms"}, "leave the path out"),
        ({"proxy": "socks5://proxy"}, "proxy cannot be used"),
        ({"allow_http": "yes"}, "allow_http='yes'"),
    ],
)
def test_a_view_is_checked_as_a_client_is(make: Any, option: dict[str, Any], error: str) -> None:
    """By the same texts."""
    client = make(TOKEN)
    with pytest.raises(ConfigurationError) as by_view:
        client.with_options(**option)
    with pytest.raises(ConfigurationError) as by_client:
        make(TOKEN, **option)
    assert str(by_view.value) == str(by_client.value)
    assert error in str(by_view.value)


def test_a_view_without_base_url_goes_where_a_client_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`None` is what a client that is given none makes of it."""
    client = AsyncVidesk(TOKEN, base_url="https://one.example")
    assert "https://api.videsk.io" in repr(client.with_options(base_url=None))
    monkeypatch.setenv("VIDESK_BASE_URL", "https://two.example")
    assert "https://two.example" in repr(client.with_options(base_url=None))


def test_a_pickled_view_goes_where_it_went(sandbox: Sandbox, other: Sandbox) -> None:
    """Its settings are those of the view."""
    with Videsk(sandbox.api_token, base_url=sandbox.url) as videsk:
        view = videsk.with_options(base_url=other.url, secrets_in_pickles=True)
        with pickle.loads(pickle.dumps(view)) as back:
            back.rooms.list()
    assert len(other.requests) == 1
