"""Whatever a server sends, a caller gets an error of this package, and nothing of it runs wild."""

from __future__ import annotations

import json
import logging
import pickle
from contextvars import copy_context
from time import thread_time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import inside
from tests.peers import serving
from tests.strategies import json_values, texts
from tests.support import API, TOKEN, feathers
from videsk_rooms import (
    APIError,
    AsyncVidesk,
    AttemptEvent,
    BadRequestError,
    Headers,
    Hooks,
    ResponseError,
    Retry,
    ServerError,
    VideskError,
)
from videsk_rooms._http.retry_policy import result_from_status
from videsk_rooms._quoting import Secret, sent_with
from videsk_rooms._wire import decode, operations
from videsk_rooms._wire.message import RawResponse, Request
from videsk_rooms.errors import plain_text

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from videsk_rooms.sandbox import Sandbox

ID = "64f1a2b3c4d5e6f7a8b9c0d1"
SECRET = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJvd24ifQ.b3duLXNpZ25hdHVyZQ"
ANSI = "\x1b[2J\x1b[31mall is well\x1b[0m\u202e\u2028\r\nvidesk_rooms: forged"

READERS: dict[str, tuple[Request, Callable[[Any], object]]] = {
    "create": (
        operations.create(name=None, external_id=None, exp=None, nbf=None, settings=None),
        decode.room,
    ),
    "get": (operations.get(ID)[0], decode.room),
    "list": (
        operations.listing(limit=None, skip=None, sort=None, ended=None, external_id=None)[0],
        decode.page,
    ),
    "delete": (operations.delete(ID)[0], decode.nothing),
    "join": (operations.join(ID)[0], decode.access),
    "stats": (operations.stats(ID, view="report")[0], lambda r: decode.stats(r, "report")),
    "request": (
        operations.any_request("GET", "/vpaas/rooms", query=None, json=None)[0],
        lambda response: response.json(),
    ),
}


def read(name: str, status: int, headers: dict[str, str], body: bytes) -> object:
    """Read an answer as a call does it, or return the error that the call raises."""
    request, reader = READERS[name]
    answer = RawResponse(status, Headers(headers), body, f"{API}{request.path}")
    result_from_status(status, answer.headers)
    return inside.read_as_a_call(request, answer, reader)


# -- whatever it is ------------------------------------------------------------------------------

statuses = st.integers(100, 599) | st.sampled_from(
    [200, 201, 302, 400, 401, 403, 404, 409, 429, 503]
)
header_values = st.text(st.characters(exclude_characters="\r\n")) | st.sampled_from(
    [ANSI.replace("\r\n", ""), "9" * 5_000, "-1", "nan", "1e999",
     "Wed, 99 Foo 99999 99:99:99 +9999",
     "Wed, 21 Oct 2015 07:28:00 -2359", "http://[::1", "\udcff", SECRET, "٣", ""]
)  # fmt: skip
headers = st.dictionaries(
    st.sampled_from(["date", "location", "retry-after", "ratelimit-reset", "x-request-id", "cf-ray",
                     "content-type", "x-any"]),
    header_values,
)  # fmt: skip
pages = st.lists(
    st.sampled_from(
        ["<title>", "</title>", "<script>", "</script>", "<", ">", "&#", "&#x", "&amp;",
         "9" * 5_000,
         "f" * 5_000, ";", "&#38;#", SECRET, ANSI, "%", "\\u", "\\ud800", "{", "[", '"', "Bearer "]
    ) | texts
).map("".join)  # fmt: skip
errors_of_the_api = st.fixed_dictionaries(
    {},
    optional={
        name: json_values() | st.just(SECRET) | st.just(ANSI)
        for name in ("name", "message", "code", "className", "errors", SECRET)
    },
).map(lambda value: json.dumps(value).encode())
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-7"])
bodies = (
    st.binary()
    | st.builds(lambda page, name: page.encode(name, "replace"), pages, encodings)
    | errors_of_the_api
    | json_values().map(lambda value: json.dumps(value).encode())
    | st.integers(1, 2_000).map(lambda depth: b"[" * depth + b"]" * depth)
    | st.just(b'{"message":"\\ud800"}')
)


