"""What a client is set up with: checked when it is made, shared by its views."""

from __future__ import annotations

import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from tests.peers import read_request, serving
from tests.support import API, TOKEN
from videsk_rooms import (
    AsyncVidesk,
    ClosedError,
    ConfigurationError,
    DeadlineExceededError,
    RateLimit,
    Retry,
    Timeout,
    Videsk,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox

    Make: TypeAlias = Callable[..., AsyncVidesk | Videsk]

both_faces = pytest.mark.parametrize("make", [AsyncVidesk, Videsk])


# -- Timeout, Retry, RateLimit --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "published"),
    [
        (Timeout(), Timeout(total=30.0, attempt=10.0, connect=5.0)),
        (Retry(), Retry(attempts=4, base_delay=0.25, max_delay=8.0, max_retry_after=60.0)),
        (RateLimit(), RateLimit(requests=20, per=1.0, shared=None)),
    ],
)
def test_the_defaults_are_as_published(option: object, published: object) -> None:
    """A default is a promise like any other; options are equal by their values."""
    assert option == published
    assert hash(option) == hash(published)


@pytest.mark.parametrize(
    "option",
    [
        Timeout(total=1, attempt=None, connect=0.001),
        Timeout(total=None, attempt=None, connect=None),
        Timeout(total=10**6),
        Retry(attempts=1, base_delay=0, max_delay=0, max_retry_after=0),
        Retry(attempts=1000, base_delay=9.0, max_delay=1.0),
        RateLimit(requests=1, per=0.001),
        RateLimit(requests=10_000, per=3600),
        RateLimit(shared="file:/tmp/pace"),
        RateLimit(shared="redis://host:6379/0"),
        RateLimit(shared="rediss://:password@host"),
    ],
)
def test_options_within_their_limits(option: object) -> None:
    """They are plain data: another process can be given them."""
    assert pickle.loads(pickle.dumps(option)) == option


NO_BOUNDS: list[Any] = [
    *(0, 0.0, -1, float("nan"), float("inf"), True, False, "5", b"5", [5], 5j, timedelta(1)),
    10**400,
]
NO_PAUSES: list[Any] = [-1, -0.001, float("nan"), float("inf"), True, "1", None, timedelta(1)]
NO_COUNTS: list[Any] = [0, -1, True, 1.0, "4", None, float("inf")]
WRONG: list[tuple[Callable[..., object], str, list[Any]]] = [
    (Timeout, "total", NO_BOUNDS),
    (Timeout, "attempt", NO_BOUNDS),
    (Timeout, "connect", NO_BOUNDS),
    (Retry, "attempts", NO_COUNTS),
    (Retry, "base_delay", NO_PAUSES),
    (Retry, "max_delay", NO_PAUSES),
    (Retry, "max_retry_after", NO_PAUSES),
    (RateLimit, "requests", [*NO_COUNTS, 10_001]),
    (RateLimit, "per", [*NO_PAUSES, 0]),
]


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [(option, name, value) for option, name, values in WRONG for value in values],
    ids=lambda part: getattr(part, "__name__", None) or repr(part)[:20],
)
def test_an_option_out_of_its_limits_is_refused(
    option: Callable[..., object], name: str, value: object
) -> None:
    """When it is made; the text names it, shows the value and says what is right."""
    with pytest.raises(ConfigurationError, match="give") as caught:
        option(**{name: value})
    assert isinstance(caught.value, ValueError)
    assert f".{name}={value!r}" in str(caught.value)


@pytest.mark.parametrize(
    "shared",
    [
        *(5, True, b"file:/a", "", "file", "file:", "file:/", "/a/path"),
        *("redis:", "redis://", "memory:", "http://:secret@host", "redis//:secret@host"),
    ],
)
def test_a_shared_pace_names_a_file_or_a_redis(shared: Any) -> None:
    """The value is not shown, for it may hold a password."""
    with pytest.raises(ConfigurationError, match=r"shared.*'file:.*'redis://") as caught:
        RateLimit(shared=shared)
    assert "secret" not in str(caught.value)


