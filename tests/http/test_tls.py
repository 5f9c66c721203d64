"""Certificates: checked by default, trusted by a context or a fingerprint, unchecked on demand."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.peers import answering, read_request, self_signed, serving, with_length
from tests.support import TOKEN, printed_by
from videsk_rooms import AsyncVidesk, ConnectionFailedError, Retry, Videsk

if TYPE_CHECKING:
    from pathlib import Path

EMPTY_PAGE = with_length(b'{"total": 0, "limit": 10, "skip": 0, "data": []}')


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server_side(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


def fingerprint(certificate: tuple[Path, Path]) -> bytes:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate[0].read_text())).digest()


async def list_rooms(server_side: ssl.SSLContext, host: str = "127.0.0.1", **options: Any) -> int:
    """Ask a server with TLS for a page, and return its total."""
    async with (
        serving(answering(EMPTY_PAGE), ssl=server_side) as port,
        AsyncVidesk(
            TOKEN,
            base_url=f"https://{host}:{port}",
            retry=Retry(attempts=1),
            rate_limit=None,
            **options,
        ) as videsk,
    ):
        return (await videsk.rooms.list()).total


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    server_side: ssl.SSLContext,
) -> None:
    """By default, and before the token is sent."""
    with pytest.raises(ConnectionFailedError, match=r"(?i)certificate") as caught:
        await list_rooms(server_side)
    (attempt,) = caught.value.attempts
    assert attempt.status is None
    assert attempt.error is not None
    assert "certificate" in attempt.error.lower()


async def test_a_refused_certificate_says_how_to_trust_another(server_side: ssl.SSLContext) -> None:
    """The network and the proxy are fine where a certificate came."""
    with pytest.raises(ConnectionFailedError, match=r"clock; .* in ssl=, or in SSL_CERT_FILE\."):
        await list_rooms(server_side)


async def test_another_fingerprint_is_told_in_the_digits_of_a_pin(
    server_side: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    """As `bytes.fromhex` takes them, once the certificate is known to be the new one."""
    found = f"has {fingerprint(certificate).hex()}. Nothing was sent. Check base_url; if"
    with pytest.raises(ConnectionFailedError, match=found.replace(".", r"\.")):
        await list_rooms(server_side, ssl=aiohttp.Fingerprint(b"\x00" * 32))


async def test_a_failed_handshake_is_told_in_words(trusting: ssl.SSLContext) -> None:
    """Without the memory address of the context, by which equal errors would all differ."""

    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with (
        serving(hang_up) as port,
        AsyncVidesk(
            TOKEN,
            base_url=f"https://127.0.0.1:{port}",
            retry=Retry(attempts=1),
            rate_limit=None,
            ssl=trusting,
        ) as videsk,
    ):
        with pytest.raises(ConnectionFailedError, match=rf"127\.0\.0\.1:{port} \[Connection"):
            await videsk.rooms.list()


async def test_the_api_is_not_told_which_requests_are_one_call(server_side: ssl.SSLContext) -> None:
    """It documents no such header; only a server that is reached by plain http is told."""
    requests: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))
        writer.write(EMPTY_PAGE)
        await writer.drain()

    for encrypts in (True, False):
        async with (
            serving(converse, ssl=server_side if encrypts else None) as port,
            AsyncVidesk(
                TOKEN, base_url=f"http{'s' * encrypts}://127.0.0.1:{port}", ssl=False
            ) as videsk,
        ):
            await videsk.rooms.list()
    assert [b"videsk-rooms-call:" in request.lower() for request in requests] == [False, True]


async def test_a_context_vouches_for_a_certificate(
    server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """`ssl=` takes an `ssl.SSLContext`."""
    assert await list_rooms(server_side, ssl=trusting) == 0


async def test_a_certificate_for_another_host_is_refused(
    server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """It is for 127.0.0.1, not for localhost."""
    with pytest.raises(ConnectionFailedError, match=r"(?i)certificate"):
        await list_rooms(server_side, "localhost", ssl=trusting)


async def test_false_checks_no_certificate(server_side: ssl.SSLContext) -> None:
    """For whoever knows what they do."""
    assert await list_rooms(server_side, ssl=False) == 0


async def test_true_checks_it_as_the_default_does(server_side: ssl.SSLContext) -> None:
    """`ssl=True` is no way around it."""
    with pytest.raises(ConnectionFailedError, match=r"(?i)certificate"):
        await list_rooms(server_side, ssl=True)


async def test_a_fingerprint_vouches_for_a_certificate(
    server_side: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    """The one certificate, whoever signed it."""
    assert await list_rooms(server_side, ssl=aiohttp.Fingerprint(fingerprint(certificate))) == 0


async def test_another_fingerprint_is_refused(server_side: ssl.SSLContext) -> None:
    """An impostor is told before the token is sent."""
    with pytest.raises(ConnectionFailedError) as caught:
        await list_rooms(server_side, ssl=aiohttp.Fingerprint(b"\x00" * 32))
    (attempt,) = caught.value.attempts
    assert attempt.status is None
    assert "Fingerprint" in str(attempt.error)


@pytest.mark.parametrize("pinned", [False, True], ids=["no-trust", "another-fingerprint"])
async def test_nothing_is_sent_to_a_server_that_is_refused(
    server_side: ssl.SSLContext, *, pinned: bool
) -> None:
    """Not a byte of the request, and so not the token."""
    received = bytearray()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        received.extend(await reader.read())

    async with (
        serving(listen, ssl=server_side) as port,
        AsyncVidesk(
            TOKEN,
            base_url=f"https://127.0.0.1:{port}",
            retry=Retry(attempts=1),
            rate_limit=None,
            ssl=aiohttp.Fingerprint(b"\x00" * 32) if pinned else None,
        ) as videsk,
    ):
        with pytest.raises(ConnectionFailedError):
            await videsk.rooms.create(name="Support")
    assert not received


async def test_a_server_that_speaks_no_tls_is_refused() -> None:
    """Its plain answer is no handshake."""

    async def shout(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(EMPTY_PAGE)
        await writer.drain()

    async with (
        serving(shout) as port,
        AsyncVidesk(
            TOKEN, base_url=f"https://127.0.0.1:{port}", retry=Retry(attempts=1), rate_limit=None
        ) as videsk,
    ):
        with pytest.raises(ConnectionFailedError):
            await videsk.rooms.list()


async def test_the_blocking_client_takes_a_context(
    server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Both faces hand it on."""

    def list_blocking(port: int) -> int:
        with Videsk(
            TOKEN, base_url=f"https://127.0.0.1:{port}", rate_limit=None, ssl=trusting
        ) as videsk:
            return videsk.rooms.list().total

    async with serving(answering(EMPTY_PAGE), ssl=server_side) as port:
        assert await asyncio.to_thread(list_blocking, port) == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_truststore_is_asked_whenever_it_was_set_up(when: str) -> None:
    """Before this package is imported, or after it: aiohttp's own context is made at its import."""
    pytest.importorskip("truststore")
    lines = ["import truststore; truststore.inject_into_ssl()", "import videsk_rooms.client"]
    program = [
        *(lines if when == "before" else lines[::-1]),
        "import os",
        "for name in ('SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE'):",
        "    os.environ.pop(name, None)",
        "from videsk_rooms._http.environment import read_environment",
        "made = read_environment('https://a', trusted=True, has_proxy=False, has_ssl=False)",
        "print(type(made.ssl).__module__)",
    ]
    assert printed_by("-c", "\n".join(program)).startswith("truststore")
