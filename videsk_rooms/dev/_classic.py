"""The Browser SDK's stand-in as a classic script, built from its modules on request."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "sdk"
_ENTRY = "webrtc.js"
_IMPORT = re.compile(r'^import .* from "\./(?P<file>[\w.-]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def classic_script() -> bytes:
    """Return the script that defines the global `WebRTC`.

    The modules share one function scope, so their top-level names must be unique.
    """
    body = "\n".join(_without_modules(name) for name in modules())
    # Evaluated while the script runs, because later, in a method, currentScript is null.
    body = body.replace("import.meta.url", "document.currentScript.src")
    return f'(() => {{\n"use strict";\n{body}\nglobalThis.WebRTC = WebRTC;\n}})();\n'.encode()


def modules(name: str = _ENTRY) -> list[str]:
    """Return a module and all that it needs, each after its own imports."""
    found: dict[str, None] = {}
    for imported in _IMPORT.finditer(_read(name)):
        found.update(dict.fromkeys(modules(imported["file"])))
    return [*found, name]


def _without_modules(name: str) -> str:
    return _EXPORT.sub("", _IMPORT.sub("", _read(name)))


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
