"""docs/guide/develop-without-an-account.md, typed as it says: two tabs end in one call."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import MISSING, PROGRAM, Visits, running
from tests.cli.support import environment
from tests.dev.visitors import SWITCHES, Guest

from .blocks import DOCS, EXAMPLES, blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.any_python("the page and the browser are the same everywhere")

PAGE = DOCS / "guide" / "develop-without-an-account.md"
BLOCKS = blocks_of(PAGE.read_text(encoding="utf-8"))
TYPED = [line for block in BLOCKS if block.language == "sh" for line in block.code.splitlines()]
PRINTED = next(block.code for block in BLOCKS if block.language == "text")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@contextmanager
def started(*command: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the block is left; its standard output can be read."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=EXAMPLES,
        env=environment({**env, "PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()


def lines_until(process: subprocess.Popen[str], pattern: str) -> list[str]:
    """Read what a program prints, up to a line that matches."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if re.search(pattern, line):
            return lines
    raise AssertionError(f"it ended without {pattern!r}: {lines}")


def test_what_is_typed_brings_two_people_into_a_call() -> None:
    """Every command of the page, on free ports."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    install, serve, application = TYPED
    assert install.startswith("pip install '.[cli]' ")
    with started(*_module(serve), "--port", "0", env={}) as dev:
        printed = lines_until(dev, "VIDESK_SDK_URL")
        assert [_form(line) for line in printed] == [_form(line) for line in PRINTED.splitlines()]
        assert len({*_ADDRESS.findall("\n".join(printed))}) == 1
        exports = dict(_assigned(line) for line in printed if line.startswith("export "))
        with (
            started(*application.split(), "--port", "0", env=exports) as served,
            running(*SWITCHES) as browser,
        ):
            (page,) = _ADDRESS.findall(lines_until(served, "running on")[-1])
            visits = Visits(browser)
            guests = [Guest(visits, page), Guest(visits, page)]
            for guest in guests:
                guest.sees_moving("Guest")
            visits.end()


def test_the_page_names_what_the_command_answers() -> None:
    """The addresses of `--json`, in the text."""
    command = [sys.executable, "-m", "videsk_rooms", "dev", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment({})) as dev:
        assert dev.stdout is not None
        told = json.loads(dev.stdout.readline())
        dev.terminate()
    text = PAGE.read_text(encoding="utf-8")
    for url in (told["console_url"], told["sdk_url"]):
        assert _ADDRESS.sub("http://127.0.0.1:8910", url) in text


def _module(command: str) -> list[str]:
    program, *arguments = shlex.split(command)
    assert program == "videsk-rooms"
    return ["videsk_rooms", *arguments]


def _assigned(line: str) -> tuple[str, str]:
    name, _, value = line.removeprefix("export ").partition("=")
    return name, value


def _form(line: str) -> str:
    return re.sub(r"TOKEN=.*", "TOKEN=…", _ADDRESS.sub("<address>", line))
