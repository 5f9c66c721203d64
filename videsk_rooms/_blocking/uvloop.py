"""A uvloop event loop that resolves names in Python's threads, not in libuv's.

libuv resolves names in a thread pool that it joins at exit. A forked child has the record of that
pool without its threads, and ends with a segmentation fault. So names are resolved as asyncio's
own loop does it.
"""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import uvloop
from aiohappyeyeballs import start_connection

from videsk_rooms._concurrency.fork import fork_guard
from videsk_rooms._concurrency.loops import call_in_thread

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class UvLoop(uvloop.Loop):
    """A loop of uvloop's that looks up names in Python's threads."""

    async def getaddrinfo(self, host: Any, port: Any, **wanted: Any) -> Any:
        """Look an address up; an address as such needs no thread."""
        try:
            numeric = {**wanted, "flags": wanted.get("flags", 0) | socket.AI_NUMERICHOST}
            return fork_guard.run(partial(socket.getaddrinfo, host, port, **numeric))
        except socket.gaierror:
            look_up = partial(socket.getaddrinfo, host, port, **wanted)
            return await call_in_thread(partial(fork_guard.run, look_up))

    async def create_connection(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: Any = None,
        port: Any = None,
        **wanted: Any,
    ) -> Any:
        """Connect, likewise: uvloop's own method would not ask the one above."""
        if host is not None:
            addresses = await self.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            wanted["sock"] = await start_connection(addresses, loop=self)
            if wanted.get("ssl") and wanted.get("server_hostname") is None:
                wanted["server_hostname"] = host
        try:
            return await super().create_connection(protocol_factory, **wanted)
        except BaseException:
            # uvloop before 0.23 has closed the descriptor, and leaves it to the socket as well,
            # which would close whatever has its number by then: another call's connection.
            if wanted.get("sock") is not None:
                wanted["sock"].detach()
            raise
