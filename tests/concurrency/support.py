"""What runs the programs of this folder, each in a process of its own."""

from __future__ import annotations

from pathlib import Path

from tests.support import printed_by

_ROOT = Path(__file__).parents[2]
_PROGRAM = "import sys; from tests.concurrency.{} import main; main(*sys.argv[1:])"


def ends_well(module: str, *arguments: str, options: tuple[str, ...] = ()) -> None:
    """Call `main` of a module of this folder: its process ends with 0, and says nothing."""
    assert printed_by(*options, "-c", _PROGRAM.format(module), *arguments, cwd=_ROOT) == ""
