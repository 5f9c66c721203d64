"""The behaviours, as a table: status, headers, body, framing, timing; each alone, and mixed."""

from __future__ import annotations

import gzip
import itertools
import random
import zlib
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tests.support import TOKEN, as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BEHAVIOURS = 900

Body: TypeAlias = "Callable[[bytes], bytes]"
Framing: TypeAlias = "Callable[[str, list[str], bytes], bytes]"


class Behaviour(NamedTuple):
    """One way of answering; each field names an entry of the tables below."""

    status: str = "200 OK"
    headers: str = "none"
    body: str = "right"
    framing: str = "length"
    timing: str = "at once"

    @property
    def is_late(self) -> bool:
        """Whether bytes come when the answer is over: the next request must not be sent yet."""
        return self.timing.startswith("later")

    def __str__(self) -> str:
        usual = Behaviour()
        return ", ".join(
            f"{name}: {value}"
            for name, value in self._asdict().items()
            if value != getattr(usual, name)
        )


STATUSES = [
    *("200 OK", "201 Created", "202 Accepted", "204 No Content", "206 Partial Content"),
    *(
        "304 Not Modified",
        "101 Switching Protocols",
        "300 Multiple Choices",
        "301 Moved",
        "302 Found",
    ),
    *("303 See Other", "307 Temporary Redirect", "308 Permanent Redirect", "400 Bad Request"),
    *("401 Unauthorized", "402 Payment Required", "403 Forbidden", "404 Not Found", "405 No"),
    *(
        "407 Proxy Authentication Required",
        "408 Timeout",
        "409 Conflict",
        "410 Gone",
        "413 Too Large",
    ),
    *("418 Teapot", "422 Unprocessable", "425 Too Early", "429 Too Many Requests"),
    *("500 Internal Server Error", "501 Not Implemented", "502 Bad Gateway", "503 Unavailable"),
    *("511 Network Authentication Required", "520 Unknown", "521 Down", "530 Frozen"),
    *("599 Timeout", "600 Beyond", "999 Denied", "000 Nothing", "099 Less", "20 Two", "2000 Four"),
    *("-1 Negative", "abc Letters", "", "200", "200 ", "200 \x00", "200 " + "x" * 9000),
]

HEADERS: dict[str, list[str]] = {
    "none": [],
    "Retry-After garbage": ["Retry-After: soon"],
    "Retry-After for ever": ["Retry-After: 1e309"],
    "Retry-After negative": ["Retry-After: -5"],
    "Retry-After long": ["Retry-After: " + "9" * 5000],
    "Retry-After in other digits": ["Retry-After: \u0663"],
    "Retry-After beyond dates": ["Retry-After: Fri, 31 Dec 99999 23:59:59 GMT"],
    "Retry-After twice": ["Retry-After: 1", "Retry-After: 0"],
    "Ratelimit garbage": [
        "Ratelimit-Limit: many",
        "Ratelimit-Reset: nan",
        "Ratelimit-Policy: ;;w=",
    ],
    "Ratelimit extreme": [
        "Ratelimit-Limit: -20",
        "Ratelimit-Reset: 1e400",
        "Ratelimit-Remaining: x",
    ],
    "Ratelimit long": ["Ratelimit-Limit: " + "9" * 5000, "Ratelimit-Policy: 0;w=0"],
    "Date garbage": ["Date: Thu, 99 Foo 0000 99:99:99"],
    "a long header": ["X-Long: " + "x" * 9000],
    "many headers": [f"X-Many-{number}: x" for number in range(300)],
    "folded": ["X-Folded: one", " two", "\tthree"],
    "NUL": ["X-Nul: a\x00b"],
    "control characters": ["X-Control: \x01\x1b[31m"],
    "a bare CR": ["X-Bare: a\rb"],
    "no colon": ["X-No-Colon"],
    "no name": [": x"],
    "a space before the colon": ["X-Space : x"],
    "not ASCII": ["X-Latin: \xe9\xff", "X-Name\xe9: x"],
    "Location itself": ["Location: "],
    "Location elsewhere": ["Location: http://127.0.0.1:1/vpaas/rooms"],
    "Location garbage": ["Location: http://[::1"],
    "charset unknown": ["Content-Type: application/json; charset=klingon"],
    "charset UTF-16": ["Content-Type: application/json; charset=utf-16"],
    "charset garbage": ['Content-Type: application/json; charset="\\', "Content-Type: ;;;"],
    "HTML": ["Content-Type: text/html", "CF-RAY: 8a1b2c3d4e5f-SCL"],
    "encoding gzip": ["Content-Encoding: gzip"],
    "encoding deflate": ["Content-Encoding: deflate"],
    "encoding br": ["Content-Encoding: br"],
    "encoding zstd": ["Content-Encoding: zstd"],
    "encoding unknown": ["Content-Encoding: rot13"],
    "encodings": ["Content-Encoding: gzip, gzip, br"],
    "cookies": [f"Set-Cookie: c{number}=1; Path=/" for number in range(90)],
    "cookie garbage": ["Set-Cookie: \x7f=;;;=; expires=never"],
    "upgrade": ["Connection: upgrade", "Upgrade: websocket"],
    "close": ["Connection: close"],
    "keep-alive garbage": ["Connection: keep-alive, close, x", "Keep-Alive: timeout=1e9"],
    "the token": [f"X-Echo: Bearer {TOKEN}", f"WWW-Authenticate: Bearer {TOKEN}"],
    "request ids": ["X-Request-Id: " + "r" * 4000, "X-Request-Id: two"],
}


