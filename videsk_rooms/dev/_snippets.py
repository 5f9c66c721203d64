"""Writes a request as a curl command, and as Python with this package.

Neither contains the token: both read it from `VIDESK_API_TOKEN`.
"""

from __future__ import annotations

import json
import pprint
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode

from videsk_rooms._emulator.validation import find_problem

if TYPE_CHECKING:
    from videsk_rooms._emulator.log import RequestRecord

_SHOWN_BYTES = 64 * 1024
_TIMES = frozenset({"exp", "nbf"})
_NAMES = {
    "name": "name",
    "externalId": "external_id",
    "exp": "exp",
    "nbf": "nbf",
    "settings": "settings",
    "ended": "ended",
}
_LIST_NAMES = {"$limit": "limit", "$skip": "skip", "externalId": "external_id", "ended": "ended"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_ROOM = re.compile(r"/vpaas/rooms/([^/]+)", re.ASCII)
_RAW = "# {reason}\nresponse = videsk.request({arguments})\nprint(response.status, response.body)"


def as_curl(record: RequestRecord) -> str:
    """Write a request as a curl command."""
    target = record.path + (f"?{urlencode(record.query)}" if record.query else "")
    words = [
        "curl",
        *(["-I"] if record.method == "HEAD" else ["-X", shlex.quote(record.method)]),
        f'"$VIDESK_BASE_URL"{shlex.quote(target)}',
        '-H "Authorization: Bearer $VIDESK_API_TOKEN"',
    ]
    if record.body:
        declared = record.headers.get("Content-Type", "application/octet-stream")
        words.append(f"-H {shlex.quote(f'Content-Type: {declared}')}")
        body = record.body[:_SHOWN_BYTES].decode(errors="replace").replace("\0", "�")
        words.append(f"--data-binary {shlex.quote(body)}")
    return " ".join(words)


def as_python(record: RequestRecord) -> str:
    """Write a request as a program that uses this package."""
    call = _call(record)
    imports = "from videsk_rooms import Videsk\n"
    if "datetime." in call:
        imports = f"from datetime import datetime\n\n{imports}"
    body = "\n".join(f"    {line}" for line in call.splitlines())
    return f"{imports}\nwith Videsk() as videsk:\n{body}\n"


def _call(record: RequestRecord) -> str:
    match = _ROOM.match(record.path)
    room = repr(unquote(match[1])) if match else ""
    simple = {
        "get": f"room = videsk.rooms.get({room})",
        "delete": f"videsk.rooms.delete({room})",
        "join": f"access = videsk.rooms.join({room})",
    }
    if record.operation in simple and not record.query:
        return simple[record.operation]
    written = None
    if record.operation == "create":
        written = _with_fields("room = videsk.rooms.create", [], record)
    elif record.operation == "update":
        written = _with_fields("room = videsk.rooms.update", [room], record)
    elif record.operation == "list":
        written = _listing(record)
    elif record.operation == "stats":
        written = _stats(room, record)
    return written or _raw(record)


def _with_fields(function: str, arguments: list[str], record: RequestRecord) -> str | None:
    """Write a call with the fields of a body; return `None` if the method does not take them."""
    content = None if record.query or _why_left_out(record.body) else record.json
    if not isinstance(content, dict) or not content.keys() <= _NAMES.keys():
        return None
    for name, value in content.items():
        written = pprint.pformat(value, sort_dicts=False)
        if name in _TIMES:
            if not isinstance(value, str) or not _INSTANT.fullmatch(value):
                return None
            written = f"datetime.fromisoformat({value.replace('Z', '+00:00')!r})"
        arguments.append(f"{_NAMES[name]}={written}")
    return f"{function}({', '.join(arguments)})"


def _listing(record: RequestRecord) -> str | None:
    arguments = []
    for name, value in record.query:
        if match := re.fullmatch(r"\$sort\[(\w+)\]", name):
            if value not in ("1", "-1"):
                return None
            arguments.append(f"sort={{{match[1]!r}: {value}}}")
        elif name not in _LIST_NAMES:
            return None
        elif name == "externalId":
            arguments.append(f"external_id={value!r}")
        elif name == "ended" and value in ("true", "false"):
            arguments.append(f"ended={value.title()}")
        elif re.fullmatch(r"[0-9]{1,9}", value) and name != "ended":
            arguments.append(f"{_LIST_NAMES[name]}={int(value)}")
        else:
            return None
    if len({each.partition("=")[0] for each in arguments}) != len(arguments):
        return None  # a name was given twice
    return f"page = videsk.rooms.list({', '.join(arguments)})"


def _stats(room: str, record: RequestRecord) -> str | None:
    views = [value for name, value in record.query if name == "view"]
    if len(views) != len(record.query) or len(views) > 1:
        return None
    view = "".join(f", view={value!r}" for value in views)
    return f"stats = videsk.rooms.stats({room}{view})"


def _raw(record: RequestRecord) -> str:
    """Write a request for which there is no method."""
    arguments = [repr(record.method), repr(record.path)]
    if record.query:
        arguments.append(f"query={dict(record.query)!r}")
    reason = "No method sends this."
    if record.body:
        left_out = _why_left_out(record.body)
        if left_out is None:
            arguments.append(f"json={record.json!r}")
        else:
            reason = f"{left_out}: it is left out."
    return _RAW.format(reason=reason, arguments=", ".join(arguments))


def _why_left_out(body: bytes) -> str | None:
    """Return why a body cannot be written as Python, or `None` if it can."""
    if len(body) > _SHOWN_BYTES:
        return "The body is too long"
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return "The body is not JSON"
    # Python's parser nests about a hundred brackets, and reads neither `nan` nor `inf` as a number.
    problem = find_problem(content)
    return None if problem is None else f"The body {problem}"