@given(st.sampled_from(sorted(READERS)), statuses, headers, bodies)
def test_no_answer_brings_anything_but_a_value_or_an_error_of_ours(
    name: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Which is one short printable line, can be pickled, and holds no token."""

    def run() -> object:
        sent_with.set(Secret(SECRET))
        return read(name, status, headers, body)

    found = copy_context().run(run)
    if not isinstance(found, VideskError):
        assert 200 <= status < 300
        return
    assert isinstance(found, APIError if status >= 400 else ResponseError)
    assert str(found).isprintable()
    assert len(str(found)) < 2_500
    pickle.loads(pickle.dumps(found))
    told = f"{found} {found!r} {vars(found)}"
    assert SECRET not in told
    for attribute in ("message", "name", "class_name", "request_id", "body_start", "path", "url"):
        value = getattr(found, attribute, None)
        assert value is None or (value.isprintable() and len(value) <= 1_300)


@pytest.mark.parametrize(
    "kind", [ValueError, RecursionError, KeyError, AssertionError, MemoryError]
)
async def test_a_fault_of_a_reader_is_an_error_of_the_answer(
    sandbox: Sandbox, once: AsyncVidesk, kind: type[Exception]
) -> None:
    """It names the kind alone: its text may quote what was read, tokens included."""

    def fail(_: object) -> object:
        raise kind(SECRET)

    with pytest.raises(ResponseError, match=rf"cannot be read \({kind.__name__}\)") as caught:
        await inside.sender(once)(READERS["list"][0], fail)
    error = caught.value
    assert SECRET not in f"{error} {vars(error)}"
    assert error.__cause__ is error.__context__ is None
    assert len(error.attempts) == 1


# -- pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [b"&#" + b"4" * 5_000 + b";", b"&#x" + b"4" * 5_000 + b";", b"<title>&#" + b"9" * 60_000],
    ids=["decimal", "hexadecimal", "title"],
)
async def test_a_page_with_a_number_of_thousands_of_digits_is_an_error_like_any(
    sandbox: Sandbox, once: AsyncVidesk, page: bytes
) -> None:
    """Python's own reader of HTML raises ValueError for it."""
    sandbox.faults.answer(502, body=page)
    with pytest.raises(ServerError) as caught:
        await once.rooms.list()
    assert caught.value.message


async def test_such_a_page_ends_no_other_call(sandbox: Sandbox, once: AsyncVidesk) -> None:
    """Each of many has its own outcome."""
    sandbox.faults.answer(502, body=b"&#" + b"4" * 5_000 + b";", on="create")
    outcomes = [each async for each in once.rooms.create_many([{}, {}, {}], concurrency=1)]
    assert sorted(type(each.error).__name__ for each in outcomes) == [
        "NoneType",
        "NoneType",
        "ServerError",
    ]


# -- lines that are forged -----------------------------------------------------------------------


async def answering(head: bytes, body: bytes) -> Callable[[Any, Any], Any]:
    """Return a conversation that answers every request with these bytes."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    return converse


REASON = "HTTP/1.1 400 \x1b[31mred\u202e\r\n".encode()
RAY = b"cf-ray: \x1b[2J\xff\xfe" + b"r" * 3_000 + b"\r\n"
MESSAGES: dict[str, bytes] = {
    "error": REASON + RAY,
    "page": b"HTTP/1.1 502 \x1b[31m\r\n" + RAY,
    "no JSON": b"HTTP/1.1 200 \x1b[31m\r\nx-request-id: \xe2\x80\xae\x1b]0;title\x07\r\n",
    "redirect": b"HTTP/1.1 302 x\r\nLocation: http://h/\x1b[31m\xe2\x80\xae%s\r\n" % (b"l" * 3_000)
    + RAY,
    "no HTTP": b"\x1b[31mSSH-2.0-\xe2\x80\xae\xff" + b"s" * 3_000 + b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("head", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize(
    "body", [feathers(400, f"Bad{ANSI}", ANSI, errors={ANSI: ANSI}), f"<p>{ANSI}".encode()]
)
async def test_nothing_of_an_answer_forges_a_line_anywhere(
    caplog: pytest.LogCaptureFixture, head: bytes, body: bytes
) -> None:
    """Texts, attributes, attempts, hooks and log: one printable line each, and bounded."""
    caplog.set_level(logging.DEBUG, "videsk_rooms")
    events: list[AttemptEvent] = []
    async with (
        serving(await answering(head, body)) as port,
        AsyncVidesk(
            TOKEN,
            base_url=f"http://127.0.0.1:{port}",
            retry=Retry(attempts=1),
            hooks=Hooks(on_attempt=events.append),
        ) as videsk,
    ):
        with pytest.raises(VideskError) as caught:
            await videsk.rooms.list()
    error: Any = caught.value
    words = [str(error), plain_text(error), repr(error), *caplog.messages]
    names = ("message", "name", "class_name", "request_id", "body_start", "url")
    words += [getattr(error, name, None) or "" for name in names]
    words += [*dict(getattr(error, "headers", {})).values(), repr(getattr(error, "errors", ""))]
    for attempt in (*error.attempts, *(event.attempt for event in events)):
        words += [attempt.error or "", attempt.request_id or ""]
        assert len(attempt.request_id or "") <= 100
        assert len(attempt.error or "") < 350
    assert [each for each in words if not each.isprintable()] == []
    assert max(map(len, words)) < 1_500
    assert len(caplog.messages) == 1


async def test_a_token_in_a_path_is_in_no_log_and_no_event(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """It is pasted in place of an id."""
    caplog.set_level(logging.DEBUG, "videsk_rooms")
    events: list[AttemptEvent] = []
    hooks = Hooks(on_attempt=events.append)
    async with AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, retry=Retry(attempts=1), hooks=hooks
    ) as videsk:
        with pytest.raises(VideskError) as caught:
            await videsk.rooms.join(SECRET)
    told = f"{caplog.text} {events} {caught.value} {vars(caught.value)}"
    assert "eyJ" not in told
    assert events[0].path == "/vpaas/rooms/[removed]/join"


# -- echoes --------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(sign):04x}" for sign in text)


@pytest.mark.parametrize("status", [200, 400, 403, 502])
@pytest.mark.parametrize(
    "spell",
    [
        lambda token: feathers(400, "Bad", token, errors={"a": [{token: token}]}).decode(),
        lambda token: '{"message":"%s","errors":{"%s":["%s"]}}' % ((escaped(token),) * 3),
        lambda token: f"<p>{''.join(f'&#{ord(sign)};' for sign in token)}</p>",
        lambda token: f"<p>{token.replace('-', '%2D')}</p>",
        lambda token: f"<title>{token[:9]}\r\n   {token[9:]}</title>",
        lambda token: f"<p>{token[:9]}<wbr>{token[9:]}",
        lambda token: " " * 150 + token,
        lambda token: " " * 150 + escaped(token),
    ],
)
async def test_an_echo_of_the_own_token_is_removed_in_every_spelling(
    sandbox: Sandbox, status: int, spell: Callable[[str], str]
) -> None:
    """From texts and attributes, and also one that is no JWT."""
    token = "an-opaque-token-of-nobody-else"
    sandbox.faults.answer(status, body=spell(token).encode())
    async with AsyncVidesk(token, base_url=sandbox.url, retry=Retry(attempts=1)) as videsk:
        with pytest.raises((APIError, ResponseError)) as caught:
            await videsk.rooms.list()
    told = f"{caught.value} {vars(caught.value)}"
    assert "removed" in told
    for left in ("opaque", "6f\\u0070", "6f\\\\u0070", "&#111;", "an-o"):
        assert left not in told


# -- size ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit",
    [b"a", b"<", b"<title>", b"&#", b"&#9", b"&amp;", b"%41", b"\\", b"token", b'"token":"', b"eyJ",
     b"bearer ", b" ", b"\n", b"\0", b"\xff", b"[", b"{", b'{"errors":', b'"'],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 400, 502])
def test_10_mib_of_anything_hold_nobody_up(status: int, unit: bytes) -> None:
    """Of this layer: how long it takes to parse what is no error is another matter."""
    body = unit * (10 * 2**20 // len(unit))
    sent_with.set(Secret(SECRET))
    taken = []
    for _ in range(3):
        began = thread_time()
        assert isinstance(read("request", status, {}, body), VideskError)
        taken.append(thread_time() - began)
    assert min(taken) < 0.1


async def test_an_error_of_the_api_that_is_far_too_long_is_told_in_short(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """Every part of it, and with as much as anybody reads."""
    long = "no " * 2_000
    body = feathers(400, long, long, className=long, errors=[long] * 3)
    sandbox.faults.answer(400, body=body, headers={"X-Long": long})
    with pytest.raises(BadRequestError) as caught:
        await once.rooms.list()
    error = caught.value
    assert len(str(error)) < 1_500
    assert len(error.message) <= 300
    assert len(error.name or "") <= 100
    assert len(error.class_name or "") <= 100
    assert len(repr(error.errors)) < 4_000
    assert len(error.headers["x-long"]) <= 1_000
