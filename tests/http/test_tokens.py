"""Where the token comes from, and what is no token."""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.waiting import until
from videsk_rooms import (
    AsyncVidesk,
    ConfigurationError,
    DeadlineExceededError,
    Hooks,
    RateLimit,
    Retry,
    Videsk,
    VideskError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox


def client(sandbox: Sandbox, api_token: Any = None) -> AsyncVidesk:
    """Make a client of single attempts for a sandbox."""
    return AsyncVidesk(
        api_token, base_url=sandbox.url, retry=Retry(attempts=1), rate_limit=None, timeout=20.0
    )


def tokens_sent(sandbox: Sandbox) -> list[str]:
    """Return the tokens of all requests, in order."""
    return [
        request.headers["Authorization"].removeprefix("Bearer ") for request in sandbox.requests
    ]


class AskedAwaitably:
    """A callable object whose call is a coroutine."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def __call__(self) -> str:
        return self._token


async def given_later(token: str) -> str:
    await asyncio.sleep(0)
    return token


@pytest.mark.parametrize(
    "source",
    [
        lambda token: token,
        lambda token: lambda: token,
        lambda token: functools.partial(given_later, token),
        lambda token: lambda: given_later(token),
        AskedAwaitably,
    ],
    ids=["string", "plain", "coroutine-function", "returns-a-coroutine", "awaitable-object"],
)
async def test_a_given_token_goes_out_as_bearer(
    sandbox: Sandbox, source: Callable[[str], Any]
) -> None:
    """A string, or whatever returns one now or later (docs/api.md, "Access")."""
    async with client(sandbox, source(sandbox.api_token)) as videsk:
        await videsk.rooms.list()
    (request,) = sandbox.requests
    assert request.headers["Authorization"] == f"Bearer {sandbox.api_token}"


def test_the_blocking_client_asks_an_awaitable_callable(sandbox: Sandbox) -> None:
    """The callable is awaited in the client's own loop."""
    with Videsk(
        functools.partial(given_later, sandbox.api_token), base_url=sandbox.url, rate_limit=None
    ) as videsk:
        videsk.rooms.list()
    assert tokens_sent(sandbox) == [sandbox.api_token]


@pytest.mark.parametrize("token", ['"secret"', "'secret'", '"secret', "“secret”"])
def test_a_token_with_its_quotation_marks_is_named_as_such(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    """`docker run --env-file` keeps them, where a shell takes them away."""
    monkeypatch.setenv("VIDESK_API_TOKEN", token)
    with pytest.raises(ConfigurationError, match="VIDESK_API_TOKEN begins with a quo") as caught:
        AsyncVidesk()
    assert "secret" not in str(caught.value)


# -- the environment ------------------------------------------------------------------------------


@pytest.fixture
def token_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> Path:
    """The file that VIDESK_API_TOKEN_FILE names, with the sandbox's token and a line's end."""
    path = tmp_path / "token"
    path.write_text(f"{sandbox.api_token}\n", encoding="utf-8")
    monkeypatch.setenv("VIDESK_API_TOKEN_FILE", str(path))
    return path


def rewrite(path: Path, content: str | bytes, *, seconds_later: int = 1) -> None:
    """Write into the same file, so much later as its time says, however coarse that is."""
    before = path.stat()
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + seconds_later * 10**9))


def replace(path: Path, content: str | bytes) -> None:
    """Put another file in its place, as careful writers do."""
    other = path.with_name("other")
    other.write_bytes(content.encode() if isinstance(content, str) else content)
    other.replace(path)


