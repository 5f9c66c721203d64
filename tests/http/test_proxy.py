"""A proxy stands in between when it is asked for, and learns no more than it must."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from yarl import URL

from tests.peers import answering, read_request, self_signed, serving, with_length
from tests.support import TOKEN
from videsk_rooms import APIError, AsyncVidesk, ConnectionFailedError, Retry, Videsk

if TYPE_CHECKING:
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox

EMPTY_PAGE = with_length(b'{"total": 0, "limit": 10, "skip": 0, "data": []}')
UNAUTHORIZED = with_length(
    b"<p>who are you?</p>",
    "Proxy-Authenticate: Basic",
    status="407 Proxy Authentication Required",
)
ONCE: dict[str, Any] = {"retry": Retry(attempts=1), "rate_limit": None}


class Proxy:
    """Forwards what it gets, or refuses it; keeps what it could read."""

    def __init__(self, refusal: bytes | None = None) -> None:
        self._refusal = refusal
        self.heads: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        self.heads.append(request.decode("latin-1"))
        if self._refusal is not None:
            writer.write(self._refusal)
            return await writer.drain()
        method, target, _ = self.heads[-1].split(" ", 2)
        tunnel = method == "CONNECT"
        url = URL(f"//{target}" if tunnel else target)
        assert url.host is not None
        assert url.port is not None
        there = await asyncio.open_connection(url.host, url.port)
        if tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            there[1].write(request.replace(str(url.origin()).encode(), b"", 1))
        await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
        return None

    @property
    def lines(self) -> list[str]:
        return [head.partition("\r\n")[0] for head in self.heads]


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    finally:
        sink.close()


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """What a server with a certificate of its own making needs."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*self_signed(tmp_path_factory.mktemp("certificate")))
    return context


async def test_a_plain_request_goes_through_the_proxy(sandbox: Sandbox) -> None:
    """As a proxy expects it: with the whole URL in its first line."""
    async with (
        serving(proxy := Proxy()) as port,
        AsyncVidesk(
            sandbox.api_token, base_url=sandbox.url, proxy=f"http://127.0.0.1:{port}", **ONCE
        ) as videsk,
    ):
        await videsk.rooms.create(name="Support")
    assert proxy.lines == [f"POST {sandbox.url}/vpaas/rooms HTTP/1.1"]
    assert [room["name"] for room in sandbox.rooms] == ["Support"]


async def test_an_encrypted_request_goes_through_a_tunnel(encrypted: ssl.SSLContext) -> None:
    """The proxy learns where it goes to, and nothing of the request or its token."""
    async with (
        serving(answering(EMPTY_PAGE), ssl=encrypted) as api,
        serving(proxy := Proxy()) as port,
        AsyncVidesk(
            TOKEN,
            base_url=f"https://127.0.0.1:{api}",
            proxy=f"http://127.0.0.1:{port}",
            ssl=False,
            **ONCE,
        ) as videsk,
    ):
        assert (await videsk.rooms.list()).total == 0
    assert proxy.lines == [f"CONNECT 127.0.0.1:{api} HTTP/1.1"]
    assert TOKEN not in proxy.heads[0]


async def test_the_tunnel_carries_the_credentials_of_the_proxy(encrypted: ssl.SSLContext) -> None:
    """A user and password in the proxy's URL are for the proxy."""
    received: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await read_request(reader))
        writer.write(EMPTY_PAGE)
        await writer.drain()

    async with (
        serving(answer, ssl=encrypted) as api,
        serving(proxy := Proxy()) as port,
        AsyncVidesk(
            TOKEN,
            base_url=f"https://127.0.0.1:{api}",
            proxy=f"http://user:password@127.0.0.1:{port}",
            ssl=False,
            **ONCE,
        ) as videsk,
    ):
        await videsk.rooms.list()
    assert "Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==" in proxy.heads[0]
    assert b"proxy-authorization" not in received[0].lower()


async def test_a_tunnel_that_is_refused_sent_nothing() -> None:
    """407 for the CONNECT: the API has not seen the request; the password is not shown."""
    async with (
        serving(proxy := Proxy(UNAUTHORIZED)) as port,
        AsyncVidesk(
            TOKEN,
            base_url="https://api.videsk.io",
            proxy=f"http://user:password@127.0.0.1:{port}",
            **ONCE,
        ) as videsk,
    ):
        with pytest.raises(ConnectionFailedError, match=r"407.*credentials: give them") as caught:
            await videsk.rooms.create(name="Support")
    assert proxy.lines == ["CONNECT api.videsk.io:443 HTTP/1.1"]
    assert TOKEN not in proxy.heads[0]
    assert "password" not in f"{caught.value} {caught.value.attempts}"


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.9\r\n"], ids=["nothing", "no HTTP"])
async def test_a_tunnel_that_breaks_off_sent_nothing(answer: bytes) -> None:
    """However the proxy does it: the API has not seen the request."""
    async with (
        serving(Proxy(answer)) as port,
        AsyncVidesk(
            TOKEN, base_url="https://api.videsk.io", proxy=f"http://127.0.0.1:{port}", **ONCE
        ) as videsk,
    ):
        with pytest.raises(ConnectionFailedError, match="Nothing was sent") as caught:
            await videsk.rooms.create(name="Support")
    assert not caught.value.outcome_unknown


