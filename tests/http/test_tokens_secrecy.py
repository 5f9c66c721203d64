"""The token is in no error, log, repr, pickle or URL."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from tests import inside
from videsk_rooms import (
    APIError,
    AsyncVidesk,
    ConfigurationError,
    ResponseError,
    Retry,
    Videsk,
    VideskError,
)
from videsk_rooms._quoting import Secret
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

# No JWT: nothing can tell it from other text but that it is the token which was sent.
SECRET = "an-opaque/token+4711="


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The API, which lets an opaque token in."""
    with Sandbox(rate=None, api_token=SECRET) as sandbox:
        yield sandbox


def everything_told_by(error: BaseException) -> str:
    """Return what an error shows to whoever prints, logs, inspects or sends it."""
    shown = [str(error), repr(error), repr(error.args), repr(vars(error))]
    shown += traceback.format_exception(type(error), error, error.__traceback__)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        pickled = pickle.dumps(error, protocol)
        shown += [pickled.decode("latin-1"), repr(vars(pickle.loads(pickled)))]
    return "\n".join(shown)


FAILURES: dict[str, Callable[[Sandbox], object]] = {
    "401": lambda sandbox: sandbox.faults.status(401, times=None),
    "403": lambda sandbox: sandbox.tokens.revoke(SECRET),
    "429": lambda sandbox: sandbox.faults.status(429),
    "500": lambda sandbox: sandbox.faults.status(500),
    "page of a firewall": lambda sandbox: sandbox.faults.status(403, html=True),
    "dropped": lambda sandbox: sandbox.faults.drop(),
    "reset": lambda sandbox: sandbox.faults.drop(reset=True),
    "truncated": lambda sandbox: sandbox.faults.truncated(),
    "garbage": lambda sandbox: sandbox.faults.garbage(),
    "garbage line": lambda sandbox: sandbox.faults.garbage_line(),
    "empty": lambda sandbox: sandbox.faults.empty(),
    "redirect": lambda sandbox: sandbox.faults.answer(302, headers={"Location": "/elsewhere"}),
    "too long": lambda sandbox: sandbox.faults.enormous(11 * 1024 * 1024),
    "late": lambda sandbox: sandbox.faults.delay(60),
    "refused connection": lambda sandbox: sandbox.stop(),
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
async def test_no_error_tells_the_token(
    sandbox: Sandbox, fail: Callable[[Sandbox], object]
) -> None:
    """Neither in its text nor in a traceback, an attribute or a pickle."""
    fail(sandbox)
    async with AsyncVidesk(
        SECRET, base_url=sandbox.url, retry=Retry(attempts=1), rate_limit=None, timeout=1.0
    ) as videsk:
        with pytest.raises(VideskError) as caught:
            await videsk.rooms.list()
    assert SECRET not in everything_told_by(caught.value)


@pytest.mark.parametrize("fail", ["401", "500", "dropped", "late"])
def test_no_error_of_the_blocking_client_tells_the_token(sandbox: Sandbox, fail: str) -> None:
    """The thread adds frames to the traceback, and no secrets."""
    FAILURES[fail](sandbox)
    with (
        Videsk(
            SECRET, base_url=sandbox.url, retry=Retry(attempts=1), rate_limit=None, timeout=1.0
        ) as videsk,
        pytest.raises(VideskError) as caught,
    ):
        videsk.rooms.list()
    assert SECRET not in everything_told_by(caught.value)


async def test_no_error_tells_either_token_of_a_renewal(sandbox: Sandbox) -> None:
    """The refused one is a secret too: it may be let in elsewhere."""
    refused = ["an-opaque/token-refused-1", "an-opaque/token-refused-2"]
    tokens = iter(refused)
    async with AsyncVidesk(
        lambda: next(tokens), base_url=sandbox.url, retry=Retry(attempts=1), rate_limit=None
    ) as videsk:
        with pytest.raises(APIError) as caught:
            await videsk.rooms.list()
    told = everything_told_by(caught.value)
    assert [token for token in refused if token in told] == []
    assert len(sandbox.requests) == 2


# -- a proxy that echoes the request --------------------------------------------------------------

LINE = f"Authorization: Bearer {SECRET}"
FEATHERS = {"name": f"No {SECRET}", "message": LINE, "className": SECRET, "errors": {"a": [LINE]}}
ECHOES: dict[str, bytes] = {
    "page": f"<html><title>{LINE}</title><body>{LINE}</body></html>".encode(),
    "text": f"your request was: x-token {SECRET}".encode(),
    "object": json.dumps({"headers": {"X-Forwarded": SECRET}}).encode(),
    "error": json.dumps(FEATHERS).encode(),
    "error with escaped slashes": json.dumps(FEATHERS).replace("/", "\\/").encode(),
    "long before": b"x" * 150 + SECRET.encode() + b"x" * 500,
    "cut through": b"x" * 195 + SECRET.encode() + b"x" * 500,
}


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 407, 429, 502])
@pytest.mark.parametrize("body", ECHOES.values(), ids=ECHOES)
async def test_an_echo_of_the_token_is_taken_out(
    sandbox: Sandbox, once: AsyncVidesk, status: int, body: bytes
) -> None:
    """A proxy's page may quote the request: in the body, a header, the place to go to."""
    headers = {
        "X-Echo": LINE,
        "X-Request-Id": SECRET,
        "Location": f"https://elsewhere.example/{SECRET}",
        "Retry-After": SECRET,
    }
    sandbox.faults.answer(status, headers=headers, body=body)
    with pytest.raises((APIError, ResponseError)) as caught:
        await once.rooms.list()
    told = everything_told_by(caught.value)
    assert SECRET not in told
    # Nor the beginning of one that a cut went through.
    assert SECRET[:9] not in told