def test_a_shared_pace_shows_in_no_repr() -> None:
    """It may hold a password."""
    assert "secret" not in repr(RateLimit(shared="redis://:secret@host:6379/0"))


@pytest.mark.parametrize(
    ("option", "name"), [(Timeout(), "total"), (Retry(), "attempts"), (RateLimit(), "requests")]
)
def test_options_do_not_change(option: object, name: str) -> None:
    """One object may serve many clients."""
    with pytest.raises(AttributeError):
        setattr(option, name, 1)


# -- of a client ----------------------------------------------------------------------------------

WRONG_KINDS: list[tuple[str, Any]] = [
    *(("retry", value) for value in (None, 4, "4", True, Retry, {"attempts": 4}, Timeout())),
    *(("rate_limit", value) for value in (20, "20", True, RateLimit, {"requests": 20}, Retry())),
    *(("timeout", value) for value in (0, -1, True, "30", Timeout, {"total": 1}, Retry())),
    ("timeout", float("nan")),
    *(("proxy", value) for value in (5, "", "host:3128", "nonsense", "socks5://host:1", "http://")),
    *(("proxy", value) for value in ("http://[::1", "http://host:port", "http://proxy..example")),
    ("proxy", f"http://{'p' * 64}.example"),
    *(("ssl", value) for value in (5, "certificate.pem", object())),
]
wrong_kinds = pytest.mark.parametrize(("name", "value"), WRONG_KINDS)


@both_faces
@wrong_kinds
def test_an_argument_that_cannot_be_is_refused(make: Make, name: str, value: object) -> None:
    """When the client is made, not at its first call."""
    with pytest.raises(ConfigurationError, match=f"(?i){name}"):
        make(TOKEN, **{name: value})