def _deep(_: bytes) -> bytes:
    return b'{"id":' * 100_000 + b"1" + b"}" * 100_000


def _error(errors: object, **more: object) -> Body:
    error = {"name": "BadRequest", "message": "no", "code": 400, "className": "bad-request"}
    body = as_json({**error, "errors": errors, **more})
    return lambda _: body


_BOMB = gzip.compress(b" " * (64 << 20), 9)
_DEFLATED_BOMB = zlib.compress(b"[" * (64 << 20), 9)
_LONG = b'{"name": "' + b"x" * (11 << 20) + b'"}'
_DATA = b'{"total":1,"limit":1,"skip":0,"data":'
_WIDE = b"[" + b"{}," * 200_000 + b"{}]"

BODIES: dict[str, Body] = {
    "right": lambda right: right,
    "empty": lambda _: b"",
    "null": lambda _: b"null",
    "a list": lambda _: b"[]",
    "a string": lambda _: b'"room"',
    "a number": lambda _: b"-0.0",
    "an object": lambda _: b"{}",
    "cut off": lambda right: right[: len(right) // 2],
    "twice": lambda right: right + right,
    "with a BOM": lambda right: b"\xef\xbb\xbf" + right,
    "UTF-16": lambda right: right.decode().encode("utf-16"),
    "not UTF-8": lambda right: right.replace(b"oom", b"\xff\xfe\x80"),
    "NULs": lambda _: b"\x00" * 2000,
    "deep": _deep,
    "deep list": lambda _: b"[" * 500_000,
    "deep data": lambda _: (
        b'{"total":1,"limit":1,"skip":0,"data":' + b"[" * 900 + b"]" * 900 + b"}"
    ),
    "wide": lambda _: _WIDE,
    "wide data": lambda _: b'{"total":1,"limit":1,"skip":0,"data":' + _WIDE + b"}",
    "a long number": lambda _: b'{"total":' + b"9" * 5000 + b"}",
    "odd numbers": lambda _: b'{"total":NaN,"limit":Infinity,"skip":1e999,"data":[]}',
    "negative numbers": lambda _: b'{"total":-1,"limit":-100,"skip":-5,"data":[]}',
    "lone surrogates": lambda _: b'{"id":"\\ud800","name":"\\udfff\\ud800"}',
    "the same key": lambda right: b'{"id":1,' + right[1:].replace(b'"id"', b'"id":2,"id"'),
    "wrong types": lambda _: b'{"id":5,"name":{},"exp":[],"nbf":true,"authorizations":{"ip":1}}',
    "wrong times": lambda right: right.replace(b"2099-01-01T", b"99999-99-99T"),
    "an id that is a path": lambda _: b'{"id":"../../x?a=b#c","accessToken":"\\u0000"}',
    "an id that is long": lambda _: b'{"id":"' + b"f" * 100_000 + b'"}',
    "spaces": lambda right: b" " * (1 << 20) + right,
    "too long": lambda _: _LONG,
    "a page": lambda _: b"<!DOCTYPE html><title>Attention Required!</title>" + b"<p>" * 5000,
    "a page of entities": lambda _: b"<p>&#" + b"9" * 5000 + b";&#x110000;&bogus;" + b"&" * 100_000,
    "a page of brackets": lambda _: b"<" * 300_000,
    "an error": _error({}),
    "an error with a list": _error([{"message": "x"}] * 1000),
    "an error of errors": _error({str(number): {"message": "x" * 100} for number in range(5000)}),
    "an error of types": _error(5, name=[], message={"a": 1}, className=None),
    "an error that is long": _error({}, message="m" * 500_000),
    "an error with the token": _error({"Authorization": TOKEN}, message=f"Bearer {TOKEN} refused"),
    "an error of lines": _error({}, message="a\r\nb\x1b[31m\x00\u202e" * 100),
    "a bomb": lambda _: _BOMB,
    "a deflated bomb": lambda _: _DEFLATED_BOMB,
    "gzip": gzip.compress,
    "gzip cut off": lambda right: gzip.compress(right)[:-9],
    "gzip and rubbish": lambda right: gzip.compress(right) + b"rubbish",
    "gzip in gzip": lambda right: gzip.compress(gzip.compress(right)),
}
# A bomb is one only where it is unpacked.
PACKED = {
    **dict.fromkeys(("a bomb", "gzip", "gzip cut off", "gzip and rubbish"), "encoding gzip"),
    "gzip in gzip": "encodings",
    "a deflated bomb": "encoding deflate",
}


def _head(status: str, headers: list[str], version: str = "HTTP/1.1", end: str = "\r\n") -> bytes:
    lines = [f"{version} {status}", *headers]
    return (end.join(lines) + end + end).encode("utf-8", "surrogateescape")


def _with(*more: str, version: str = "HTTP/1.1", end: str = "\r\n", after: bytes = b"") -> Framing:
    """Write headers for the framing; `{n}` is the length of the body."""

    def frame(status: str, headers: list[str], body: bytes) -> bytes:
        framing = [
            line.format(n=len(body), less=max(len(body) - 1, 0), more=len(body) + 7)
            for line in more
        ]
        return _head(status, [*headers, *framing], version, end) + body + after

    return frame


def _chunked(
    *more: str, size: str = "{n:x}", between: int = 0, end: bytes = b"0\r\n\r\n"
) -> Framing:
    """Write chunks of so many bytes, or one of all."""

    def frame(status: str, headers: list[str], body: bytes) -> bytes:
        step = between or max(len(body), 1)
        parts = [body[start : start + step] for start in range(0, len(body), step)][:20_000]
        chunks = (size.format(n=len(part)).encode() + b"\r\n" + part + b"\r\n" for part in parts)
        return (
            _head(status, [*headers, "Transfer-Encoding: chunked", *more]) + b"".join(chunks) + end
        )

    return frame


def _around(frame: Framing, change: Callable[[bytes], bytes]) -> Framing:
    return lambda status, headers, body: change(frame(status, headers, body))


LENGTH = _with("Content-Length: {n}")
FRAMINGS: dict[str, Framing] = {
    "length": LENGTH,
    "length and close": _with("Content-Length: {n}", "Connection: close"),
    "a byte too few told": _with("Content-Length: {less}"),
    "bytes too many told": _with("Content-Length: {more}"),
    "no length": _with(),
    "no length, closed": _with("Connection: close"),
    "length nought": _with("Content-Length: 0"),
    "two lengths": _with("Content-Length: {n}", "Content-Length: {more}"),
    "the same length twice": _with("Content-Length: {n}", "Content-Length: {n}"),
    "lengths in a list": _with("Content-Length: {n}, {n}"),
    "negative length": _with("Content-Length: -{n}"),
    "signed length": _with("Content-Length: +{n}"),
    "hexadecimal length": _with("Content-Length: 0x{n:x}"),
    "enormous length": _with("Content-Length: " + "9" * 30),
    "empty length": _with("Content-Length:"),
    "length in letters": _with("Content-Length: all"),
    "chunked": _chunked(),
    "chunks of a byte": _chunked(between=1),
    "chunks of seven bytes": _chunked(between=7),
    "chunked and length": _chunked("Content-Length: 5"),
    "chunked, bad size": _chunked(size="zz"),
    "chunked, negative size": _chunked(size="-{n:x}"),
    "chunked, enormous size": _chunked(size="f" * 20),
    "chunked, size too small": _chunked(size="1"),
    "chunked without an end": _chunked(end=b""),
    "chunked and rubbish": _chunked(end=b"0\r\n\r\nrubbish"),
    "chunked, extension": _chunked(size="{n:x};" + "e" * 30_000),
    "chunked, trailers": _chunked(end=b"0\r\n" + b"X-Trailer: x\r\n" * 500 + b"\r\n"),
    "chunked twice": _chunked("Transfer-Encoding: chunked"),
    "gzip, chunked": _with("Transfer-Encoding: gzip, chunked"),
    "an encoding nobody knows": _with("Transfer-Encoding: cow"),
    "HTTP/1.0": _with("Content-Length: {n}", version="HTTP/1.0"),
    "HTTP/1.0 kept alive": _with(
        "Content-Length: {n}", "Connection: keep-alive", version="HTTP/1.0"
    ),
    "HTTP/0.9": lambda _, __, body: body,
    "HTTP/2": lambda _, __, ___: b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18,
    "HTTP/9.9": _with("Content-Length: {n}", version="HTTP/9.9"),
    "HTTP in lower case": _with("Content-Length: {n}", version="http/1.1"),
    "another protocol": _with("Content-Length: {n}", version="ICY"),
    "LF alone": _with("Content-Length: {n}", end="\n"),
    "CR alone": _with("Content-Length: {n}", end="\r"),
    "empty lines first": _around(LENGTH, lambda answer: b"\r\n\r\n" + answer),
    "rubbish first": _around(LENGTH, lambda answer: b"rubbish\r\n" + answer),
    "TLS": lambda _, __, ___: b"\x15\x03\x03\x00\x02\x02\x28" * 3,
    "SSH": lambda _, __, ___: b"SSH-2.0-OpenSSH_9.6\r\n",
    "rubbish after": _with("Content-Length: {n}", after=b"rubbish"),
    "twice": _around(LENGTH, lambda answer: answer * 2),
    "once and a half": _around(LENGTH, lambda answer: answer + answer[:30]),
    "another after": _with(
        "Content-Length: {n}", after=b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}"
    ),
    "100 first": _around(LENGTH, lambda answer: b"HTTP/1.1 100 Continue\r\n\r\n" + answer),
    "102 first": _around(LENGTH, lambda answer: b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + answer),
    "103 first": _around(
        LENGTH, lambda answer: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer
    ),
    "100 and twice": _around(LENGTH, lambda answer: b"HTTP/1.1 100 Continue\r\n\r\n" + answer * 2),
    "only 100": lambda _, __, ___: b"HTTP/1.1 100 Continue\r\n\r\n",
    "a flood of 100": lambda _, __, ___: b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000,
    "a flood of 103": lambda _, __, ___: b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n" * 20_000,
    "a flood of headers": lambda _, __, ___: b"HTTP/1.1 200 OK\r\n" + b"X-More: x\r\n" * 50_000,
    "a flood of lines": lambda _, __, ___: b"\r\n" * 300_000,
}