async def test_the_rest_of_an_echo_stays(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """What was taken out is marked, and what helps to find the proxy is kept."""
    sandbox.faults.answer(
        502, headers={"X-Echo": LINE, "Via": "1.1 gate"}, body=f"<p>gate 7: {LINE}</p>".encode()
    )
    with pytest.raises(APIError) as caught:
        await once.rooms.list()
    assert caught.value.headers["via"] == "1.1 gate"
    assert caught.value.headers["x-echo"] == "Authorization: Bearer [removed]"
    assert caught.value.message == "gate 7: Authorization: Bearer [removed]"


async def test_a_token_of_a_few_letters_is_no_echo(sandbox: Sandbox) -> None:
    """It stands in most answers, which would be garbled without it."""
    sandbox.faults.answer(200, body=b'{"total": 0, "limit": 10, "skip": 0, "data": []}')
    async with AsyncVidesk("t", base_url=sandbox.url) as videsk:
        assert (await videsk.rooms.list()).total == 0


@pytest.mark.parametrize(
    "line", [SECRET, f"HTTP/1.1 200 {SECRET}\r\nbad header {SECRET}", f"HTTP/1.1 2{SECRET}"]
)
async def test_an_echo_that_is_no_http_is_not_told(
    sandbox: Sandbox, once: AsyncVidesk, line: str
) -> None:
    """The line that could not be read is quoted by aiohttp, and so by this error."""
    sandbox.faults.garbage_line(f"{line}\r\n\r\n".encode())
    with pytest.raises(VideskError) as caught:
        await once.rooms.list()
    assert SECRET not in everything_told_by(caught.value)


# -- everywhere else ------------------------------------------------------------------------------


async def _ask_awaitably() -> str:
    await asyncio.sleep(0)
    return SECRET


@pytest.mark.parametrize(
    "api_token", [SECRET, lambda: SECRET, _ask_awaitably], ids=["given", "asked", "awaited"]
)
async def test_no_log_tells_the_token(
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    api_token: str | Callable[[], str | Awaitable[str]],
) -> None:
    """Everything at DEBUG, asyncio in its debug mode, over all ways of failing."""
    caplog.set_level(logging.DEBUG)
    for name in ("asyncio", "aiohttp", "aiohttp.client", "videsk_rooms"):
        caplog.set_level(logging.DEBUG, logger=name)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0  # each step of each task is logged with its repr
    async with AsyncVidesk(
        api_token, base_url=sandbox.url, retry=Retry(attempts=1), rate_limit=None, timeout=1.0
    ) as videsk:
        room = await videsk.rooms.create(name="Support")
        await videsk.rooms.join(room)
        for name, fail in FAILURES.items():
            if name not in {"late", "too long", "refused connection", "403"}:
                fail(sandbox)
                await asyncio.gather(videsk.rooms.list(), return_exceptions=True)
                sandbox.faults.clear()
    loop.set_debug(False)
    assert "asyncio" in {record.name for record in caplog.records}
    assert SECRET not in caplog.text
    assert SECRET not in "".join(repr(vars(record)) for record in caplog.records)


@pytest.mark.parametrize("make", [AsyncVidesk, Videsk])
async def test_no_repr_tells_the_token(make: type[AsyncVidesk | Videsk]) -> None:
    """Neither a client's nor that of anything it holds."""
    client = make(SECRET, rate_limit=None)
    seen: set[int] = set()
    held: list[Any] = [client]
    secrets: list[Secret] = []
    while held:
        thing = held.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        assert SECRET not in repr(thing)
        if type(thing) is Secret:
            secrets.append(thing)
        elif type(thing).__module__.startswith("videsk_rooms"):
            held += _attributes(thing)
    assert secrets
    assert str(client) == repr(client)


def _attributes(thing: object) -> list[Any]:
    """Return what it holds, in slots too."""
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    named = {*slots, *getattr(thing, "__dict__", {})}
    return [getattr(thing, name) for name in named if hasattr(thing, name)]


def test_no_pickle_of_a_client_tells_the_token() -> None:
    """Neither the client's nor, should anything lead there, that of what it holds."""
    client = Videsk(SECRET)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert SECRET.encode() not in pickle.dumps(client, protocol)
    for thing in (inside.settings(client).source, inside.sender(client), client.rooms):
        with pytest.raises(TypeError):
            pickle.dumps(thing)


async def test_no_url_tells_the_token(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """It travels in its header and nowhere else."""
    room = await once.rooms.create(name="Support")
    await once.rooms.get(room)
    await once.rooms.list(sort="-created_at")
    for request in sandbox.requests:
        told = (request.path, request.query, request.body, dict(request.headers))
        assert repr(told).count(SECRET) == 1
        assert request.headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("argument", ["room", "query", "name"])
async def test_a_token_passed_in_the_wrong_place_is_not_shown(
    once: AsyncVidesk, argument: str
) -> None:
    """What looks like a token is not quoted by a refusal either."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiI0NzExIn0.c2lnbmF0dXJl"
    calls: dict[str, Callable[[], Any]] = {
        "room": lambda: once.rooms.get(f"{token}/"),
        "query": lambda: once.request("GET", "/vpaas/rooms", query={"token": {token}}),
        "name": lambda: once.rooms.create(name=[token]),  # type: ignore[arg-type]  # wrong on purpose
    }
    with pytest.raises(ValueError, match=argument) as caught:
        await calls[argument]()
    assert token[:20] not in everything_told_by(caught.value)


def test_a_refused_token_is_not_in_the_traceback() -> None:
    """Python prints the line of code of each frame, and no values."""
    token = f"{SECRET} with a space"
    with pytest.raises(ConfigurationError) as caught:
        AsyncVidesk(token)
    assert SECRET not in everything_told_by(caught.value)


def variables_of(error: BaseException) -> str:
    """Return what those who report errors with all variables see of ours."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [each for each in frames if each.f_globals["__name__"].startswith("videsk_rooms.")]
    assert ours
    return repr([each.f_locals for each in ours])


@pytest.mark.parametrize("returned", [f"Bearer {SECRET}", f"{SECRET} ü", SECRET.encode()])
@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "awaited"])
async def test_a_refused_token_of_a_callable_is_in_no_variable(
    sandbox: Sandbox, awaited: bool, returned: Any
) -> None:
    """It is the token but for a slip, and is refused in the middle of a call."""

    async def fetch() -> Any:
        return returned

    async with AsyncVidesk(fetch if awaited else lambda: returned, base_url=sandbox.url) as videsk:
        with pytest.raises(ConfigurationError, match="callable") as caught:
            await videsk.rooms.list()
    assert SECRET not in variables_of(caught.value)


async def test_a_refused_token_of_a_file_is_in_no_variable(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read before each request."""
    path = tmp_path / "token"
    path.write_text(SECRET, encoding="utf-8")
    monkeypatch.setenv("VIDESK_API_TOKEN_FILE", str(path))
    async with AsyncVidesk(base_url=sandbox.url) as videsk:
        path.write_text(f"Bearer {SECRET}", encoding="utf-8")
        with pytest.raises(ConfigurationError, match="Bearer") as caught:
            await videsk.rooms.list()
    assert SECRET not in variables_of(caught.value)
