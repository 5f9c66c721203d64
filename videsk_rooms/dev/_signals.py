"""Parses and checks the signalling messages that a browser may send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_MESSAGE_BYTES = 64 * 1024  # a description of a whole connection has about 8 KiB
MAX_CHAT_CHARACTERS = 4000
MAX_ALIAS_CHARACTERS = 100
_MAX_ID_CHARACTERS = 100
_MAX_WORD_CHARACTERS = 40
_MAX_FIELDS = 80
_MAX_FIELD_CHARACTERS = 500
# Larger than any counter of a browser, and small enough that sums and rates stay finite.
_MAX_NUMBER = 1e18

Message = dict[str, Any]


class MalformedError(Exception):
    """A message breaks the protocol; the text says how."""


def read_message(text: str) -> Message:
    """Parse a message of somebody in a room, keeping only the protocol's fields.

    Raises:
        MalformedError: It is not JSON, has no known type, or lacks a field.
    """
    message = _object(text)
    kind = message.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise MalformedError("unknown type")
    return {"type": kind, **reader(message)}


def read_enter(text: str) -> tuple[str, str | None]:
    """Parse the first message; return the token, and the alias if there is one."""
    message = _object(text)
    if message.get("type") != "enter":
        raise MalformedError("the first message must be of type enter")
    alias = message.get("alias")
    if alias is not None:
        alias = _text(message, "alias", MAX_ALIAS_CHARACTERS).strip() or None
    token = message.get("token")
    return (token if isinstance(token, str) else ""), alias  # not a string: refused as malformed


def _object(text: str) -> Message:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedError("not JSON") from None
    if not isinstance(message, dict):
        raise MalformedError("not an object")
    return message


def _signal(message: Message) -> Message:
    data = message.get("data")
    if not isinstance(data, dict):
        raise MalformedError("data is not an object")
    if "description" in data:
        return {"to": _id(message, "to"), "data": {"description": _description(data)}}
    return {"to": _id(message, "to"), "data": {"candidate": _candidate(data)}}


def _description(data: Message) -> Message:
    description = data["description"]
    if not isinstance(description, dict) or description.get("type") not in ("offer", "answer"):
        raise MalformedError("description is neither an offer nor an answer")
    return {"type": description["type"], "sdp": _text(description, "sdp", MAX_MESSAGE_BYTES)}


def _candidate(data: Message) -> Message:
    candidate = data.get("candidate")
    if not isinstance(candidate, dict) or not _is_scalars(candidate):
        raise MalformedError("candidate is not one")
    return candidate


def _media(message: Message) -> Message:
    stream = message.get("stream")
    flags = {name: message.get(name) is True for name in ("screen", "video", "audio")}
    return {**flags, "stream": None if stream is None else _id(message, "stream")}


def _chat(message: Message) -> Message:
    return {"text": _text(message, "text", MAX_CHAT_CHARACTERS)}


def _quality(message: Message) -> Message:
    words = {name: _word(message, name) for name in ("status", "quality", "origin")}
    severity = message.get("severity")
    return {
        **words,
        "severity": None if severity is None else _word(message, "severity"),
        "value": _number(message.get("value")),
        "timestamp": _number(message.get("timestamp")),
    }


def _stats(message: Message) -> Message:
    stats = message.get("stats")
    if not isinstance(stats, dict) or not _is_scalars(stats):
        raise MalformedError("stats is not an object of plain values")
    return {"to": _id(message, "to"), "stats": stats}


def _leave(_message: Message) -> Message:
    return {}


_READERS: Mapping[str, Callable[[Message], Message]] = {
    "signal": _signal,
    "media": _media,
    "chat": _chat,
    "quality": _quality,
    "stats": _stats,
    "leave": _leave,
}


def _text(message: Message, name: str, longest: int) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise MalformedError(f"{name} is not a text of 1 to {longest} characters")
    return value


def _id(message: Message, name: str) -> str:
    return _text(message, name, _MAX_ID_CHARACTERS)


def _word(message: Message, name: str) -> str:
    return _text(message, name, _MAX_WORD_CHARACTERS)


def _number(value: object) -> float | None:
    if value is None:
        return None
    if not is_number(value):
        raise MalformedError("a number is not one")
    return value


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a finite number.

    Python reads and writes `NaN` and `Infinity` as JSON, but a browser accepts neither.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _MAX_NUMBER


def _is_scalars(fields: Message) -> bool:
    if len(fields) > _MAX_FIELDS:
        return False
    return all(
        value is None
        or isinstance(value, bool)
        or is_number(value)
        or (isinstance(value, str) and len(value) <= _MAX_FIELD_CHARACTERS)
        for value in fields.values()
    )
