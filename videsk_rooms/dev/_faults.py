"""`/dev/v1/faults`: scripts failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms._emulator.fault import KINDS
from videsk_rooms.dev._answers import answer, read_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from videsk_rooms._emulator.faults import Faults
    from videsk_rooms._emulator.parts import SandboxParts

MAX_SCRIPTED = 1000
_MAX_SECONDS = 3600
_MAX_SIZE = 1024 * 1024 * 1024
_NUMBER = (int, float)
# The fields specific to each kind, and their types.
_FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "status": {"status": int, "message": str, "retryAfter": int, "processed": bool},
    "html": {"status": int, "processed": bool},
    "drop-before": {"reset": bool},
    "drop-after": {"reset": bool},
    "delay": {"seconds": _NUMBER},
    "truncated": {"keep": _NUMBER},
    "garbage": {"status": int, "processed": bool},
    "garbage-line": {"processed": bool},
    "empty": {"status": int, "processed": bool},
    "answer": {"status": int, "headers": dict, "body": str, "processed": bool},
    "enormous": {"size": int, "gzip": bool, "processed": bool},
}
_SCRIPTED = {"kind": str, "on": (str, list), "times": int, "every": int}
_SHARED = {"kind": str, "kinds": list, "on": (str, list), "share": _NUMBER}
_KNOWN = frozenset({*_SCRIPTED, *_SHARED, *(name for each in _FIELDS.values() for name in each)})


class FaultEndpoints:
    """Shows the pending faults, and adds to them."""

    def __init__(self, parts: SandboxParts) -> None:
        self._parts = parts

    async def show(self, _request: web.BaseRequest) -> web.Response:
        """Handle `GET /dev/v1/faults`."""
        return answer(self.content())

    async def add(self, request: web.BaseRequest) -> web.Response:
        """Handle `POST /dev/v1/faults`."""
        content = await read_body(request, _KNOWN)
        with self._parts.lock:
            try:
                if "share" in content:
                    self._add_share(content)
                else:
                    self._add_scripted(content)
            except ValueError as error:
                raise RefusedError(400, str(error)) from None
            return answer(self.content(), 201)

    async def clear(self, request: web.BaseRequest) -> web.Response:
        """Handle `DELETE /dev/v1/faults`."""
        await read_body(request, ())
        self._parts.faults.clear()
        return answer(self.content())

    def content(self) -> dict[str, object]:
        """Return the pending faults in the format of `/dev/v1`."""
        with self._parts.lock:
            script = self._parts.script
            pending = [
                {
                    "kind": entry.fault.kind,
                    "on": None if entry.on is None else sorted(entry.on),
                    "left": entry.remaining_uses,
                    "every": entry.every,
                    "status": None if entry.fault.reply is None else entry.fault.reply.status,
                }
                for entry in script.scripted
            ]
            chance = script.random
            shared = None
            if chance is not None:
                shared = {
                    "share": chance.share,
                    "kinds": list(chance.kinds),
                    "on": None if chance.on is None else sorted(chance.on),
                }
            return {"pending": pending, "random": shared}

    def _add_share(self, content: dict[str, Any]) -> None:
        _check(content, _SHARED)
        if "kind" in content and "kinds" in content:
            raise RefusedError(400, "give kind or kinds, not both")
        kinds = [content["kind"]] if "kind" in content else content.get("kinds")
        _check_words("kinds", kinds)
        _check_words("on", content.get("on"))
        self._parts.faults.random(content["share"], on=content.get("on"), kinds=kinds)

    def _add_scripted(self, content: dict[str, Any]) -> None:
        kind = content.get("kind")
        if kind not in KINDS:
            raise RefusedError(400, f"kind must be one of {', '.join(KINDS)}")
        if len(self._parts.script.scripted) >= MAX_SCRIPTED:
            raise RefusedError(409, f"{MAX_SCRIPTED} faults are scripted already; clear them")
        _check(content, {**_SCRIPTED, **_FIELDS[kind]}, nullable=("on", "times"))
        _check_words("on", content.get("on"))
        own = {name: value for name, value in content.items() if name not in _SCRIPTED}
        common = {name: value for name, value in content.items() if name in _SCRIPTED}
        common.pop("kind")
        _ADD[kind](self._parts.faults, own, common)


def _status(faults: Faults, own: dict[str, Any], common: dict[str, Any]) -> None:
    retry_after = own.pop("retryAfter", None)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    faults.status(own.pop("status", 503), headers=headers, **own, **common)


def _html(faults: Faults, own: dict[str, Any], common: dict[str, Any]) -> None:
    faults.status(own.pop("status", 403), html=True, **own, **common)


def _drop_before(faults: Faults, own: dict[str, Any], common: dict[str, Any]) -> None:
    faults.drop("before", **own, **common)


def _drop_after(faults: Faults, own: dict[str, Any], common: dict[str, Any]) -> None:
    faults.drop("after", **own, **common)


def _delay(faults: Faults, own: dict[str, Any], common: dict[str, Any]) -> None:
    seconds = own.get("seconds", 1)
    if not 0 <= seconds <= _MAX_SECONDS:
        raise RefusedError(400, f"seconds must be 0 to {_MAX_SECONDS}")
    faults.delay(seconds, **common)


def _answer(faults: Faults, own: dict[str, Any], common: dict[str, Any]) -> None:
    headers, body = own.pop("headers", {}), own.pop("body", "")
    lines = [text for pair in headers.items() for text in pair]
    # Otherwise aiohttp would refuse it when sending, and respond 500 instead.
    if not all(isinstance(text, str) and text.isprintable() and text.isascii() for text in lines):
        raise RefusedError(400, "headers must be strings of printable ASCII")
    status = own.pop("status", 200)
    faults.answer(status, headers=headers, body=body.encode(errors="replace"), **own, **common)


def _enormous(faults: Faults, own: dict[str, Any], common: dict[str, Any]) -> None:
    if own.get("size", 1) > _MAX_SIZE:
        raise RefusedError(400, f"size must be at most {_MAX_SIZE} bytes")
    faults.enormous(**own, **common)


_ADD: dict[str, Callable[[Faults, dict[str, Any], dict[str, Any]], None]] = {
    "status": _status,
    "html": _html,
    "drop-before": _drop_before,
    "drop-after": _drop_after,
    "delay": _delay,
    "truncated": lambda faults, own, common: faults.truncated(**own, **common),
    "garbage": lambda faults, own, common: faults.garbage(**own, **common),
    "garbage-line": lambda faults, own, common: faults.garbage_line(**own, **common),
    "empty": lambda faults, own, common: faults.empty(**own, **common),
    "answer": _answer,
    "enormous": _enormous,
}


def _check(
    content: dict[str, Any],
    types: dict[str, Any],
    *,
    nullable: tuple[str, ...] = ("on",),
) -> None:
    for name, value in content.items():
        if name not in types:
            kind = content.get("kind", "a share")
            raise RefusedError(400, f"{kind} takes no {name}; give some of {', '.join(types)}")
        if value is None and name in nullable:
            continue
        wanted = types[name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise RefusedError(400, f"{name} has the wrong type")


def _check_words(name: str, value: object) -> None:
    if isinstance(value, list) and not all(isinstance(each, str) for each in value):
        raise RefusedError(400, f"{name} must be a list of strings")
