"""docs/guide/command-line.md: what it types is run, what it shows is compared.

A block of `sh` is run as it stands, against an account that is a sandbox. A block of `text` after
it is what the terminal then shows; times, which are never the same, are compared by form only. A
block with a title is a file of that name.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.support import account as variables
from tests.cli.support import called_on_a_terminal, environment
from tests.waiting import PATIENCE
from videsk_rooms.sandbox import Sandbox

from .blocks import DOCS, Block, blocks_of, by_form, with_what_is_shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.any_python("what a command shows, tests/cli shows on every Python")

# Only the English page: tests/docs/test_translations.py holds the Spanish one to the same code.
PAGE = (DOCS / "guide" / "command-line.md").read_text(encoding="utf-8")
BLOCKS = blocks_of(PAGE)
TYPED = with_what_is_shown(BLOCKS, "sh")

_OF_THE_SHELL = set("|><$;&")


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """The account of the page, whose ids are those of this seed."""
    monkeypatch.chdir(tmp_path)
    for block in blocks_of(PAGE):
        if block.title:
            (tmp_path / block.title).write_text(block.code, encoding="utf-8")
    with Sandbox(seed=7) as sandbox:
        yield sandbox


def for_a_shell(block: Block) -> bool:
    return bool(_OF_THE_SHELL & set(block.code))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_what_is_typed_shows_what_the_page_shows(seeded: Sandbox) -> None:
    """From top to bottom, every command with exit code 0."""
    for block, shown in TYPED:
        if for_a_shell(block):
            continue
        came = ""
        for line in block.code.splitlines():
            program, *arguments = shlex.split(line)
            assert program == "videsk-rooms"
            done = called_on_a_terminal(*arguments, env={"TERM": "dumb", **variables(seeded)})
            assert done.returncode == 0, f"line {block.line}: {done.stdout}"
            came += done.stdout.replace("\r\n", "\n")
        if shown is not None:
            assert by_form(came) == by_form(shown.code)


@pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("jq")), reason="bash or jq is not installed"
)
@pytest.mark.parametrize(
    "block", [block for block, _ in TYPED if for_a_shell(block)], ids=lambda it: it.line
)
def test_what_is_for_a_shell_runs_in_one(seeded: Sandbox, tmp_path: Path, block: Block) -> None:
    """Also twice: for what it finds the first time and what it finds then."""
    program = tmp_path / "bin" / "videsk-rooms"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m videsk_rooms.cli "$@"\n')
    program.chmod(0o755)
    seeded.add_room(external_id="theirs")
    seeded.add_room(external_id="appointment-9", name="Check-up")
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    for _ in range(2):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.code],
            env=environment({**variables(seeded), "PATH": path}),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    open_threads = [room["externalId"] for room in seeded.rooms if not room["ended"]]
    if "rooms end" in block.code:
        assert open_threads == ["theirs"]
    else:
        assert open_threads == ["theirs", "appointment-9", "appointment-8"]


def test_both_kinds_of_blocks_are_found() -> None:
    """No block hides from the tests above."""
    assert {for_a_shell(block) for block, _ in TYPED} == {False, True}
    assert any(shown for _, shown in TYPED)