async def test_the_environment_holds_the_token(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VIDESK_API_TOKEN, without the line's end that a shell may have left on it."""
    monkeypatch.setenv("VIDESK_API_TOKEN", f" {sandbox.api_token}\n")
    async with client(sandbox) as videsk:
        await videsk.rooms.list()
    assert tokens_sent(sandbox) == [sandbox.api_token]


@pytest.mark.usefixtures("token_file")
async def test_a_file_holds_the_token(sandbox: Sandbox) -> None:
    """VIDESK_API_TOKEN_FILE, without the line's end that an editor left in it."""
    async with client(sandbox) as videsk:
        await videsk.rooms.list()
    assert tokens_sent(sandbox) == [sandbox.api_token]


@pytest.mark.usefixtures("token_file")
@pytest.mark.parametrize(
    ("argument", "environment", "used"),
    [
        ("given", "environment", "given"),
        (None, "environment", "environment"),
        (None, " ", "file"),
        (None, None, "file"),
    ],
)
async def test_the_nearest_token_wins(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    argument: str | None,
    environment: str | None,
    used: str,
) -> None:
    """The argument, else VIDESK_API_TOKEN, else the file; an empty variable is none."""
    tokens = {
        "given": sandbox.tokens.issue(),
        "environment": sandbox.tokens.issue(),
        "file": sandbox.api_token,
    }
    if environment is not None:
        monkeypatch.setenv("VIDESK_API_TOKEN", tokens.get(environment, environment))
    async with client(sandbox, argument and tokens[argument]) as videsk:
        await videsk.rooms.list()
    assert tokens_sent(sandbox) == [tokens[used]]


def replace_by_one_as_old(path: Path, content: str) -> None:
    """Put another file in its place whose time is the same: only its inode tells."""
    before = path.stat()
    replace(path, content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [rewrite, replace, replace_by_one_as_old])
async def test_a_changed_file_is_read_again(
    sandbox: Sandbox, token_file: Path, change: Callable[[Path, str], None]
) -> None:
    """Mounted secrets are renewed under a running process."""
    replace(token_file, sandbox.api_token)
    newer = sandbox.tokens.issue()
    assert len(newer) == len(sandbox.api_token)
    async with client(sandbox) as videsk:
        await videsk.rooms.list()
        change(token_file, newer)
        await videsk.rooms.list()
    assert tokens_sent(sandbox) == [sandbox.api_token, newer]


def test_the_blocking_client_reads_a_changed_file_again(sandbox: Sandbox, token_file: Path) -> None:
    """Both faces read the same way."""
    newer = sandbox.tokens.issue()
    with Videsk(base_url=sandbox.url, rate_limit=None) as videsk:
        videsk.rooms.list()
        replace(token_file, newer)
        videsk.rooms.list()
    assert tokens_sent(sandbox) == [sandbox.api_token, newer]


async def test_a_refused_token_is_looked_for_in_the_file(
    sandbox: Sandbox, token_file: Path
) -> None:
    """It may have been written since the request was sent, within what a file's time can tell."""
    replace(token_file, "x" * len(sandbox.api_token))
    hooks = Hooks(on_attempt=lambda _: rewrite(token_file, sandbox.api_token, seconds_later=0))
    async with client(sandbox) as videsk:
        response = await videsk.with_options(hooks=hooks).request("GET", "/vpaas/rooms")
    assert [attempt.status for attempt in response.attempts] == [401, 200]


def remove(path: Path) -> None:
    path.unlink()


def be_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


NOT_UTF_8 = b"\xff\xfe s\x00e\x00c\x00r\x00e\x00t\x00"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (remove, "No such file"),
        (be_a_folder, "directory"),
        (lambda path: rewrite(path, " \n"), "is empty"),
        (lambda path: rewrite(path, NOT_UTF_8), "is not text"),
        (lambda path: rewrite(path, "secret\nsecret"), "a control character"),
        (lambda path: rewrite(path, "Bearer secret"), "begins with 'Bearer'"),
        (lambda path: rewrite(path, "\ufeffsecret"), "byte order mark"),
        (lambda path: rewrite(path, '"secret"'), "quotation mark"),
    ],
    ids=["missing", "folder", "empty", "not-utf-8", "two-lines", "bearer", "bom", "quoted"],
)
def test_a_file_without_a_token_is_told_when_a_client_is_made(
    token_file: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    """The refusal names the file and the variable, and shows nothing of the content."""
    spoil(token_file)
    with pytest.raises(ConfigurationError, match=reason) as caught:
        AsyncVidesk()
    assert str(token_file) in str(caught.value)
    assert "VIDESK_API_TOKEN_FILE" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_call_that_waited_for_the_limit_sends_the_newer_token(
    sandbox: Sandbox, token_file: Path
) -> None:
    """The file may be replaced meanwhile, and the token that it held be refused."""
    newer = sandbox.tokens.issue()
    async with client(sandbox).with_options(rate_limit=RateLimit(requests=1, per=0.3)) as videsk:
        await videsk.rooms.list()
        waiting = asyncio.ensure_future(videsk.rooms.list())
        await until(lambda: videsk.rate_limit_status.waiting == 1)
        replace(token_file, newer)
        await waiting
    assert tokens_sent(sandbox) == [sandbox.api_token, newer]


@pytest.mark.parametrize(
    "spoil",
    [remove, lambda path: rewrite(path, ""), lambda path: rewrite(path, NOT_UTF_8)],
    ids=["missing", "empty", "not-utf-8"],
)
async def test_a_file_that_is_being_replaced_keeps_its_last_token(
    sandbox: Sandbox, token_file: Path, spoil: Callable[[Path], None]
) -> None:
    """Between two versions of the file the last token serves, and the next one is found."""
    newer = sandbox.tokens.issue()
    async with client(sandbox) as videsk:
        await videsk.rooms.list()
        spoil(token_file)
        await videsk.rooms.list()
        replace(token_file, newer)
        await videsk.rooms.list()
    assert tokens_sent(sandbox) == [sandbox.api_token, sandbox.api_token, newer]


# -- callables ------------------------------------------------------------------------------------


async def test_many_first_calls_ask_once(sandbox: Sandbox) -> None:
    """Whoever comes while the callable is being asked waits for its answer."""
    asked = 0
    answer = asyncio.Event()

    async def ask() -> str:
        nonlocal asked
        asked += 1
        await answer.wait()
        return sandbox.api_token

    async with client(sandbox, ask) as videsk:
        calls = asyncio.gather(*(videsk.rooms.list() for _ in range(20)))
        await until(lambda: asked)
        answer.set()
        await calls
    assert (asked, len(sandbox.requests)) == (1, 20)


class VaultError(Exception):
    """What the owner of a callable raises."""


@pytest.mark.parametrize("awaitable", [False, True], ids=["plain", "awaitable"])
@pytest.mark.parametrize(
    "error",
    [
        VaultError("sealed"),
        OSError("unplugged"),
        TimeoutError("slow"),
        asyncio.TimeoutError("slow"),
        aiohttp.ServerDisconnectedError("the vault's"),
        VideskError("of another client"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_a_callable_raises_reaches_the_caller(
    sandbox: Sandbox, error: Exception, *, awaitable: bool
) -> None:
    """It is no fault of this connection, whatever its class; nothing is sent."""

    def ask() -> str:
        raise error

    async def ask_awaitably() -> str:
        raise error

    async with client(sandbox, ask_awaitably if awaitable else ask) as videsk:
        with pytest.raises(type(error)) as caught:
            await videsk.rooms.create(name="Support")
    assert caught.value is error
    assert not sandbox.requests


async def test_a_callable_that_raised_is_asked_again(sandbox: Sandbox) -> None:
    """A vault that was sealed may be open by the next call."""
    answers: list[str | Exception] = [VaultError("sealed"), sandbox.api_token]

    async def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with client(sandbox, ask) as videsk:
        with pytest.raises(VaultError):
            await videsk.rooms.list()
        await videsk.rooms.list()
    assert tokens_sent(sandbox) == [sandbox.api_token]


async def test_a_slow_callable_counts_against_the_call(sandbox: Sandbox) -> None:
    """The total bounds the callable too, although it runs in a thread that cannot be stopped."""
    done = threading.Event()

    def ask() -> str:
        done.wait(30)
        return sandbox.api_token

    async with client(sandbox, ask) as videsk:
        with pytest.raises(DeadlineExceededError):
            await videsk.with_options(timeout=0.2).rooms.list()
    assert not done.is_set()
    done.set()
    assert not sandbox.requests


# -- what is no token -----------------------------------------------------------------------------

NO_TOKENS: dict[str, object] = {
    "empty": "",
    "blank": " ",
    "line feed": "secret-0123\n",
    "carriage return": "secret\r\nX-Header: secret",
    "null": "secret\x00",
    "tab": "secret\tsecret",
    "delete": "secret\x7f",
    "space": "secret secret",
    "beyond ASCII": "secret-ñ",
    "Bearer": "Bearer secret-0123",
    "bearer": "bearer secret-0123",
    "bytes": b"secret-0123",
    "number": 5,
    "list": ["secret-0123"],
}
no_tokens = pytest.mark.parametrize("value", NO_TOKENS.values(), ids=NO_TOKENS)


@no_tokens
def test_what_is_no_token_is_refused_without_showing_it(value: Any) -> None:
    """A header is one line; and whoever mistypes a token still has a secret in hand."""
    with pytest.raises(ConfigurationError, match=r"api_token .*(give|API token)") as caught:
        AsyncVidesk(value)
    assert "secret" not in str(caught.value)


@no_tokens
def test_a_view_refuses_what_is_no_token_as_its_client_does(value: Any) -> None:
    """`with_options` checks like the constructor."""
    with (
        Videsk("a-token") as videsk,
        pytest.raises(ConfigurationError, match="api_token") as caught,
    ):
        videsk.with_options(api_token=value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("awaitable", [False, True], ids=["plain", "awaitable"])
@pytest.mark.parametrize("value", [None, *NO_TOKENS.values()], ids=["None", *NO_TOKENS])
async def test_what_a_callable_gives_is_checked_as_well(
    sandbox: Sandbox, value: Any, *, awaitable: bool
) -> None:
    """The refusal names the callable, shows nothing of the value, and nothing is sent."""

    async def ask_awaitably() -> Any:
        return value

    async with client(sandbox, ask_awaitably if awaitable else lambda: value) as videsk:
        with pytest.raises(ConfigurationError, match="the callable given as api_token") as caught:
            await videsk.rooms.list()
    assert "secret" not in str(caught.value)
    assert not sandbox.requests
