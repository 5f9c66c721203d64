"""The HTTP server, in its own thread with its own event loop, so that no caller can block it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import HttpVersion11, web

from videsk_rooms._emulator.clock import monotonic
from videsk_rooms._emulator.messages import Incoming
from videsk_rooms._emulator.respond import respond

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from videsk_rooms._emulator.handler import RequestHandler

    Site = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]

# Not zero, which aiohttp takes as no timeout.
_SHUTDOWN_SECONDS = 0.001


class ServerThread:
    """One run of the server; `ready` resolves to its port, `finished` resolves when it has ended.

    Args:
        handler: Handles the API's requests.
        host: The address to listen on.
        port: The port to listen on; 0: any free one.
        site: Handles paths outside `/vpaas`; if it returns `None`, the API responds.
    """

    def __init__(
        self, handler: RequestHandler, host: str, port: int, site: Site | None = None
    ) -> None:
        self.ready: Future[int] = Future()
        self.finished: Future[None] = Future()
        self._handler = handler
        self._host = host
        self._port = port
        self._site = site
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="videsk-sandbox", daemon=True)

    def start(self) -> None:
        """Start the thread; the server is listening once `ready` is done."""
        self._thread.start()

    def stop_soon(self) -> None:
        """Request a stop, once `ready` is done; the server has stopped when `finished` is done."""
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop may already be closed
                self._loop.call_soon_threadsafe(self._stopping.set)

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def stop(self) -> None:
        """Stop the server and wait for it, even if it has only just been started."""
        wait([self.ready])
        self.stop_soon()
        self.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self.ready.done():
                self.finished.set_exception(error)
                return
            self.ready.set_exception(error)
        self.finished.set_result(None)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.time = monotonic  # type: ignore[method-assign]  # runs on while time is frozen
        self._stopping = asyncio.Event()
        server = web.Server(self._handle, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
            self.ready.set_result(int(runner.addresses[0][1]))
            await self._stopping.wait()
        finally:
            await _close(server, runner)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except ConnectionError:  # the client disconnected before sending the whole body
            return web.Response(status=400)  # nobody reads it

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        _invite_body(request)
        if self._site is not None and not request.raw_path.startswith("/vpaas"):
            response = await self._site(request)
            if response is not None:
                return response
        admission = self._handler.admit(await _read(request))
        fault = admission.fault
        if fault is not None and fault.delayed_first:
            await asyncio.sleep(fault.delay)
        reply = self._handler.answer(admission)
        if fault is not None and fault.delay and not fault.delayed_first:
            await asyncio.sleep(fault.delay)
        return await respond(request, reply, fault)


def _invite_body(request: web.BaseRequest) -> None:
    """Respond to `Expect: 100-continue`; without it, such a client sends no body."""
    expected = request.headers.get("Expect", "").lower() == "100-continue"
    if expected and request.version >= HttpVersion11 and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _read(request: web.BaseRequest) -> Incoming:
    path, _, query = request.raw_path.partition("?")
    body, too_large, broken = b"", False, False
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        too_large = True
    except web.RequestPayloadError:  # such as invalid gzip
        broken = True
    return Incoming(
        method=request.method,
        path=path,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=request.headers,
        body=body,
        remote=request.remote or "",
        too_large=too_large,
        broken=broken,
    )


async def _close(server: web.Server, runner: web.ServerRunner) -> None:
    # asyncio leaks a connection that is accepted but not yet set up when the server closes.
    while accepting := [task for task in asyncio.all_tasks() if _is_accepting(task)]:
        await asyncio.wait(accepting)
    transports = [connection.transport for connection in server.connections]
    await runner.cleanup()
    for transport in transports:
        if transport is not None:
            transport.abort()  # close() would wait for a client that does not read
    await asyncio.sleep(0)  # lets the aborted transports close their sockets


def _is_accepting(task: asyncio.Task[object]) -> bool:
    return "_accept_connection" in getattr(task.get_coro(), "__qualname__", "")
