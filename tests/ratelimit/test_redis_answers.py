"""Odd answers where a Redis should be: each leads to the fallback, with a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.peers import serving
from tests.ratelimit.asking import ask
from videsk_rooms._ratelimit.fallback_store import FallbackStore
from videsk_rooms._ratelimit.limit import Limit, ObservedLimit
from videsk_rooms._ratelimit.memory_store import MemoryStore
from videsk_rooms._ratelimit.redis_store import RedisStore

if TYPE_CHECKING:
    import asyncio

    from tests.peers import Conversation

LIMIT = Limit(4, 1.0)


def text(content: bytes | str) -> bytes:
    """Write a string as Redis does."""
    content = content.encode() if isinstance(content, str) else content
    return b"$%d\r\n%s\r\n" % (len(content), content)


STRINGS = [
    *("", "0", "1", "0.0", "0.5", "0.00000", "0.0000000", "00.000000", "-0.000000", "-1.000000"),
    *("10.000000", "99999.000000", "1" * 400, "1e3", "1e400", "nan", "-nan", "inf", "-inf", "0x0"),
    *(
        " 0.000000",
        "0.000000 ",
        "0.000000\n",
        "0,000000",
        "0_0.000000",
        "+0.000000",
        "\N{ARABIC-INDIC DIGIT ZERO}.000000",
    ),
    *("OK", "null", "true", "{}", "[0]", "\x00", "0.000000\x00"),
]
ANSWERS = [
    *(text(each) for each in STRINGS),
    text(b"\xff\xfe"),
    b"+OK\r\n",
    b"+\r\n",
    # Nothing, numbers and truth values, also those of the protocol's third version.
    *(
        b"$-1\r\n",
        b"*-1\r\n",
        b"_\r\n",
        b":0\r\n",
        b":1\r\n",
        b":-1\r\n",
        b":" + b"9" * 40 + b"\r\n",
    ),
    *(b",0\r\n", b",0.5\r\n", b",inf\r\n", b",nan\r\n", b"#t\r\n", b"#f\r\n", b"(0\r\n"),
    # Lists and maps.
    *(b"*0\r\n", b"*1\r\n" + text("0.000000"), b"*2\r\n:0\r\n:0\r\n", b"%0\r\n", b"~0\r\n"),
    b"*1\r\n" * 50 + text("0.000000"),
    b"*2\r\n$-1\r\n*1\r\n:0\r\n",
    # Errors.
    b"-\r\n",
    b"-ERR something\r\n",
    b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    b"-MOVED 1 127.0.0.1:1\r\n",
    b"-MOVED\r\n",
    b"-MOVED x y z\r\n",
    b"-ASK 1 127.0.0.1:1\r\n",
    b"-ASK\r\n",
    b"-LOADING Redis is loading the dataset in memory\r\n",
    b"-READONLY You can't write against a read only replica.\r\n",
    b"-NOSCRIPT No matching script. Please use EVAL.\r\n",
    b"-BUSY Redis is busy running a script.\r\n",
    b"-NOAUTH Authentication required.\r\n",
    b"-NOPERM this user has no permissions\r\n",
    b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    b"-CLUSTERDOWN The cluster is down\r\n",
    b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
    b"-MASTERDOWN Link with MASTER is down\r\n",
    b"-MISCONF Errors writing to the AOF file\r\n",
    b"-EXECABORT Transaction discarded\r\n",
    "-ERR \N{SNOWMAN}\r\n".encode(),
    b"-ERR \xff\xfe\r\n",
    # Another protocol.
    *(b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x00\x00\r\n", b"?\r\n", b"\r\n", b"\n\n\n"),
    *(b":many\r\n", b"$many\r\n", b"$-5\r\n", b"*many\r\n", b"*-7\r\n", b",x\r\n", b"#x\r\n"),
    # Half an answer, and then the end.
    *(b"", b"$", b"$8\r\n0.00", b"*2\r\n:1\r\n", b"-ERR", b":", text("0.000000")[:-1]),
]


def answering(answer: bytes, *, then_end: bool = True) -> Conversation:
    """Be a Redis until it comes to the script, and answer that."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            words = await command(reader)
            if words[0].upper() in {b"EVALSHA", b"EVAL"}:
                writer.write(answer)
                await writer.drain()
                if then_end:
                    return
            elif words[0].upper() == b"HELLO":
                writer.write(b"%1\r\n" + text("proto") + b":3\r\n")
            elif words[0].upper() == b"SCRIPT":
                writer.write(text("0" * 40))
            else:
                writer.write(b"+OK\r\n")

    return converse


async def command(reader: asyncio.StreamReader) -> list[bytes]:
    """Read a command."""
    count = int((await reader.readuntil(b"\r\n"))[1:])
    words = []
    for _ in range(count):
        length = int((await reader.readuntil(b"\r\n"))[1:])
        words.append((await reader.readexactly(length + 2))[:-2])
    return words


async def check_falls_back(port: int, caplog: pytest.LogCaptureFixture, query: str = "") -> None:
    """See that nothing is raised, and that the process limits itself."""
    redis = RedisStore(f"redis://:a-password@127.0.0.1:{port}/0{query}", lambda: "a-token")

    def clock() -> float:
        return 1000.0

    store = FallbackStore(redis, MemoryStore(clock), ObservedLimit(LIMIT), clock=clock)
    # A window must pass over what may have left by permits of the store.
    assert await store.apply(ask(1, LIMIT)) == pytest.approx((LIMIT.per + 0.05) / 2)
    await store.close()
    (warning,) = caplog.messages
    assert "out of reach (Redis: " in warning
    assert "a-password" not in warning


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda each: repr(each[:30]))
async def test_an_odd_answer_leads_to_the_fallback(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Never a raw exception, and never a permit."""
    async with serving(answering(answer)) as port:
        await check_falls_back(port, caplog)


@pytest.mark.parametrize("query", ["?protocol=2", "?protocol=3", "?decode_responses=true"])
@pytest.mark.parametrize("answer", [b"$-1\r\n", text("0"), text(b"\xff"), b"*0\r\n"], ids=repr)
async def test_however_the_client_of_redis_is_set_up(
    answer: bytes, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By what stands in the URL."""
    async with serving(answering(answer)) as port:
        await check_falls_back(port, caplog, query)


async def test_a_server_that_stops_in_the_midst_of_an_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is waited for a second."""
    async with serving(answering(b"$8\r\n0.00", then_end=False)) as port:
        await check_falls_back(port, caplog)


@pytest.mark.parametrize("query", ["", "?protocol=2", "?protocol=3", "?decode_responses=true"])
@pytest.mark.parametrize(("said", "wait"), [("0.000000", 0.0), ("0.250000", 0.25), ("5.000000", 5)])
async def test_what_the_script_says_is_believed(said: str, wait: float, query: str) -> None:
    """So that the odd answers above are refused for what is odd in them."""
    async with serving(answering(text(said), then_end=False)) as port:
        store = RedisStore(f"redis://127.0.0.1:{port}/0{query}", lambda: "a-token")
        assert await store.apply(ask(1, LIMIT)) == wait
        await store.close()
