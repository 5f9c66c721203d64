"""A view may go to another address, or by another proxy."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.http.test_proxy import ONCE, Proxy
from tests.peers import serving
from tests.support import TOKEN
from videsk_rooms import (
    AsyncVidesk,
    ClosedError,
    ConfigurationError,
    ConnectionFailedError,
    RateLimit,
    Videsk,
)
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


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


async def test_views_share_the_session(sandbox: Sandbox, other: Sandbox) -> None:
    """Aiohttp keeps the connections apart; closing the client closes all of them."""
    async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url) as videsk:
        view = videsk.with_options(base_url=other.url)
        await videsk.rooms.list()
        await view.rooms.list()
        assert len(videsk._transport._sessions._open) == 1
        assert view._transport._sessions is videsk._transport._sessions
        await view.close()
        await videsk.rooms.list()
    with pytest.raises(ClosedError):
        await view.rooms.list()


async def test_another_address_has_a_rate_limit_of_its_own(
    sandbox: Sandbox, other: Sandbox
) -> None:
    """The account is of one server; the same address again is the same account."""
    limit = RateLimit(requests=1, per=60.0)
    async with AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, rate_limit=limit, timeout=1.0
    ) as videsk:
        same = videsk.with_options(base_url=sandbox.url)
        elsewhere = videsk.with_options(base_url=other.url)
        assert same._sender.limiter is videsk._sender.limiter
        assert same.rooms._account is videsk.rooms._account
        assert elsewhere._sender.limiter is not videsk._sender.limiter
        assert elsewhere.rooms._account is not videsk.rooms._account
        await videsk.rooms.list()
        await elsewhere.rooms.list()
        assert elsewhere._sender.server_window is not videsk._sender.server_window
    assert len(sandbox.requests) == len(other.requests) == 1


async def test_a_client_of_that_address_shares_the_views_rate_limit(
    sandbox: Sandbox, other: Sandbox
) -> None:
    """As any two clients of one account in one process do."""
    async with (
        AsyncVidesk(sandbox.api_token, base_url=sandbox.url) as videsk,
        AsyncVidesk(sandbox.api_token, base_url=other.url) as there,
    ):
        view = videsk.with_options(base_url=other.url)
        limiters: list[Any] = [view._sender.limiter, there._sender.limiter]
        assert limiters[0]._latency is limiters[1]._latency
        assert limiters[0]._next_store is limiters[1]._next_store


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
        assert view.rooms._account is videsk.rooms._account
    assert proxy.lines == [f"GET {sandbox.url}/vpaas/rooms HTTP/1.1"]
    assert len(sandbox.requests) == 3


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

    def proxy_of(view: AsyncVidesk) -> str | None:
        proxy: str | None = view._transport._options.get("proxy")
        return proxy

    assert proxy_of(client) is None
    away = client.with_options(base_url="https://api.example")
    assert proxy_of(away) == "http://proxy.example:3128"
    assert proxy_of(away.with_options(proxy="http://own.example:1")) == "http://own.example:1"
    assert proxy_of(away.with_options(base_url="https://direct.example")) is None
    distrusting = AsyncVidesk(TOKEN, trust_env=False)
    assert proxy_of(distrusting.with_options(base_url="https://api.example")) is None


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
