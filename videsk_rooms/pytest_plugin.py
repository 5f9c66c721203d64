"""Fixtures for tests of code that uses Videsk rooms: a sandbox, and clients on it.

```python
def test_a_ticket_opens_a_room(videsk, videsk_sandbox):
    videsk.rooms.create(external_id="ticket-12345")  # or your code that does so
    assert videsk_sandbox.rooms[0]["externalId"] == "ticket-12345"
```

- `videsk_sandbox`: a running `Sandbox`, a new one for each test.
- `videsk`: a blocking `Videsk` on it, closed afterwards.
- `async_videsk`: an `AsyncVidesk` on it, closed afterwards in the event loop that used it. It works
  with any plugin for async tests.

The rate limit is off, so that tests do not wait. `videsk_sandbox_rate = 20` in pytest's
configuration turns it on for all tests. A marker sets arguments of `Sandbox` for a test, class or
module: `@pytest.mark.videsk_sandbox(rate=20, seed=1)`, or `deletion=True` for code that deletes
rooms.

`pytest --videsk-console` gives each test's sandbox a console and prints its URL, to look at while
the test is paused, such as at a breakpoint. `videsk_sandbox_console = true` in the configuration
does so in every run.

pytest imports this file in every environment where the package is installed, so it imports nothing
heavy until a fixture is used.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import AsyncVidesk, Videsk
    from .sandbox import Sandbox

__all__ = ["async_videsk", "videsk", "videsk_sandbox"]

_MARKER = "videsk_sandbox"
_RATE = "videsk_sandbox_rate"
_CONSOLE = "videsk_sandbox_console"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for the rate limit and the console."""
    parser.addini(
        _RATE,
        "requests per second that the fixture videsk_sandbox allows, or 'off'",
        default="off",
    )
    parser.addini(
        _CONSOLE, "whether the sandbox of videsk_sandbox has a console", type="bool", default=False
    )
    parser.getgroup("videsk").addoption(
        "--videsk-console",
        action="store_true",
        help="serve a console for the sandbox of videsk_sandbox, and print its URL",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(**arguments): arguments of the Sandbox that the fixture videsk_sandbox "
        "starts, such as rate=20 or seed=1.",
    )


@pytest.fixture
def videsk_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A Rooms API in this process, new for each test, without a rate limit."""
    with _make_sandbox(request) as sandbox:
        if _has_console(request.config):
            _print_console(request, sandbox)
        yield sandbox


@pytest.fixture
def videsk(videsk_sandbox: Sandbox) -> Iterator[Videsk]:
    """A blocking client on `videsk_sandbox`."""
    from ._sandbox_clients import make_client

    with make_client(videsk_sandbox) as client:
        yield client


@pytest.fixture
def async_videsk(videsk_sandbox: Sandbox) -> Iterator[AsyncVidesk]:
    """An awaited client on `videsk_sandbox`, for tests and fixtures of one event loop."""
    from ._sandbox_clients import make_async_client

    # Not an async fixture, which would belong to one plugin and one loop scope. A connection can
    # only be closed in the loop that opened it, which may be another one.
    client, close = make_async_client(videsk_sandbox)
    yield client
    close()


def _make_sandbox(request: pytest.FixtureRequest) -> Sandbox:
    from .sandbox import Sandbox

    config = request.config
    arguments: dict[str, Any] = {"rate": _configured_rate(config)}
    for marker in reversed(list(request.node.iter_markers(_MARKER))):
        if marker.args:
            raise pytest.UsageError(
                f"@pytest.mark.{_MARKER} takes keyword arguments, such as rate=20"
            )
        arguments |= marker.kwargs
    if _has_console(config):
        arguments["console"] = True
    try:
        return Sandbox(**arguments)
    except ImportError as error:  # its message says what to install
        pytest.fail(str(error), pytrace=False)


def _configured_rate(config: pytest.Config) -> int | None:
    value = str(config.getini(_RATE)).strip()
    if value == "off":
        return None
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise pytest.UsageError(f"{_RATE} = {value}: give requests per second, 1 or more, or 'off'")


def _has_console(config: pytest.Config) -> bool:
    return bool(config.getoption("--videsk-console") or config.getini(_CONSOLE))


def _print_console(request: pytest.FixtureRequest, sandbox: Sandbox) -> None:
    """Print the console's URL immediately, bypassing pytest's capture."""
    capturing: Any = request.config.pluginmanager.getplugin("capturemanager")
    with contextlib.nullcontext() if capturing is None else capturing.global_and_fixture_disabled():
        print(f"\n{request.node.nodeid}: console at {sandbox.console_url}", flush=True)
