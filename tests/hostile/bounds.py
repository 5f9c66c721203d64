"""What answers made to cost much do to a client: `python -m tests.hostile.bounds`.

Each answer is served by another process and read by a client of this one. Told are the longest
time for which the event loop is busy without a pause, and the most memory beyond the baseline,
for bodies of as many values and of as many bytes as are read.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import gzip
import subprocess
import sys
import tracemalloc
from contextlib import contextmanager
from functools import partial
from time import thread_time
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from tests.peers import read_request, serving, with_length
from videsk_rooms import AsyncVidesk, Retry, VideskError
from videsk_rooms._http.connection import BODY_LIMIT
from videsk_rooms._wire import json
from videsk_rooms._wire.json import MOST_VALUES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

MOST_STALL_MS = 100.0
MOST_MB = 60.0
ROOM_ID = "64f1a2b3c4d5e6f7a8b9c0d1"
_MEGABYTE = 1_000_000


# -- the answers ----------------------------------------------------------------------------------

_TIME = b'"2024-08-14T18:00:00.000Z"'
ELEMENTS: dict[str, bytes] = {
    "whole numbers": b"0",
    "decimal numbers": b"1.5",
    "numbers of 25 digits": b"9" * 25,
    "empty strings": b'""',
    "4-byte characters": '"\N{GRINNING FACE}"'.encode(),
    "escaped characters": b'"\\u00e9"',
    "lists": b"[]",
    "lists of one": b"[0]",
    "objects": b"{}",
    "objects of one": b'{"":0}',
    "nested lists": b"[" * 400 + b"]" * 400,
    "nested objects": b'{"":' * 400 + b"0" + b"}" * 400,
    "rooms": b'{"id":""}',
    "rooms with times": b'{"id":"","exp":%b,"nbf":%b,"createdAt":%b}' % (_TIME, _TIME, _TIME),
    "rooms with wrong times": b'{"id":"","exp":"2024-08-14T18:00:00.%b"}' % (b"0" * 5000),
    "authorizations": b'{"ip":"","createdAt":%b}' % _TIME,
}
"""What a list is filled with."""

PLACES: dict[str, tuple[str, bytes, bytes]] = {
    "data": ("list", b'{"total":1,"limit":1,"skip":0,"data":[', b"]}"),
    "authorizations": ("get", b'{"id":"a","authorizations":[', b"]}"),
    "settings": ("get", b'{"id":"a","settings":{"a":[', b"]}}"),
    "an unknown field": ("get", b'{"id":"a","more":[', b"]}"),
    "statistics": ("stats", b'{"a":[', b"]}"),
    "any answer": ("json", b"[", b"]"),
}
"""Where the list stands, and which call reads it."""


class RawResponse(NamedTuple):
    """A body, and the call that is given it."""

    call: str
    make: Callable[[], bytes]


def _list_of(element: bytes, place: str, *, values: int = BODY_LIMIT) -> bytes:
    _, opening, closing = PLACES[place]
    each = sum(element.count(sign) for sign in (b",", b"[", b"{")) + 1
    around = len(opening) + len(closing) + len(b",0")
    count = min((values - 20) // each, (BODY_LIMIT - around) // (len(element) + 1))
    # The last one is wrong in a list of rooms or authorizations: all others were read in vain.
    return opening + b",".join([*[element] * count, b"0"]) + closing


def _in_a_room(field: str, value: bytes, filler: bytes) -> bytes:
    """Make a room of which one field is as long as is read."""
    head = b'{"id":"a","%b":' % field.encode()
    count = (BODY_LIMIT - len(head) - len(value) - 1) // len(filler)
    return head + value.replace(b"*", filler * count, 1) + b"}"


def _keys(count: int) -> bytes:
    return b'{"id":"a",' + b",".join(b'"%x":0' % number for number in range(count)) + b"}"


def _token(claims: bytes) -> bytes:
    length = 48_000  # 64 kB when encoded, the most that is looked into
    filler = b"0," * ((length - len(claims)) // 2) if b"*" in claims else b""
    encoded = base64.urlsafe_b64encode(claims.replace(b"*", filler))
    return b'{"accessToken":"a.%b.b"}' % encoded


_FACE = "\N{GRINNING FACE}".encode()
WHOLE: dict[str, RawResponse] = {
    "a long name": RawResponse("get", lambda: _in_a_room("name", b'"*"', b"a")),
    "a long name of escapes": RawResponse(
        "get", lambda: _in_a_room("name", b'"*%b"' % _FACE, b"\\n")
    ),
    "a long name of escaped letters": RawResponse(
        "get", lambda: _in_a_room("name", b'"*%b"' % _FACE, b"\\u00e9")
    ),
    "a long name of half pairs": RawResponse("get", lambda: _in_a_room("name", b'"*"', b"\\ud83d")),
    "a long name, one 4-byte character": RawResponse(
        "get", lambda: _in_a_room("name", b'"*%b"' % _FACE, b"a")
    ),
    "a long number": RawResponse("get", lambda: _in_a_room("name", b"*", b"9")),
    "a long fraction": RawResponse("get", lambda: _in_a_room("name", b"0.*", b"9")),
    "a long exponent": RawResponse("get", lambda: _in_a_room("name", b"1e-*", b"9")),
    "a long time": RawResponse("get", lambda: _in_a_room("exp", b'"2024-08-14T18:00:00.*Z"', b"9")),
    "a long time of spaces": RawResponse("get", lambda: _in_a_room("exp", b'"*"', b" ")),
    "a long key": RawResponse("get", lambda: _in_a_room("name", b'{"*":0}', b"a")),
    "a long way down": RawResponse("get", lambda: _in_a_room("settings", b"*", b"[")),
    "many keys": RawResponse("get", lambda: _keys(MOST_VALUES - 20)),
    "more keys": RawResponse("get", lambda: _keys(BODY_LIMIT // 10)),
    "spaces": RawResponse("json", lambda: b" " * BODY_LIMIT),
    "no JSON": RawResponse("json", lambda: b"x" * BODY_LIMIT),
    "a token of dots": RawResponse(
        "join", lambda: b'{"accessToken":"%b"}' % (b"a." * (BODY_LIMIT // 2 - 20))
    ),
    "a token of many claims": RawResponse("join", lambda: _token(b'{"a":[*0]}')),
    "a token of deep claims": RawResponse("join", lambda: _token(b"[" * 48_000)),
    "a page of the firewall": RawResponse("json", lambda: b"<" * BODY_LIMIT),
    "a bomb": RawResponse("json", lambda: b" " * 50 * BODY_LIMIT),
    "a bomb of commas": RawResponse("list", lambda: b"," * 50 * BODY_LIMIT),
}
"""Bodies of one piece."""


def answers() -> dict[str, RawResponse]:
    """Name every answer, and what makes it."""
    found = dict(WHOLE)
    for place, (call, _, _) in PLACES.items():
        for name, element in ELEMENTS.items():
            few = partial(_list_of, element, place, values=MOST_VALUES)
            found[f"{name} in {place}"] = RawResponse(call, few)
            found[f"more {name} in {place}"] = RawResponse(call, partial(_list_of, element, place))
    return found


# -- the server -----------------------------------------------------------------------------------


async def serve() -> None:
    """Serve each answer, compressed, below the number that it has."""
    everything = list(answers().values())

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_request(reader)
        number = int(head.split(b"/", 2)[1])
        body = gzip.compress(everything[number].make(), 1)
        writer.write(with_length(body, "Content-Encoding: gzip"))
        await writer.drain()

    async with serving(converse) as port:
        print(port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextmanager
def another_process() -> Iterator[int]:
    """Serve the answers in another process; give its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.bounds", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield int(server.stdout.readline())
        server.stdin.close()