@both_faces
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("https_proxy", "user:secret@proxy.example:3128"),
        ("https_proxy", "http://user:secret@[:"),
        ("https_proxy", "http://user:secret@host:port"),
        ("all_proxy", "http://user:secret@host:port"),
        ("https_proxy", "socks5://user:secret@host:1"),
        ("https_proxy", "http://user:secret@proxy..example"),
    ],
)
def test_a_proxy_of_the_environment_that_cannot_be_is_refused(
    make: Make, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """When the client is made, without its password; and only where it would be asked for."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    make(TOKEN, trust_env=False)
    make(TOKEN, base_url="http://localhost:1")
    make(TOKEN, proxy="http://proxy.example:3128")
    with pytest.raises(ConfigurationError, match=variable.upper()) as caught:
        make(TOKEN)
    assert "secret" not in str(caught.value)


def test_a_proxy_of_the_environment_that_is_not_for_the_host_is_let_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be right for other programs."""
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", "api.videsk.io")
    AsyncVidesk(TOKEN, trust_env=True)


@both_faces
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_certificates_of_the_environment_that_cannot_be_read_are_refused(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """When the client is made: OpenSSL would pass over a file that is not there."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigurationError, match=f"{variable}=.*No such f"):
        make(TOKEN)
    if variable != "SSL_CERT_DIR":
        (tmp_path / "empty.pem").write_text("nothing", encoding="utf-8")
        monkeypatch.setenv(variable, str(tmp_path / "empty.pem"))
        with pytest.raises(ConfigurationError, match="PEM"):
            make(TOKEN)
    make(TOKEN, trust_env=False)
    make(TOKEN, base_url="http://127.0.0.1:1")
    make(TOKEN, ssl=False)


@both_faces
@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Authorization": "Bearer secret"}, "api_token="),
        ({"authorization": "secret"}, "api_token="),
        ({"Content-Type": "text/secret"}, "leave it out"),
        ({"X-A": "secret\r\nX-B: 1"}, "value of X-A"),
        ({"X-A": 5}, "value of X-A"),
        ({"X A": "secret"}, "'X A'"),
        ({5: "secret"}, "5"),
        ("X-A: secret", "mapping"),
    ],
)
def test_headers_that_cannot_be_are_refused(make: Make, headers: Any, told: str) -> None:
    """By the client and by its views, with the remedy, and never with a value."""
    with pytest.raises(ConfigurationError, match=told) as caught:
        make(TOKEN, headers=headers)
    assert "secret" not in str(caught.value).replace("X-A: secret", "")
    with pytest.raises(ConfigurationError, match=told):
        make(TOKEN).with_options(headers=headers)


@pytest.mark.parametrize("session", [5, "session", object()])
def test_a_session_is_one_of_aiohttp(session: Any) -> None:
    """Not one of another package."""
    with pytest.raises(ConfigurationError, match="session"):
        AsyncVidesk(TOKEN, session=session)


@both_faces
@pytest.mark.parametrize(
    ("name", "value"), [pair for pair in WRONG_KINDS if pair[0] not in {"proxy", "ssl"}]
)
def test_a_view_refuses_what_its_client_would(make: Make, name: str, value: object) -> None:
    """`with_options` checks like the constructor."""
    client = make(TOKEN)
    with pytest.raises(ConfigurationError, match=f"(?i){name}"):
        client.with_options(**{name: value})  # type: ignore[arg-type]  # wrong on purpose


@both_faces
def test_without_a_token_the_error_says_what_to_set(make: Make) -> None:
    """All three ways, and where tokens come from."""
    with pytest.raises(ConfigurationError) as caught:
        make()
    for word in ("api_token=", "VIDESK_API_TOKEN ", "VIDESK_API_TOKEN_FILE", "dashboard"):
        assert word in str(caught.value)


# -- views ----------------------------------------------------------------------------------------


class Api:
    """Answers with an empty page on connections that it counts and keeps."""

    def __init__(self) -> None:
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        body = b'{"total": 0, "limit": 10, "skip": 0, "data": []}'
        while True:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()


async def test_a_view_shares_the_connections_and_closes_none() -> None:
    """Whatever happens to the view, the client goes on with the connection it has."""
    async with (
        serving(api := Api()) as port,
        AsyncVidesk(TOKEN, base_url=f"http://127.0.0.1:{port}", rate_limit=None) as videsk,
    ):
        view = videsk.with_options(timeout=20.0, api_token="another", retry=Retry(attempts=1))
        await view.rooms.list()
        await videsk.rooms.list()
        await view.close()
        async with view.with_options(timeout=10.0) as view_of_a_view:
            await view_of_a_view.rooms.list()
        await view.rooms.list()
        await videsk.rooms.list()
    assert api.connections == 1


def test_a_blocking_view_closes_nothing(sandbox: Sandbox, blocking_once: Videsk) -> None:
    """Both faces agree."""
    with blocking_once.with_options(timeout=20.0) as view:
        view.rooms.list()
    view.rooms.list()
    blocking_once.rooms.list()
    assert len(sandbox.requests) == 3


async def test_a_view_ends_with_its_client(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """The connections are the client's."""
    view = once.with_options(timeout=20.0)
    await once.close()
    with pytest.raises(ClosedError):
        await view.rooms.list()
    assert not sandbox.requests


async def test_a_view_changes_nothing_of_its_client(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """And keeps what it was not given, over views of views."""
    hasty = once.with_options(timeout=0.2)
    hasty_too = hasty.with_options(api_token=sandbox.tokens.issue(), rate_limit=None)
    for client in (hasty, hasty_too):
        sandbox.faults.delay(60)
        with pytest.raises(DeadlineExceededError):
            await client.rooms.list()
    sandbox.faults.delay(0.5)
    await once.rooms.list()
    sandbox.faults.delay(0.5)
    await hasty.with_options(timeout=None).rooms.list()


@both_faces
def test_a_view_is_of_the_same_kind(make: Make) -> None:
    """Also of a class that somebody derived."""
    derived = type("Derived", (make,), {})  # type: ignore[arg-type]  # a class, though it says less
    assert type(make(TOKEN).with_options()) is make
    assert type(derived(TOKEN).with_options(timeout=1.0)) is derived
    assert repr(derived(TOKEN).with_options()) == f"Derived(base_url='{API}')"
