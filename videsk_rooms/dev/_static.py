"""Serves the package's files to browsers."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from videsk_rooms.dev._classic import classic_script

if TYPE_CHECKING:
    from collections.abc import Mapping

_HERE = Path(__file__).parent
# Names as in the package: no leading dot, no backslash, no percent-encoding.
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)?")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def serve_file(
    request: web.BaseRequest, folder: str, name: str, headers: Mapping[str, str]
) -> web.Response | None:
    """Respond with a file of `console`, `sdk` or `call`; return `None` if there is none."""
    content = read_file(folder, name)
    if content is None:
        return None
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    declared = {**headers, "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=declared)
    declared["Content-Type"] = _TYPES[Path(name).suffix]
    return web.Response(body=content, headers=declared)


def read_file(folder: str, name: str) -> bytes | None:
    """Read a file of the package; return `None` if there is none."""
    if (folder, name) == ("sdk", "webrtc.min.js"):
        return classic_script()  # built from the other files
    path = _HERE / folder / name
    if not _NAME.fullmatch(name) or path.suffix not in _TYPES or not path.is_file():
        return None
    return path.read_bytes()
