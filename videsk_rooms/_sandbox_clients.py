"""Clients on a sandbox, for tests: what the pytest plugin and the test cases share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import AsyncVidesk, Videsk

if TYPE_CHECKING:
    from collections.abc import Callable

    from .sandbox import Sandbox


def make_client(sandbox: Sandbox) -> Videsk:
    """Make a blocking client that nothing paces."""
    return Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None)


def make_async_client(sandbox: Sandbox) -> tuple[AsyncVidesk, Callable[[], None]]:
    """Make an awaited client that nothing paces, and what closes it when the test is over.

    A connection can only be closed in the loop that opened it. Which loop that is, shows when the
    client asks for its token.
    """
    loop: asyncio.AbstractEventLoop | None = None

    async def token() -> str:
        nonlocal loop
        loop = asyncio.get_running_loop()
        return sandbox.api_token

    client = AsyncVidesk(token, base_url=sandbox.url, rate_limit=None)

    def close() -> None:
        if loop is None:
            return  # never used, so nothing is open
        if loop.is_closed():  # its connections have ended with it
            asyncio.run(client.close())
        elif not loop.is_running():
            loop.run_until_complete(client.close())

    return client, close