# How the bytes are sent: see `server.py`.
TIMINGS = [
    *("at once", "byte by byte", "in halves", "late", "dripping", "never", "head alone"),
    *("closed at 0", "closed at 1", "closed at 9", "closed at 16", "closed at 40", "closed at -30"),
    *("closed at -1", "reset at 0", "reset at 1", "reset at 40", "reset at -1", "closed after"),
    *("reset after", "half closed", "endless", "later once more", "later half", "later closed"),
    *("later reset", "later an interim answer", "later rubbish"),
]

_AXES = (STATUSES, list(HEADERS), list(BODIES), list(FRAMINGS), TIMINGS)


def _table() -> Iterator[Behaviour]:
    usual = Behaviour()
    for axis, values in enumerate(_AXES):
        for value in values:
            yield _unpacked(Behaviour._make((*usual[:axis], value, *usual[axis + 1 :])))
    # The same mixture in every run.
    chance = random.Random(20)
    while True:
        # Most are sent in full, or what the other columns say would hardly be seen.
        timing = "at once" if chance.random() < 0.6 else chance.choice(TIMINGS)
        status, headers, body, framing = (chance.choice(values) for values in _AXES[:-1])
        mixed = [status, headers, body, framing]
        for column in chance.sample(range(4), chance.randint(0, 2)):
            mixed[column] = usual[column]
        yield _unpacked(Behaviour._make((*mixed, timing)))


def _unpacked(behaviour: Behaviour) -> Behaviour:
    return behaviour._replace(headers=PACKED.get(behaviour.body, behaviour.headers))


def _different(behaviours: Iterator[Behaviour]) -> Iterator[Behaviour]:
    seen: set[Behaviour] = set()
    for behaviour in behaviours:
        if behaviour not in seen:
            seen.add(behaviour)
            yield behaviour


TABLE = tuple(itertools.islice(_different(_table()), BEHAVIOURS))


def written(behaviour: Behaviour, right: bytes) -> bytes:
    """Write the answer of a behaviour, where a server that means well would say what is right."""
    body = BODIES[behaviour.body](right)
    return FRAMINGS[behaviour.framing](behaviour.status, HEADERS[behaviour.headers], body)
