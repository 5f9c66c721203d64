"""Where the code of the documents is run: against a sandbox, as a reader would type it.

- A page is a story. Its blocks run from top to bottom, share their names and share one sandbox.
  `VIDESK_API_TOKEN` and `VIDESK_BASE_URL` point at the sandbox, so that `Videsk()` reaches it.
- `videsk` is there in every block, whatever the blocks before did to it: an `AsyncVidesk` where a
  block awaits at its top level, else a `Videsk`. Anything else must be imported on the page.
- A docstring is a story of its own. It also has `sandbox`, the running one, and the names of
  `NAMES_IN_DOCSTRINGS`, which whoever reads the docstring has at hand.
- A block with a title, such as `title="tickets.py"`, is also written into a file of that name, in
  the story's own folder, which is the current one. A block titled `test_….py` is not run as it
  stands but by pytest, without any other file of this suite; so is one that defines test functions,
  or classes with them.
- A block that shows a file of `docs/examples` is only written: an application is run by its server,
  which `tests/conformance` does. Tests of the story find the other files there too.
- What a block prints, and logs once it has set up logging, is given back; for one that pytest runs,
  that is pytest's own report.
- What clients and sandboxes a block leaves behind are closed when its story ends, and the
  loggers are as before.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import logging
import os
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videsk_rooms import AsyncVidesk, Videsk
from videsk_rooms.sandbox import Sandbox

from .blocks import EXAMPLES, blocks_of, with_what_is_shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from .blocks import Block

NAMES_IN_DOCSTRINGS = {
    "AsyncVidesk": AsyncVidesk,
    "Sandbox": Sandbox,
    "Videsk": Videsk,
    "timedelta": timedelta,
}


@contextmanager
def story(name: str, **names: object) -> Iterator[Story]:
    """Begin a story, and clean up at its end."""
    begun = Story(name, **names)
    try:
        yield begun
    finally:
        begun.close()


def printed_and_shown(page: Path) -> Iterator[tuple[str, Block | None]]:
    """Run the Python of a page from top to bottom; give what each block printed, and its `text`."""
    blocks = blocks_of(page.read_text(encoding="utf-8"))
    with story(str(page)) as told:
        for block, shown in with_what_is_shown(blocks, "python"):
            yield told.run(block), shown


class Story:
    """Runs blocks one after another."""

    def __init__(self, name: str, **names: object) -> None:
        self._name = name
        self._names: dict[str, Any] = {"__name__": "__main__", **names}
        self._left_behind: list[object] = []
        self._loop = asyncio.new_event_loop()
        self._logger = logging.getLogger("videsk_rooms")
        self._level = self._logger.level
        # pytest's own handlers would keep `logging.basicConfig()` from doing anything.
        self._handlers, logging.root.handlers = logging.root.handlers, []

    def run(self, block: Block) -> str:
        """Run a block; give what it printed."""
        if block.title is not None:
            file = Path(block.title)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.code, encoding="utf-8")
        if block.example is not None:
            return ""
        if _defines_tests(block.code):
            return _run_by_pytest(block)
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            self._execute(block)
        return printed.getvalue()

    def _execute(self, block: Block) -> None:
        code = _compiled(block, self._name)
        awaits = bool(code.co_flags & inspect.CO_COROUTINE)
        self._names["videsk"] = AsyncVidesk() if awaits else Videsk()
        self._note()
        outcome = eval(code, self._names)
        if awaits:
            self._loop.run_until_complete(outcome)
        self._note()

    def _note(self) -> None:
        known = (AsyncVidesk, Videsk, Sandbox)
        self._left_behind += [value for value in self._names.values() if isinstance(value, known)]

    def close(self) -> None:
        """Close what was left behind, and the loop; be quiet again."""
        self._logger.setLevel(self._level)
        logging.root.handlers = self._handlers
        for value in self._left_behind:
            if isinstance(value, AsyncVidesk):
                self._loop.run_until_complete(value.close())
            elif isinstance(value, Videsk):
                value.close()
            elif isinstance(value, Sandbox):
                value.stop()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


def _compiled(block: Block, name: str) -> CodeType:
    # The empty lines make tracebacks name the line of the page.
    source = "\n" * (block.line - 1) + block.code
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: CodeType = compile(source, name, "exec", flags=flags, dont_inherit=True)
    return code


def _defines_tests(code: str) -> bool:
    tree = compile(code, "block", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(tree, ast.Module)
    cases = [statement for statement in tree.body if isinstance(statement, ast.ClassDef)]
    return any(
        isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        and statement.name.startswith("test_")
        for statement in (*tree.body, *(each for case in cases for each in case.body))
    )


def _run_by_pytest(block: Block) -> str:
    path = Path(block.title or "test_block.py")
    path.write_text(block.code, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"),
            *("-p", "pytest_asyncio.plugin", "-p", "videsk_rooms.pytest_plugin"),
            *("-o", "asyncio_default_fixture_loop_scope=function", str(path)),
        ],
        env={
            **os.environ,
            # To load all that is installed here takes as long as the rest.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": f"{EXAMPLES}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout, done.stdout
    return done.stdout
