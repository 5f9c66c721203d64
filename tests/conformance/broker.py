"""What is in a broker: everything, packed or not."""

from __future__ import annotations

import base64
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def everything_in(inside: Any) -> list[bytes]:
    """Read all keys and all that they hold; what is packed comes unpacked as well.

    Args:
        inside: A client of Redis, whose types do not tell that it answers in bytes.
    """
    return [
        text
        for key in inside.scan_iter()
        for value in (key, *_held_by(inside, key))
        for text in _unpacked(value)
    ]


def _held_by(inside: Any, key: bytes) -> Iterator[bytes]:
    kind = inside.type(key)
    if kind == b"string":
        yield inside.get(key) or b""
    elif kind == b"list":
        yield from inside.lrange(key, 0, -1)
    elif kind == b"set":
        yield from inside.smembers(key)
    elif kind == b"zset":
        yield from inside.zrange(key, 0, -1)
    elif kind == b"hash":
        yield from _flat(inside.hgetall(key).items())
    elif kind == b"stream":
        yield from _flat(field for _, entry in inside.xrange(key) for field in entry.items())
    else:
        assert kind == b"none", kind  # it has expired meanwhile


def _flat(fields: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    for field in fields:
        yield from field


def _unpacked(value: bytes) -> Iterator[bytes]:
    """A value as it is, and as it may be meant: RQ has base64 of what it has compressed."""
    yield value
    if value:
        with suppress(ValueError):
            yield from _unpacked(base64.b64decode(value, validate=True))
        with suppress(zlib.error):
            yield from _unpacked(zlib.decompress(value))
