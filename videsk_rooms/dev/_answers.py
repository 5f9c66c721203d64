"""Parses requests to `/dev/v1`, and writes the responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from videsk_rooms._emulator.errors import RefusedError
from videsk_rooms._emulator.messages import to_json
from videsk_rooms.dev._headers import COMMON_HEADERS

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_BODY = 256 * 1024
# Digits of a number in a query or a path. Python parses far longer ones, but slowly.
_MAX_DIGITS = 15


def answer(content: object, status: int = 200) -> web.Response:
    """Build a JSON response."""
    headers = {**COMMON_HEADERS, "Content-Type": "application/json; charset=utf-8"}
    return web.Response(status=status, body=to_json(content), headers=headers)


def refusal(error: RefusedError) -> web.Response:
    """Build an error response that says what was wrong."""
    details = "; ".join(f"{name} {problem}" for name, problem in error.errors.items())
    message = f"{error.message}: {details}" if details else error.message
    return answer({"message": message}, error.status)


async def read_body(request: web.BaseRequest, known: Collection[str]) -> dict[str, Any]:
    """Read a body that is an object with only `known` fields; an empty body is an empty object.

    Raises:
        RefusedError: The body is too large, not declared as JSON, not a JSON object, or has an
            unknown field.
    """
    # A page of another origin may send a form without a preflight, but not with this type.
    if request.content_type != "application/json":
        raise RefusedError(400, "declare the body as application/json")
    try:
        text = await _read_bounded(request)
        content = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError, web.RequestPayloadError) as error:
        raise RefusedError(400, f"the body is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise RefusedError(400, "the body must be an object")
    if unknown := [name for name in content if name not in known]:
        shown = json.dumps(unknown[0])[:80]
        raise RefusedError(400, f"unknown field {shown}; give some of {', '.join(sorted(known))}")
    return content


async def _read_bounded(request: web.BaseRequest) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            raise RefusedError(413, f"the body is larger than {MAX_BODY} bytes")
    return bytes(body)


def whole_number(text: str, name: str, most: int | None = None) -> int:
    """Parse a number of a query or a path, from 0 to `most`.

    Raises:
        RefusedError: The text is not such a number.
    """
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise RefusedError(400, f"{name} must be a whole number of 0 or more")
    return int(text) if most is None else min(int(text), most)
