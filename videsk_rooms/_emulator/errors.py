"""Error responses in Feathers' format (docs/api.md, Errors)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from videsk_rooms._emulator.messages import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES = {
    400: "BadRequest",
    401: "NotAuthenticated",
    402: "PaymentError",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    408: "Timeout",
    409: "Conflict",
    410: "Gone",
    411: "LengthRequired",
    422: "Unprocessable",
    429: "TooManyRequests",
    500: "GeneralError",
    501: "NotImplemented",
    502: "BadGateway",
    503: "Unavailable",
}


class RefusedError(Exception):
    """The API refuses the request."""

    def __init__(self, status: int, message: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.errors = dict(errors or {})


def error_reply(
    status: int,
    message: str,
    *,
    errors: Mapping[str, object] | Sequence[object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Build a Feathers error response; a status without a Feathers name is `FeathersError`."""
    name = NAMES.get(status, "FeathersError")
    content = {
        "name": name,
        "message": message,
        "code": status,
        "className": _class_name(name),
        "errors": {} if errors is None else errors,
    }
    return json_reply(status, content, headers)


def _class_name(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
