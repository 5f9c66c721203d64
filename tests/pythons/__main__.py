"""`python -m tests.pythons`: the suite on every CPython, and a table of what passed.

    python -m tests.pythons                          # those that are found here
    python -m tests.pythons --debian /srv/unstable   # 3.14 and 3.15, too; as root, with debootstrap
    python -m tests.pythons --only 3.15 -- tests/http

What follows `--` goes to pytest.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

from .debian import SERIES, debian
from .found import find_interpreters
from .interpreter import Interpreter, Result, run_suite


def main() -> int:
    """Run the suite on each Python; 1 when a test failed on one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.pythons")
    parser.add_argument("--debian", type=Path, help="a folder for Debian's unstable suite")
    parser.add_argument("--only", action="append", help="such as 3.14; may be repeated")
    parser.add_argument("pytest", nargs="*", help="arguments of pytest, after --")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        interpreters = find_interpreters()
        if options.debian is not None:
            wanted = [each for each in SERIES if not options.only or each in options.only]
            interpreters += stack.enter_context(debian(options.debian.resolve(), wanted))
        chosen = [each for each in interpreters if _is_wanted(each, options.only)]
        if not chosen:
            print("no CPython of 3.10 or later was found", file=sys.stderr)
            return 1
        results = [_run_in_new_folder(each, options.pytest) for each in chosen]
    _show(results)
    return int(any(each.failed or each.problem for each in results))


def _is_wanted(interpreter: Interpreter, only: list[str] | None) -> bool:
    return not only or any(interpreter.version.startswith(f"{each}.") for each in only)


def _run_in_new_folder(interpreter: Interpreter, arguments: list[str]) -> Result:
    parent = None if interpreter.root is None else interpreter.root / "root"
    folder = Path(tempfile.mkdtemp(prefix="suite-", dir=parent))
    try:
        return run_suite(interpreter, folder, arguments)
    finally:
        shutil.rmtree(folder)


def _show(results: list[Result]) -> None:
    print("\n| Python | from | passed | failed | skipped | seconds |\n|---|---|--:|--:|--:|--:|")
    for each in results:
        if each.problem is not None:
            print(
                f"| {each.interpreter.version} | {each.interpreter.where} | {each.problem} | | | |"
            )
            continue
        print(
            f"| {each.interpreter.version} | {each.interpreter.where} | {each.passed:,} "
            f"| {len(each.failed)} | {each.skipped} | {each.seconds:.0f} |"
        )
    for each in results:
        for name in each.failed:
            print(f"failed on {each.interpreter.version}: {name}")


if __name__ == "__main__":
    sys.exit(main())
