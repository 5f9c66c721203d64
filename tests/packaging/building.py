"""Building what is handed out."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Built:
    """The two files of a version."""

    sdist: Path
    wheel: Path

    @property
    def metadata(self) -> importlib.metadata.PathDistribution:
        """What the wheel says of itself."""
        name, version, *_ = self.wheel.name.split("-")
        inside = zipfile.Path(self.wheel, f"{name}-{version}.dist-info/")
        return importlib.metadata.PathDistribution(inside)


def built(source: Path, folder: Path) -> Built:
    """Build the source distribution of a checkout, and the wheel of that.

    Not in an environment of its own, which would take several times as long.
    """
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run(
        [*command, str(source)], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{source} cannot be built:\n{done.stdout}{done.stderr}")
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return Built(sdist, wheel)