async def test_a_plain_request_that_the_proxy_refuses_is_an_answer(sandbox: Sandbox) -> None:
    """A 407 whose page says nothing of the API: the text points at the proxy."""
    async with (
        serving(Proxy(UNAUTHORIZED)) as port,
        AsyncVidesk(
            TOKEN, base_url=sandbox.url, proxy=f"http://127.0.0.1:{port}", **ONCE
        ) as videsk,
    ):
        with pytest.raises(APIError, match="proxy") as caught:
            await videsk.rooms.list()
    assert (caught.value.status, caught.value.message) == (407, "who are you?")
    assert not sandbox.requests


@pytest.mark.parametrize("base_url", ["https://api.videsk.io", "http://127.0.0.1:9"])
async def test_a_proxy_that_is_down_sent_nothing(base_url: str) -> None:
    """The text names it, and not its password."""
    async with serving(Proxy()) as port:
        pass
    async with AsyncVidesk(
        TOKEN, base_url=base_url, proxy=f"http://user:password@127.0.0.1:{port}", **ONCE
    ) as videsk:
        with pytest.raises(ConnectionFailedError, match=str(port)) as caught:
            await videsk.rooms.create(name="Support")
    assert "password" not in f"{caught.value} {caught.value.attempts} {videsk!r}"


async def test_the_blocking_client_takes_a_proxy(sandbox: Sandbox) -> None:
    """Both faces hand it on."""

    def list_blocking(port: int) -> None:
        with Videsk(
            sandbox.api_token, base_url=sandbox.url, proxy=f"http://127.0.0.1:{port}", **ONCE
        ) as videsk:
            videsk.rooms.list()

    async with serving(proxy := Proxy()) as port:
        await asyncio.to_thread(list_blocking, port)
    assert proxy.lines == [f"GET {sandbox.url}/vpaas/rooms HTTP/1.1"]


@pytest.fixture
def no_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no host for which the environment names no proxy."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
@pytest.mark.usefixtures("no_exceptions")
async def test_the_environments_proxy_is_used(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """As most programs do; the proxy refuses here, so that nothing leaves this machine."""
    async with serving(proxy := Proxy(UNAUTHORIZED)) as port:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
        async with AsyncVidesk(TOKEN, base_url="https://api.videsk.io", **ONCE) as videsk:
            monkeypatch.delenv(variable)  # it was read when the client was made
            with pytest.raises(ConnectionFailedError, match="407"):
                await videsk.rooms.list()
    assert proxy.lines == ["CONNECT api.videsk.io:443 HTTP/1.1"]


@pytest.mark.usefixtures("no_exceptions")
async def test_no_proxy_stands_before_this_machine(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One elsewhere does not reach it, and sandboxes are here."""
    async with serving(proxy := Proxy(UNAUTHORIZED)) as port:
        for variable in ("http_proxy", "all_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
        async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url, **ONCE) as videsk:
            await videsk.rooms.list()
    assert not proxy.heads


@pytest.mark.usefixtures("no_exceptions")
async def test_a_proxy_that_is_not_used_is_named_where_nobody_can_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its password is not told."""
    monkeypatch.setenv("https_proxy", "http://user:password@127.0.0.1:9")
    away = "https://name.invalid"
    async with (
        aiohttp.ClientSession() as session,
        AsyncVidesk(TOKEN, base_url=away, trust_env=False, **ONCE) as videsk,
        AsyncVidesk(TOKEN, base_url=away, session=session, **ONCE) as borrowing,
    ):
        for client, why in ((videsk, "trust_env=False"), (borrowing, "session=")):
            told = f"HTTPS_PROXY is set but not used, because of {why}"
            with pytest.raises(ConnectionFailedError, match=told) as caught:
                await client.rooms.list()
            assert "password" not in str(caught.value)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_the_environments_authorities_are_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """Also where they are named after aiohttp was imported; and those of a view, too."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    certificate, key = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with serving(answering(EMPTY_PAGE), ssl=context) as port:
        url = f"https://127.0.0.1:{port}"
        async with AsyncVidesk(TOKEN, base_url=url, **ONCE) as videsk:
            with pytest.raises(ConnectionFailedError, match="CERTIFICATE_VERIFY_FAILED"):
                await videsk.rooms.list()
        monkeypatch.setenv(variable, str(certificate))
        async with AsyncVidesk(TOKEN, base_url=url, **ONCE) as videsk:
            assert (await videsk.with_options(timeout=9.0).rooms.list()).total == 0


async def test_the_token_stands_in_for_a_netrc_entry(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """That file is not read: its entries are for other programs."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password other", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, trust_env=True, **ONCE
    ) as videsk:
        await videsk.rooms.list()
    assert sandbox.requests[0].headers["Authorization"] == f"Bearer {sandbox.api_token}"
