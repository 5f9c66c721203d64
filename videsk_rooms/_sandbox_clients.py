"""Clients on a sandbox, for tests: what the pytest plugin and the test cases share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import AsyncVidesk, Videsk

if TYPE_CHECKING:
    from collections.abc import Callable

    from .sandbox import Sandbox


def make_client(sandbox: Sandbox) -> Videsk:
    """Create a blocking client without a rate limit."""
    return Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None)


def make_async_client(sandbox: Sandbox) -> tuple[AsyncVidesk, Callable[[], None]]:
    """Create an awaited client without a rate limit, and a function that closes it after the test.

    A connection can only be closed in the event loop that opened it. The token callable finds that
    loop.
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
        if loop.is_closed():  # its connections closed with it
            asyncio.run(client.close())
        elif not loop.is_running():
            loop.run_until_complete(client.close())

    return client, close
