"""Plain data between the parts: requests and responses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import CIMultiDictProxy

Operation = Literal["create", "list", "get", "update", "delete", "join", "stats"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)


@dataclass(frozen=True)
class Incoming:
    """A request as it arrived; without its body, if that is too large or cannot be decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: CIMultiDictProxy[str]
    body: bytes
    remote: str
    too_large: bool = False
    broken: bool = False


@dataclass(frozen=True)
class Reply:
    """A response to send."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(status: int, content: object, headers: Mapping[str, str] | None = None) -> Reply:
    """Build a JSON response from `content`."""
    declared = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(status, to_json(content), {**declared, **(headers or {})})


def to_json(content: object) -> bytes:
    """Encode `content` as compact JSON in UTF-8."""
    try:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 can only carry as an escape
        return json.dumps(content, separators=(",", ":")).encode()
