"""The package works where the system has none of the names that only POSIX has."""

from __future__ import annotations

import subprocess
import sys

# Imported before the names go: on this machine the standard library needs them itself.
_WITHOUT_POSIX = """
import asyncio, multiprocessing, os, selectors, signal, sqlite3, subprocess, sys, tempfile
import aiohttp, click, jwt, rich.console, rich.progress, typer, typer.rich_utils

for name in (
    "fork", "forkpty", "register_at_fork", "waitpid", "killpg", "getpgid", "setsid", "getuid",
    "geteuid", "fchmod", "sched_getaffinity", "posix_fadvise", "O_NOFOLLOW", "O_CLOEXEC",
    "O_DIRECTORY", "WNOHANG", "uname",
):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGPIPE", "SIGALRM", "SIGKILL", "SIGCHLD"):
    delattr(signal, name)
for name in ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog"):
    sys.modules[name] = None
selectors.DefaultSelector = selectors.SelectSelector
asyncio.AbstractEventLoop.add_signal_handler = None
"""

# An older typer on a click from 8.5 on is none of ours to mend.
_WARNINGS = ("-W", "error", "-W", "ignore:'click.utils:DeprecationWarning")


def _run(program: str, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, *_WARNINGS, "-c", _WITHOUT_POSIX + program, *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_both_clients_make_calls() -> None:
    """An awaited and a blocking call, a limit shared by file, and a sandbox work without POSIX."""
    said = _run("""
from videsk_rooms import AsyncVidesk, RateLimit, Videsk
from videsk_rooms.sandbox import Sandbox

async def awaited(sandbox, limit):
    async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url, rate_limit=limit) as videsk:
        return (await videsk.rooms.create(external_id="a")).external_id

with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
    limit = RateLimit(shared=f"file:{folder}/limit")
    with Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=limit) as videsk:
        print(asyncio.run(awaited(sandbox, limit)))
        print(videsk.rooms.get_by_external_id("a").external_id)
""")
    assert said.split() == ["a", "a"]


def test_the_demo_of_the_command_line_runs() -> None:
    """`videsk-rooms demo` comes to its end without POSIX."""
    said = _run(
        "from videsk_rooms.cli import main\nsys.argv = ['videsk-rooms', 'demo']\nmain()\n",
    )
    assert "all checked" in said
