"""A sandbox with a console, and a Chromium with an invented camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.browser.chromium import MISSING, PROGRAM, Visits, running
from videsk_rooms.sandbox import Sandbox

from .calls import Lobby
from .server import Server
from .visitors import SWITCHES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.sync_api import Browser


@pytest.fixture
def server() -> Iterator[Server]:
    """The server of a sandbox with a console and without a rate limit."""
    with Sandbox(console=True, rate=None) as sandbox:
        yield Server(sandbox)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with a console and without a rate limit."""
    with Sandbox(console=True, rate=None) as running:
        yield running


@pytest.fixture
async def lobby(sandbox: Sandbox) -> AsyncIterator[Lobby]:
    """Where people without a browser enter the rooms of that sandbox."""
    connector = aiohttp.TCPConnector(limit=0)  # as many people as a test wants
    async with aiohttp.ClientSession(connector=connector) as session:
        made = Lobby(sandbox, session)
        yield made
        await made.videsk.close()


@pytest.fixture(scope="module")
def chromium_with_camera() -> Iterator[Browser]:
    """A browser for all tests of a module."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with running(*SWITCHES) as browser:
        yield browser


@pytest.fixture
def visits(chromium_with_camera: Browser) -> Iterator[Visits]:
    """Visitors of one test, which fails if anything troubled them."""
    visits = Visits(chromium_with_camera)
    yield visits
    visits.end()
