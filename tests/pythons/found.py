"""Finds the Pythons of this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .interpreter import Interpreter

OLDEST = (3, 10)
_ASK = (
    "import sys, sysconfig, venv, ensurepip; "
    "free = 't' * bool(sysconfig.get_config_var('Py_GIL_DISABLED')); "
    "version = '.'.join(map(str, sys.version_info[:3])); "
    "print(sys.implementation.name, sys.version_info.releaselevel, version + free)"
)


def find_interpreters() -> list[Interpreter]:
    """Find all released CPythons from 3.10 on, on the path and pyenv's; the oldest is the first."""
    found: dict[str, Interpreter] = {}
    for program in _candidates():
        interpreter = ask(program)
        if interpreter is not None and interpreter.series >= OLDEST:
            found.setdefault(interpreter.version, interpreter)
    return sorted(found.values(), key=lambda each: each.series)


def ask(program: str, root: Path | None = None) -> Interpreter | None:
    """Ask a program which Python it is; `None` where it is none that the suite runs on."""
    inside = [] if root is None else ["chroot", str(root)]
    asked = subprocess.run(
        [*inside, program, "-c", _ASK], capture_output=True, encoding="utf-8", check=False
    )
    words = asked.stdout.split()
    if asked.returncode != 0 or words[:2] != ["cpython", "final"]:
        return None
    return Interpreter(words[2], program, root)


def _candidates() -> list[str]:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    found = [*pyenv.glob("versions/*/bin/python")]
    for folder in folders:
        found += [
            path
            for path in folder.glob("python3*")
            if path.name.removeprefix("python3")[:1] in ("", ".")
        ]
    return [str(path) for path in found if os.access(path, os.X_OK) and path.suffix != ".py"]
