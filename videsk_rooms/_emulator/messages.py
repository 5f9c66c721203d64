"""Plain data between the parts: what came in and what goes out."""

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
    """A request as it arrived; one that is too large, or cannot be decoded, without its body."""

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
    """An answer as it is to be sent."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(status: int, content: object, headers: Mapping[str, str] | None = None) -> Reply:
    """Wrap `content` as a JSON answer."""
    declared = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(status, to_json(content), {**declared, **(headers or {})})


def to_json(content: object) -> bytes:
    """Write `content` as compact JSON in UTF-8."""
    try:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a surrogate pair: only its escape can be sent
        return json.dumps(content, separators=(",", ":")).encode()
