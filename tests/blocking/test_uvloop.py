"""The thread's loop where uvloop is installed."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

pytest.importorskip("uvloop", reason="the extra `fast` is not installed")


def test_a_connection_that_is_given_up_closes_its_descriptor_once() -> None:
    """Twice would be once too often: by then it may be another connection's."""
    from videsk_rooms._blocking.uvloop import UvLoop

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


@pytest.mark.parametrize("closed", [[0], [0, 1, 2]])
def test_a_process_without_standard_streams_goes_on(sandbox: Sandbox, closed: list[int]) -> None:
    """As a daemon may be; libuv would abort it."""
    code = (
        "import os\n"
        f"for number in {closed}: os.close(number)\n"
        "from videsk_rooms import Videsk\n"
        "with Videsk() as videsk: videsk.rooms.create()\n"
        "os._exit(0)\n"  # without a flush of what is closed
    )
    account = {"VIDESK_API_TOKEN": sandbox.api_token, "VIDESK_BASE_URL": sandbox.url}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **account},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(sandbox.rooms) == 1
