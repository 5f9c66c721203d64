"""What every test stands on."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import getproxies

import aioresponses.core
import pytest

from tests import retrying
from tests.ratelimit import redis_server
from tests.support import API, TOKEN, patch_aioresponses
from videsk_rooms import AsyncVidesk, Retry, Videsk
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.sync_api import Browser

    from tests.browser.chromium import Visits
    from tests.ratelimit.redis_server import RedisServer

patch_aioresponses()
pytest_plugins = ["pytester", "tests.order", "tests.core_coverage"]

# What a shell puts in the background is deaf to Ctrl-C, and so is all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The processes of the tests are as users start them, however this one was: without buffers nothing
# is lost at a full disk, and a loop that is debugged tells of all that took long.
for name in ("PYTHONUNBUFFERED", "PYTHONDEVMODE", "PYTHONASYNCIODEBUG"):
    os.environ.pop(name, None)

# Hundreds of interpreters start in the tests: each would compile all that it imports. Who wants no
# bytecode beside the sources still gets none.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    bytecode = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ.setdefault("PYTHONPYCACHEPREFIX", bytecode)
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"]
    sys.dont_write_bytecode = False

# Where the way out is a proxy, it is none to the servers of the tests.
if getproxies():
    for name in ("no_proxy", "NO_PROXY"):
        besides = os.environ.get(name, "")
        os.environ[name] = f"{besides},127.0.0.1,localhost".lstrip(",")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through what is there before the first test.

    The tests themselves are hundreds of thousands of objects. Whoever collects again and again,
    counts objects or measures a pause sees what has been made since, in a fraction of the time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the account of whoever runs the suite out of it."""
    for name in (
        "VIDESK_API_TOKEN",
        "VIDESK_API_TOKEN_FILE",
        "VIDESK_BASE_URL",
        "VIDESK_ALLOW_HTTP",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def wire() -> Iterator[aioresponses.core.aioresponses]:
    """The network, mocked: what one call sends and reads."""
    with aioresponses.core.aioresponses() as wire:
        yield wire


@pytest.fixture
async def wired() -> AsyncIterator[AsyncVidesk]:
    """A client for the mocked network: one attempt a call, no pacing."""
    async with AsyncVidesk(TOKEN, base_url=API, retry=Retry(attempts=1), rate_limit=None) as videsk:
        yield videsk


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """The API in motion, without a rate limit; the plugin's marker gives further arguments."""
    marker = request.node.get_closest_marker("videsk_sandbox")
    with Sandbox(rate=None, **(marker.kwargs if marker else {})) as sandbox:
        yield sandbox


@pytest.fixture
async def once(sandbox: Sandbox) -> AsyncIterator[AsyncVidesk]:
    """An awaited client on the sandbox: one attempt a call, no pacing."""
    async with AsyncVidesk(
        sandbox.api_token, base_url=sandbox.url, retry=Retry(attempts=1), rate_limit=None
    ) as videsk:
        yield videsk


@pytest.fixture
def blocking_once(sandbox: Sandbox) -> Iterator[Videsk]:
    """A blocking client on the sandbox: one attempt a call, no pacing."""
    with Videsk(
        sandbox.api_token, base_url=sandbox.url, retry=Retry(attempts=1), rate_limit=None
    ) as videsk:
        yield videsk


@pytest.fixture
async def fast(sandbox: Sandbox) -> AsyncIterator[AsyncVidesk]:
    """An awaited client on the sandbox: four attempts a call, short pauses, no rate limit."""
    async with retrying.client(sandbox) as videsk:
        yield videsk


@pytest.fixture(scope="session")
def common_redis() -> Iterator[RedisServer]:
    """A Redis for tests that leave it as it is: each uses a token of its own."""
    if redis_server.PROGRAM is None:
        pytest.skip(redis_server.MISSING)
    with redis_server.serving() as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for all tests of a module."""
    from tests.browser.chromium import MISSING, PROGRAM, running

    if PROGRAM is None:
        pytest.skip(MISSING)
    with running() as browser:
        yield browser


@pytest.fixture
def visits(chromium: Browser) -> Iterator[Visits]:
    """Visitors of one test, which fails if anything troubled them."""
    from tests.browser.chromium import Visits

    visits = Visits(chromium)
    yield visits
    visits.end()
