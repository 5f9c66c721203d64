"""`Sandbox(console=True)`: what the console adds to a sandbox, and what it leaves alone."""

from __future__ import annotations

import sys
import urllib.request

import pytest

from tests.dev import load
from tests.support import printed_by
from videsk_rooms import Videsk
from videsk_rooms.sandbox import Sandbox

from .server import Server


def test_it_says_where_the_console_and_the_stand_in_are(server: Server) -> None:
    """Both are served there."""
    sandbox = server.sandbox
    assert sandbox.console_url == f"{sandbox.url}/"
    for url in (sandbox.console_url, sandbox.sdk_url):
        with urllib.request.urlopen(url) as answer:
            assert answer.status == 200


def test_without_a_console_there_is_nothing_but_the_api() -> None:
    """And who asks where it is learns how to get it."""
    with Sandbox(rate=None) as sandbox:
        for path in ("/", "/dev/v1/state", "/sdk/webrtc.esm.js", "/call", "/exchange"):
            assert Server(sandbox).send("GET", path).json["name"] == "NotFound"
        for name in ("console_url", "sdk_url"):
            with pytest.raises(RuntimeError, match=r"Sandbox\(console=True\)"):
                getattr(sandbox, name)


def test_there_is_no_address_before_the_start() -> None:
    """As with `url`."""
    with pytest.raises(RuntimeError, match="no address yet"):
        _ = Sandbox(console=True).console_url


async def test_it_serves_within_a_loop_of_the_caller_s() -> None:
    """The server has a thread and a loop of its own."""
    async with Sandbox(console=True) as sandbox:
        assert Server(sandbox).get("/state")["requestsTotal"] == 0


def test_a_seeded_sandbox_is_the_same_with_a_console() -> None:
    """The console draws no ids and no tokens."""

    def made(*, console: bool) -> tuple[str, str]:
        with (
            Sandbox(seed=7, console=console) as sandbox,
            Videsk(sandbox.api_token, base_url=sandbox.url) as videsk,
        ):
            return sandbox.api_token, videsk.rooms.create().id

    assert made(console=True) == made(console=False)


def test_it_loads_nothing_of_the_client_and_only_if_asked_for() -> None:
    """A mistake in the client must not hide in what is tested against it."""
    program = (
        "import sys, videsk_rooms.sandbox\n"
        "before = set(sys.modules)\n"
        "videsk_rooms.sandbox.Sandbox(console={})\n"
        "print(*(m for m in sys.modules if m.startswith('videsk_rooms.')))"
    )
    loaded = {
        console: {name.split(".")[1] for name in printed_by("-c", program.format(console)).split()}
        for console in (True, False)
    }
    sandbox = {"_emulator", "_version", "sandbox"}
    assert loaded == {True: {*sandbox, "dev"}, False: sandbox}


@pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="the clock of a thread is one of Linux"
)
def test_what_a_console_costs_can_be_measured() -> None:
    """The events of all requests are read; the figures themselves depend on the machine."""
    result, size = load.run_round(800, console=True)
    assert result.wall > 0
    assert result.processor > 0
    assert size > 800 * 100
