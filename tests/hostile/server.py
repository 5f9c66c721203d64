"""The server: it answers every request by the behaviour that its key asks for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from tests.hostile.api import behaviour_of, key_of, right_body
from tests.hostile.behaviours import TABLE, Behaviour, written
from tests.peers import read_request

LATER = 0.05
_DRIP = 0.02
_FOR_EVER = 60
_ENDLESS = b"x" * 65536


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of a connection, until one of them ends it."""
    while True:
        request = await read_request(reader)
        number = behaviour_of(key_of(request))
        if not number:
            body = right_body(request)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            continue
        behaviour = TABLE[number - 1]
        if not await _play(behaviour, written(behaviour, right_body(request)), writer):
            return


async def _play(behaviour: Behaviour, answer: bytes, writer: asyncio.StreamWriter) -> bool:
    """Send an answer as a behaviour times it, and tell whether the connection goes on."""
    timing = behaviour.timing
    how, _, where = timing.partition(" at ")
    if how in ("closed", "reset") and where:
        return await cut(writer, answer[: int(where)], reset=how == "reset")
    if timing in ("never", "head alone"):
        head = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        writer.write(head if timing == "head alone" else b"")
        await asyncio.sleep(_FOR_EVER)
    elif timing in ("byte by byte", "dripping"):
        await _drip(writer, answer, 0 if timing == "byte by byte" else _DRIP)
    elif timing == "in halves":
        await _drip(writer, answer, _DRIP, step=len(answer) // 2 + 1)
    else:
        await asyncio.sleep(LATER if timing == "late" else 0)
        writer.write(answer)
        while timing == "endless":
            writer.write(_ENDLESS)
            await writer.drain()
    if timing in ("closed after", "reset after"):
        return await cut(writer, b"", reset=timing == "reset after")
    if timing == "half closed":
        writer.write_eof()
    if behaviour.is_late:
        return await _add(behaviour, answer, writer)
    # Whoever waits for more waits for what does not come; whoever has enough asks again, or leaves.
    return "close" not in behaviour.framing and timing != "half closed"


async def _add(behaviour: Behaviour, answer: bytes, writer: asyncio.StreamWriter) -> bool:
    await asyncio.sleep(LATER)
    what = behaviour.timing.removeprefix("later ")
    if what in ("closed", "reset"):
        return await cut(writer, b"", reset=what == "reset")
    more = {
        "once more": answer,
        "half": answer[: len(answer) // 2],
        "rubbish": b"rubbish",
        "an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n",
    }
    writer.write(more[what])
    return True


async def _drip(writer: asyncio.StreamWriter, answer: bytes, delay: float, step: int = 1) -> None:
    """Send an answer bit by bit; of a long one the rest comes at once."""
    slowly = answer[: 1000 * step]
    for start in range(0, len(slowly), step):
        writer.write(slowly[start : start + step])
        await writer.drain()
        await asyncio.sleep(delay)
    writer.write(answer[len(slowly) :])
    await writer.drain()


async def cut(writer: asyncio.StreamWriter, last: bytes, *, reset: bool) -> bool:
    """Send the last bytes of a connection and end it, in good order or not."""
    writer.write(last)
    with contextlib.suppress(OSError):  # the client may have closed it, which is its right
        await writer.drain()
        if reset:
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
    return False
