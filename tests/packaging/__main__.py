"""The checks before a release: `python -m tests.packaging`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tests.docs.blocks import ROOT

from .release import CHECKS, version_of

if TYPE_CHECKING:
    from pathlib import Path

_LEFT = """
Left for a person, as docs/releasing.md tells:
- `bash .ci/run` went through on this commit.
- The first time only: the name on PyPI, and the project at Read the Docs.
- Upload: python -m uv publish dist/*{version}*
- Push: git push && git push origin v{version}
"""


def main(root: Path = ROOT) -> int:
    """Print what holds and what does not, and what no program can see."""
    wrong = 0
    for what, check in CHECKS.items():
        complaints = list(check(root))
        wrong += len(complaints)
        print(f"{'wrong' if complaints else 'ok':5}  {what}")
        for complaint in complaints:
            print(f"       {complaint}")
    print(_LEFT.format(version=version_of(root)), end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m tests.packaging",
        description="See whether this commit can be handed out. Uploads and changes nothing.",
    ).parse_args()
    sys.exit(main())
