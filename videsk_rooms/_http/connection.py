"""Connections that never give the response of one request to another.

aiohttp's pool checks only whether an idle connection is connected. Bytes that arrived on it
meanwhile would become the next request's response, and all later responses would be off by one. So
a connection is reused only if nothing arrived after the end of its last response
(docs/decisions/0026-connections-in-step.md). aiohttp also bounds neither the size of headers nor
the number of interim responses (`100 Continue`); both are bounded here.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from aiohttp import ClientConnectionError
from aiohttp.client_proto import ResponseHandler

from videsk_rooms._concurrency.fork import original

if TYPE_CHECKING:
    import asyncio

    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from aiohttp.connector import Connection

HEAD_LIMIT = 64 * 1024
"""Bytes before the body, interim responses included. The limit of Node.js is 16 KiB."""

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of a body that are read.

A page of 100 rooms has 45 kB, and 1.5 MB with 100 authorizations in each room. If one character
needs four bytes, Python stores four bytes for each, in the text and in a string read from it:
memory may grow to ten times this limit.
"""

FRAMING_LIMIT = 96 * 1024
"""Bytes of a response beyond twice the size of its body.

A chunk takes 5 bytes and 5 µs, so a body in chunks of one byte would occupy a core for long.
"""

_PIECE = 16 * 1024  # bytes that are parsed between two checks of the bounds


class ConnectionLostError(ClientConnectionError):
    """The connection broke.

    aiohttp silently repeats a request after its own two exceptions for this, but not after this one
    (docs/decisions/0010-one-attempt-one-request.md).
    """


class UnreadBytesError(ClientConnectionError):
    """A connection has ended, or has bytes that no request waits for. Nothing was sent on it."""

    def __init__(self, *, reused: bool) -> None:
        super().__init__("the server closed the connection, or sent bytes that were not asked for")
        self.reused = reused


class StrictProtocol(ResponseHandler):
    """A connection that accepts exactly one response for each request."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.reused = False
        # A new connection may talk to a proxy before it is handed out.
        self._is_idle = False
        self._expect_answer()

    def _expect_answer(self) -> None:
        self._answer_body: Any = None
        self._answer_bytes = 0
        self._end_is_unseen = False

    def wait_for_request(self) -> None:
        """Close the connection if bytes arrive before the next request."""
        self._is_idle = True

    def expect_answer(self, connection: Connection) -> None:
        """Expect the response to a request that is sent now, until the connection is released."""
        self._expect_answer()
        self._is_idle = False
        connection.add_callback(self._released)

    def _released(self) -> None:
        self.reused = True
        self._is_idle = True
        if self._end_is_unseen:
            self.force_close()

    def resume_reading(self, *arguments: Any, **keywords: Any) -> None:
        """Resume if paused. aiohttp asks for it at each read, and parses nothing then."""
        if self._reading_paused:
            super().resume_reading(*arguments, **keywords)

    def data_received(self, data: bytes) -> None:
        """Pass the response to aiohttp piece by piece, and close if more comes after it."""
        if not data:  # aiohttp continues with bytes that it has kept
            super().data_received(data)
            return
        self._end_is_unseen = False
        for piece in _pieces(data):
            if self._is_idle or self._is_answered():
                self.force_close()
                self._hang_up()
                return
            if not self._may_take(len(piece)):
                return
            # aiohttp keeps the piece and parses it later, when pieces cannot be distinguished.
            self._end_is_unseen |= self._reading_paused
            super().data_received(piece)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Pass a response to the request; drop interim responses."""
        message, body = data
        if message.code < 200 and message.code != 101:
            return
        self._answer_body = body
        super().feed_data(data, size)

    def _is_answered(self) -> bool:
        return self._answer_body is not None and self._answer_body.is_eof()

    def _may_take(self, size: int) -> bool:
        self._answer_bytes += size
        body = self._answer_body
        if body is None:
            if self._answer_bytes > HEAD_LIMIT:
                self._give_up(f"the head of the response is longer than {HEAD_LIMIT >> 10} KiB")
        elif not self._reading_paused and (
            self._answer_bytes - 2 * body.total_bytes > FRAMING_LIMIT
        ):
            self._give_up("the response consists of chunk sizes and the like, and hardly of a body")
        elif body.total_bytes > BODY_LIMIT:
            # The reader has more than it wants already; an older aiohttp would unpack all of it.
            self.force_close()
            return False
        return self.exception() is None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Report the loss, and close the transport, or Python 3.10 warns that it is unclosed."""
        if self.transport is not None:
            self.transport.close()
        super().connection_lost(exc)

    def _give_up(self, why: str) -> None:
        error = ConnectionLostError(f"{why}; the connection was closed")
        self.set_exception(error)
        if self._answer_body is not None:
            self._answer_body.set_exception(error)
        self._hang_up()

    def _hang_up(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def _pieces(data: bytes) -> list[bytes]:
    """Cut data up. The last byte is a separate piece: a response must not end before it."""
    last = len(data) - 1
    pieces = [data[start : min(start + _PIECE, last)] for start in range(0, last, _PIECE)]
    pieces.append(data[last:])
    return pieces


def has_unread_bytes(connection: Connection, *, reused: bool) -> bool:
    """Return whether a connection received anything after its last response, or was closed.

    On a new connection with TLS, unread bytes may be the server's session tickets.
    """
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or transport.is_closing() or protocol.should_close:
        return True
    tls = transport.get_extra_info("ssl_object")
    if tls is None:
        return _has_unread(transport)
    return tls.pending() > 0 or (reused and _has_unread(transport))


def _has_unread(transport: asyncio.Transport) -> bool:
    """Return whether the system has received bytes, or an end, that the loop has not read."""
    wrapper = transport.get_extra_info("socket")
    if wrapper is None:
        return False
    try:
        return _is_readable(wrapper.fileno())
    except (OSError, ValueError):
        return True


# gevent's own would make a hub in the loop's thread.
if hasattr(select, "poll"):
    _poll = original("select", "poll")

    def _is_readable(number: int) -> bool:
        poll = _poll()
        poll.register(number, select.POLLIN)
        return bool(poll.poll(0))

else:  # on Windows, and beside eventlet, which the client refuses
    _select = original("select", "select")

    def _is_readable(number: int) -> bool:
        return bool(_select([number], [], [], 0)[0])


class RefuseUnreadBytes:
    """The same check for a caller's own session. An aiohttp client middleware.

    It has to be the innermost one: the request must leave right after the check.
    """

    def __init__(self) -> None:
        self._used: WeakSet[Any] = WeakSet()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send a request on a connection that has no unread bytes."""
        send = request.send

        async def send_if_clean(conn: Connection) -> ClientResponse:
            reused = conn.protocol in self._used
            if has_unread_bytes(conn, reused=reused):
                raise UnreadBytesError(reused=reused)
            self._used.add(conn.protocol)
            return await send(conn)

        request.send = send_if_clean  # type: ignore[method-assign]  # aiohttp has no later hook
        while True:
            try:
                return await handler(request)
            except UnreadBytesError as error:  # noqa: PERF203 - it retries
                if not error.reused:
                    raise
