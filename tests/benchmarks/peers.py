"""What is measured: this package's client, and what one would use instead."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import aiohttp
import httpx
from urllib3._version import __version__ as urllib3_version

from videsk_rooms import AsyncVidesk

from .clients import HEADERS, TOKEN, UNLIMITED
from .generated import GeneratedClient, generated_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from .measure import AsyncCall

AT_ONCE = 64
# With its usual 20, httpx would connect anew for most of so many calls; aiohttp keeps 100.
HTTPX_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=AT_ONCE)


class Peers(NamedTuple):
    """The awaited clients, open."""

    videsk: AsyncVidesk
    aiohttp: aiohttp.ClientSession
    httpx: httpx.AsyncClient
    generated: GeneratedClient


@asynccontextmanager
async def awaited_peers(url: str) -> AsyncIterator[Peers]:
    """Open all awaited clients."""
    async with AsyncExitStack() as stack:
        yield Peers(
            await stack.enter_async_context(AsyncVidesk(TOKEN, base_url=url, **UNLIMITED)),
            await stack.enter_async_context(aiohttp.ClientSession(headers=HEADERS)),
            await stack.enter_async_context(
                httpx.AsyncClient(headers=HEADERS, limits=HTTPX_LIMITS)
            ),
            await stack.enter_async_context(generated_client(url, HTTPX_LIMITS)),
        )


def by_aiohttp(
    session: aiohttp.ClientSession, url: str, read: Callable[[bytes], object]
) -> AsyncCall:
    """Get something as one does who has aiohttp and no client."""

    async def call() -> object:
        async with session.get(url) as response:
            return read(await response.read())

    return call


def of_requests(name: str) -> str:
    """Tell with a name if requests stands on urllib3-future, which makes it slower and larger.

    niquests needs that package, which by default puts itself in the place of urllib3.
    """
    replaced = urllib3_version == version("urllib3-future")
    return f"{name} (on urllib3-future)" if replaced else name
