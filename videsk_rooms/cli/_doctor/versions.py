"""Installed versions."""

from __future__ import annotations

import platform
from importlib import metadata

import videsk_rooms

from .report import Finding, ok

_NEEDED = ("aiohttp", "attrs", "cattrs", "anyio")
# What of each extra does the work.
_EXTRAS = {
    "cli": ("rich", "typer"),
    "fast": ("orjson",),
    "otel": ("opentelemetry-api",),
    "redis": ("redis",),
    "sandbox": ("PyJWT",),
}


def installed() -> Finding:
    """Report the versions that a bug report needs."""
    optional = [package for packages in _EXTRAS.values() for package in packages]
    found = {package: _version(package) for package in (*_NEEDED, *optional)}
    there = [f"{name} {found[name]}" for name in optional if found[name]]
    missing = [name for name in optional if not found[name]]
    text = (
        f"videsk-rooms {videsk_rooms.__version__}, Python {platform.python_version()}, "
        f"aiohttp {found['aiohttp']}; of the extras {', '.join(there)}"
    )
    if missing:
        text += f"; not there: {', '.join(missing)}"
    own = {"videsk-rooms": videsk_rooms.__version__, "Python": platform.python_version()}
    return ok("versions", text, **own, **found)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
