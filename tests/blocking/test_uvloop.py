"""The thread's loop where uvloop is installed."""

from __future__ import annotations

import asyncio
import socket

import pytest

pytest.importorskip("uvloop", reason="the extra `fast` is not installed")


def test_a_connection_that_is_given_up_closes_its_descriptor_once() -> None:
    """Twice would be once too often: by then it may be another connection's."""
    from videsk_rooms._uv import UvLoop

    async def give_up(sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        connecting = asyncio.ensure_future(loop.create_connection(asyncio.Protocol, sock=sock))
        await asyncio.sleep(0)
        connecting.cancel()
        await asyncio.wait([connecting])
        assert connecting.cancelled()

    loop = UvLoop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = socket.create_connection(server.getsockname())
        loop.run_until_complete(give_up(sock))
        assert sock.fileno() == -1
    loop.close()
