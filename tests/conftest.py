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
from tests.support import API, TOKEN, patch_aioresponses
from videsk_rooms import AsyncVidesk, Retry, Videsk
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

patch_aioresponses()
pytest_plugins = ["pytester"]

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


# A process that coverage.py measures takes a fifth of a second more to start, and whatever it does
# takes longer. Those of these tests are left alone: they build, type or measure, or do many times
# over what other tests do once.
COVERAGE = os.environ.get("COVERAGE_PROCESS_START")
PROCESSES_NOT_MEASURED = (
    "tests/benchmarks/",
    "tests/browser/",
    "tests/chaos/",
    "tests/cli/",
    "tests/conformance/",
    "tests/dev/",
    "tests/docs/",
    "tests/hostile/",
    "tests/packaging/",
    "tests/scale/",
    "tests/test_typing.py",
)


# What takes longest, in this order; whichever process has a file has all of it.
LONGEST_FIRST = (
    "tests/chaos/test_chaos.py",
    "tests/dev/test_calls.py",
    "tests/docs/test_site.py",
    "tests/docs/test_examples.py",
    "tests/wire/test_decode.py",
    "tests/test_typing.py",
    "tests/docs/test_programs.py",
    "tests/blocking/test_gevent.py",
    "tests/conformance/test_web.py",
    "tests/blocking/test_exit.py",
    "tests/packaging/test_installed.py",
    "tests/concurrency/test_fork.py",
    "tests/benchmarks/test_benchmarks.py",
    "tests/ratelimit/test_loops.py",
    "tests/ratelimit/test_redis.py",
    "tests/hostile/test_behaviours.py",
    "tests/http/test_deadlines.py",
    "tests/operations/test_create.py",
    "tests/ratelimit/test_file.py",
    "tests/ratelimit/test_clients.py",
    "tests/hostile/test_bounds.py",
    "tests/wire/test_encode.py",
    "tests/test_pytest_plugin.py",
    "tests/test_quoting.py",
    "tests/http/test_connection.py",
    "tests/cli/test_demo_command.py",
    "tests/docs/test_command_line_guide.py",
    "tests/http/test_races.py",
    "tests/http/test_logging.py",
    "tests/wire/test_remedies.py",
    "tests/ratelimit/test_simulate.py",
    "tests/conformance/test_workers_celery.py",
    "tests/scale/test_scale.py",
    "tests/test_new_field_and_operation.py",
    "tests/packaging/test_built.py",
    "tests/dev/test_stand_in.py",
    "tests/dev/test_console.py",
    "tests/browser/test_entering.py",
    "tests/browser/test_obstacles.py",
    "tests/http/test_retry.py",
    "tests/concurrency/test_leaks.py",
    "tests/sandbox/test_faults.py",
)


# What measures how much gets done in some seconds, when the other processes have little left to do.
MEASURED_LAST = ("tests/ratelimit/test_runs.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that no process is left with one at the end."""
    places = {file: place for place, file in enumerate(LONGEST_FIRST)}
    places.update((file, len(LONGEST_FIRST) + 1) for file in MEASURED_LAST)
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST_FIRST)))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through what is there before the first test.

    The tests themselves are hundreds of thousands of objects. Whoever collects again and again,
    counts objects or measures a pause sees what has been made since, in a fraction of the time.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers() -> int | None:
    """Make `-n auto` four processes more than cores: most of the time tests wait."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) + 4
    return (os.cpu_count() or 1) + 4


@pytest.hookimpl(tryfirst=True)  # before fixtures of whatever scope start a process
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have coverage.py leave the processes of some tests alone."""
    if COVERAGE is None:
        return
    if item.nodeid.startswith(PROCESSES_NOT_MEASURED):
        os.environ.pop("COVERAGE_PROCESS_START", None)
    else:
        os.environ["COVERAGE_PROCESS_START"] = COVERAGE


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
