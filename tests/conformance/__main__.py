"""The matrix by hand: `python -m tests.conformance`."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import redirect_stdout

import pytest

from .matrix import FOLDERS, Collector, versions


def _main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description=(
            "See in which places the client works: servers, frameworks, workers and notebooks, "
            "each for real. Other arguments are pytest's, such as -n auto."
        ),
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--marks", action="store_true", help="print as JSON what the tests are about, and run none"
    )
    given, for_pytest = parser.parse_known_args()
    arguments = ["-p", "tests.conformance.plugin", "-m", "shows", "-q", *for_pytest, *FOLDERS]
    if given.marks:
        arguments.append("--collect-only")
    collector = Collector()
    with redirect_stdout(sys.stderr if given.marks else sys.stdout):
        code = pytest.main(arguments, plugins=[collector])
    if given.marks:
        print(json.dumps(sorted((cell.place, cell.what) for cell in collector.marked)))
    else:
        matrix = collector.matrix
        print(f"\n{matrix.as_markdown() if given.markdown else matrix.as_text()}\n\n{versions()}")
    return int(code)


if __name__ == "__main__":
    sys.exit(_main())