# -- the client -----------------------------------------------------------------------------------


class Cost(NamedTuple):
    """What one answer costs."""

    stall_ms: float
    megabytes: float
    outcome: str


CALLS: dict[str, Callable[[AsyncVidesk], Awaitable[object]]] = {
    "list": lambda videsk: videsk.rooms.list(),
    "get": lambda videsk: videsk.rooms.get(ROOM_ID),
    "join": lambda videsk: videsk.rooms.join(ROOM_ID),
    "stats": lambda videsk: videsk.rooms.stats(ROOM_ID),
}


async def _called(call: str, videsk: AsyncVidesk) -> str:
    try:
        if call == "json":
            (await videsk.request("GET", "/vpaas/rooms")).json()
        else:
            await CALLS[call](videsk)
    except VideskError as error:
        return type(error).__name__
    return "read"


class Stall:
    """Watches for how long a loop is busy between two of its turns, by the thread's own time.

    Not by the clock, which goes on while others have the processor.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = thread_time()
        self._handle = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        now = thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now
        self._handle = asyncio.get_running_loop().call_soon(self._turn)

    def stop(self) -> None:
        """Watch no longer."""
        self._handle.cancel()
        self.longest = max(self.longest, thread_time() - self._last)


async def cost_of(number: int, answer: RawResponse, port: int) -> Cost:
    """Have a client read an answer: once for the time, and once for the memory."""
    base_url = f"http://127.0.0.1:{port}/{number}"
    videsk = AsyncVidesk("t" * 40, base_url=base_url, retry=Retry(attempts=1), rate_limit=None)
    async with videsk:
        await _called("get", videsk.with_options(timeout=0.001))  # what the first call loads
        gc.collect()
        stall = Stall()
        await _called(answer.call, videsk)
        stall.stop()
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            outcome = await _called(answer.call, videsk)
            grown = tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
    return Cost(stall.longest * 1000, grown / _MEGABYTE, outcome)


@contextmanager
def reader(name: str) -> Iterator[None]:
    """Read JSON by orjson, or by the standard library."""
    import orjson

    read = {"orjson": orjson.loads, "json": json.standard_read}[name]
    with mock.patch.object(json, "_read", read):
        yield


READERS = ("orjson", "json")


async def _table(port: int, words: list[str]) -> None:
    print(f"{'answer':44} {'read by':8} {'stall ms':>8} {'MB':>6}  outcome")
    for number, (name, answer) in enumerate(answers().items()):
        if not all(word in name for word in words):
            continue
        for by in READERS:
            with reader(by):
                cost = await cost_of(number, answer, port)
            over = cost.stall_ms > MOST_STALL_MS or cost.megabytes > MOST_MB
            mark = " !" if over else ""
            print(
                f"{name:44} {by:8} {cost.stall_ms:8.1f} {cost.megabytes:6.1f}  {cost.outcome}{mark}"
            )


def main() -> None:
    """Serve, or print the table: of all answers, or of those with the given words in their name."""
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
        return
    with another_process() as port:
        asyncio.run(_table(port, sys.argv[1:]))


if __name__ == "__main__":
    main()
