"""Connections that never give the answer of one request to another.

aiohttp's pool asks an idle connection only whether it is connected. Bytes that arrived on it
meanwhile would become the next request's answer, and all later answers would be off by one. So a
connection is used again only if nothing arrived after the end of its last answer. aiohttp also
does not bound the size of headers and the number of interim answers (`100 Continue`); both are
bounded here.
"""

from __future__ import annotations

import _socket  # the one of Python itself: gevent's would make a hub in the loop's thread
from socket import MSG_PEEK
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from aiohttp import ClientConnectionError
from aiohttp.client_proto import ResponseHandler

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from aiohttp.connector import Connection

HEAD_LIMIT = 64 * 1024
"""Bytes before the body, interim answers included; Node.js itself takes 16 KiB."""

BODY_LIMIT = 4 * 1024 * 1024
"""How many bytes of a body are read.

A page of 100 rooms has 45 kB; with 100 authorizations in each room it has 1.5 MB. A string of this
length takes four times as much memory when one of its characters needs four bytes, and so does the
text that it is read from: ten times the limit together.
"""

FRAMING_LIMIT = 96 * 1024
"""Bytes of an answer besides its body, and besides as many as its body has.

A chunk takes 5 bytes and 5 µs, so that a body in chunks of a byte would take a core for long.
"""

_PIECE = 16 * 1024  # parsed before the bounds are looked at again


class ConnectionLostError(ClientConnectionError):
    """The connection broke.

    aiohttp silently repeats a request after its own two exceptions for this, but not after this one
    (docs/decisions/0010-one-attempt-one-request.md).
    """


class OutOfStepError(ClientConnectionError):
    """A connection has bytes that no request waits for; nothing was sent on it."""

    def __init__(self, *, reused: bool) -> None:
        super().__init__("the server sent bytes that were not asked for")
        self.reused = reused


class StrictProtocol(ResponseHandler):
    """aiohttp's side of a connection, which takes one answer for each request."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.reused = False
        # A new connection may have to talk to a proxy before it is handed out.
        self._is_idle = False
        self._expect_answer()

    def _expect_answer(self) -> None:
        self._answer_body: Any = None
        self._answer_bytes = 0
        self._end_is_unseen = False

    def wait_for_request(self) -> None:
        """Close the connection if bytes arrive from now on."""
        self._is_idle = True

    def begin(self, connection: Connection) -> None:
        """Expect the answer to a request that is sent next, until the connection is given back."""
        self._expect_answer()
        self._is_idle = False
        connection.add_callback(self._given_back)

    def _given_back(self) -> None:
        self.reused = True
        self._is_idle = True
        if self._end_is_unseen:
            self.force_close()

    def data_received(self, data: bytes) -> None:
        """Give the answer to aiohttp piece by piece, and close at what comes after it."""
        if not data:  # aiohttp goes on with what it had set aside
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
            # What is set aside is read later, when pieces can no longer be told apart.
            self._end_is_unseen |= self._reading_paused
            super().data_received(piece)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Hand an answer over to the request; interim answers go no further than this."""
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
                self._give_up(f"the head of the answer is longer than {HEAD_LIMIT >> 10} KiB")
        elif not self._reading_paused and (
            self._answer_bytes - 2 * body.total_bytes > FRAMING_LIMIT
        ):
            self._give_up("the answer consists of chunk sizes and the like, and hardly of a body")
        elif body.total_bytes > BODY_LIMIT:
            # Whoever reads it has more than is wanted. An older aiohttp unpacks all that it gets.
            self.force_close()
            return False
        return self.exception() is None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Report the loss, and close the transport, which Python 3.10 would call unclosed."""
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


def _pieces(data: bytes) -> Iterator[bytes]:
    """Cut data up. The last byte is a piece of its own: what ends before it ends too early."""
    last = len(data) - 1
    for start in range(0, last, _PIECE):
        yield data[start : min(start + _PIECE, last)]
    yield data[last:]


def is_out_of_step(connection: Connection, *, reused: bool) -> bool:
    """Return whether anything was received on a connection since its last answer, its end included.

    On a new connection with TLS the server's session tickets may wait to be read.
    """
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or transport.is_closing() or protocol.should_close:
        return True
    tls = transport.get_extra_info("ssl_object")
    if tls is None:
        return _has_unread(transport)
    return tls.pending() > 0 or (reused and _has_unread(transport))


def _has_unread(transport: asyncio.Transport) -> bool:
    """Look at what the system has received and the loop has not read yet, without taking it."""
    theirs = transport.get_extra_info("socket")
    if theirs is None:
        return False
    try:
        ours = _socket.socket(theirs.family, theirs.type, theirs.proto, theirs.fileno())
    except (OSError, ValueError):
        return True
    try:
        ours.setblocking(False)
        ours.recv(1, MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
    finally:
        ours.detach()
    return True


class StayInStep:
    """The same for a session of the caller's, as far as can be. An aiohttp client middleware.

    It has to be the innermost one: the request must go out when it has looked at the connection.
    """

    def __init__(self) -> None:
        self._used: WeakSet[Any] = WeakSet()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send a request on a connection that is in step."""
        send = request.send

        async def send_in_step(conn: Connection) -> ClientResponse:
            reused = conn.protocol in self._used
            if is_out_of_step(conn, reused=reused):
                raise OutOfStepError(reused=reused)
            self._used.add(conn.protocol)
            return await send(conn)

        request.send = send_in_step  # type: ignore[method-assign]  # no hook comes later
        while True:
            try:
                return await handler(request)
            except OutOfStepError as error:  # noqa: PERF203 - the loop is what it is for
                if not error.reused:
                    raise
