"""One aiohttp session for each event loop: connections belong to the loop that opened them.

A session closes with its loop. Loops have no hook for that, but before a loop ends it closes its
asynchronous generators, and can still close connections (docs/decisions/0014-session-per-loop.md).
"""

from __future__ import annotations

import asyncio
import os
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.helpers import ceil_timeout

from videsk_rooms._concurrency.fork import fork_guard, is_here, is_lost, leak
from videsk_rooms._concurrency.loops import call_in_thread, call_soon_in, run_coroutine_in
from videsk_rooms.errors import CLOSED, ClosedError

from . import call_header
from .attempt import current_request
from .connection import ConnectionLostError, StrictProtocol, UnreadBytesError, has_unread_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from aiohttp.abc import AbstractResolver
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace
    from yarl import URL

    from .attempt import Origin

    Watch = AsyncGenerator[None, None]

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


def origin_of(url: URL) -> Origin:
    """Return scheme, host and port of a URL, without making a new URL as `URL.origin()` does."""
    return url.scheme, url.raw_host, url.port


async def authorize(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Send the bearer token, to the configured origin only. An aiohttp client middleware.

    It serves every client that shares the session. Each attempt brings its token in a
    `RequestContext`, which notes that the token was sent, so that a refused one is known.
    """
    context = current_request.get(None)
    if context is not None and origin_of(request.url) == context.origin:
        context.used = True
        request.headers[aiohttp.hdrs.AUTHORIZATION] = f"Bearer {context.token.reveal()}"
        if context.call:
            request.headers[call_header.NAME] = context.call
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except aiohttp.ServerDisconnectedError:
        # Not aiohttp's text, which may be the repr of a half-read response.
        raise ConnectionLostError("ServerDisconnectedError: Server disconnected") from None
    except aiohttp.ClientOSError as error:
        raise ConnectionLostError(f"{type(error).__name__}: {error}") from None


class Sessions:
    """The sessions of one client, each made in the loop that needs it."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._pid = os.getpid()
        self._open: dict[asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, Watch]] = {}
        self._closed = False

    def here(self) -> aiohttp.ClientSession | None:
        """Return the open session of the running loop, if there is one."""
        found = self._open.get(asyncio.get_running_loop())
        return None if found is None or found[0].closed else found[0]

    async def open(self) -> aiohttp.ClientSession:
        """Make a session for the running loop."""
        self._forget_closed_loops()
        session = self._make()
        watch = _close_at_the_end(session)
        self._open[asyncio.get_running_loop()] = session, watch
        await watch.__anext__()
        if self._closed:  # by another thread, which may not have seen this session
            await self._close_in(asyncio.get_running_loop())
            raise ClosedError(CLOSED)
        return session

    async def close(self) -> None:
        """Close each session in its loop. If this is cancelled, call it again."""
        self._closed = True
        self._forget_closed_loops()
        for loop in list(self._open):
            await self._close_in(loop)

    async def _close_in(self, loop: asyncio.AbstractEventLoop) -> None:
        found = self._open.get(loop)
        if found is None:
            return  # another thread has closed it
        if loop.is_running():
            await run_coroutine_in(loop, partial(_close, *found))
        else:
            call_soon_in(loop, _close_soon, found[0])  # if the loop ever runs again
        self._open.pop(loop, None)

    # Defaults, because a module may lose its names before its objects while the interpreter exits.
    def __del__(
        self,
        is_here: Callable[[int], bool] = is_here,
        leak: Callable[[object], None] = leak,
    ) -> None:
        # In a child whose fork ran no hooks: a session that is collected removes its sockets from
        # the epoll that is shared with the parent.
        if not is_here(self._pid):
            leak(self._open)

    def reset_after_fork(self) -> None:
        """Leak the parent's sessions, in a child after a fork."""
        self._pid = os.getpid()
        leak(self._open)
        self._open = {}

    def _make(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=Connector(resolver=_resolver()),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(authorize,),
            raise_for_status=False,
        )

    def _forget_closed_loops(self) -> None:
        # These loops ended without closing their generators, which would have closed the sessions.
        for loop in [loop for loop in list(self._open) if loop.is_closed()]:
            found = self._open.pop(loop, None)
            if found is not None and is_lost(loop):
                leak(*found)
            elif found is not None:
                _drop(found[0])


async def _close(session: aiohttp.ClientSession, watch: Watch) -> None:
    await watch.aclose()
    await session.close()


def _close_soon(session: aiohttp.ClientSession) -> asyncio.Future[None]:
    return asyncio.ensure_future(session.close())


async def _close_at_the_end(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


def _drop(session: aiohttp.ClientSession) -> None:
    """Detach a session whose loop has ended; its sockets close when they are collected."""
    connector = session.connector
    session.detach()
    if isinstance(connector, Connector):
        connector.drop()


def _resolver() -> AbstractResolver | None:
    """Choose the resolver; `None` for aiohttp's own, which uses aiodns and no threads.

    Not beside gevent: aiodns starts a thread, which would be a greenlet of a hub that never runs.
    """
    running = asyncio.get_running_loop()
    beside_gevent = hasattr(running, "start_thread")
    if aiohttp.DefaultResolver is not aiohttp.ThreadedResolver and not beside_gevent:
        return None
    loop: Any = running if beside_gevent else ForkSafeResolver(running)
    return aiohttp.ThreadedResolver(loop)


class ForkSafeResolver:
    """Resolves names for aiohttp instead of the loop, so that a fork waits for the look-ups."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.getnameinfo = loop.getnameinfo

    async def getaddrinfo(self, host: str, port: int, **wanted: Any) -> Any:
        """Resolve a name in a thread."""
        look_up = partial(socket.getaddrinfo, host, port, **wanted)
        return await call_in_thread(partial(fork_guard.run, look_up))


class Connector(aiohttp.TCPConnector):
    """Hands out connections without unread bytes, and notes when a request leaves."""

    def __init__(self, *, resolver: AbstractResolver | None) -> None:
        super().__init__(resolver=resolver)
        # aiohttp has no public way to set the protocol of its connections.
        self._factory: Any = partial(StrictProtocol, loop=self._loop)

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        context = current_request.get(None)
        if context is not None:
            context.connects = not context.maybe_sent
        connection, protocol = await self._connect_clean(req, traces, timeout)
        try:
            waited = context is not None and await context.commit()
            # Bytes may have arrived meanwhile.
            if waited and has_unread_bytes(connection, reused=protocol.reused):
                protocol.force_close()
                raise UnreadBytesError(reused=protocol.reused)
        except BaseException:
            connection.release()
            raise
        protocol.expect_answer(connection)
        return connection

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        # aiohttp allows this time for each address of the host, and bounds neither the look-up of
        # its name nor the response of a proxy. It gets no bound: before Python 3.11, if two bounds
        # end together, the inner one counts, and aiohttp tries the next address.
        async with ceil_timeout(timeout.sock_connect, timeout.ceil_threshold):
            return await super()._create_connection(req, traces, _NO_TIMEOUT)

    async def _connect_clean(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> tuple[Connection, StrictProtocol]:
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            assert isinstance(protocol, StrictProtocol)  # noqa: S101 - for the type checker
            protocol.wait_for_request()
            if not has_unread_bytes(connection, reused=protocol.reused):
                return connection, protocol
            connection.close()
            if not protocol.reused:
                raise UnreadBytesError(reused=False)

    def drop(self) -> None:
        """Drop all connections, without a loop to close them in."""
        self._close()
