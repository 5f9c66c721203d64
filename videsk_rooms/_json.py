"""JSON as bytes, by orjson where it is installed (extra `fast`), else by the standard library.

Both ways give the same results for whatever a server can send: strict UTF-8, no NaN, no lone
surrogates, integers beyond 64 bits as floats (to the server, which is JavaScript, all are), and
nothing nested so deep that Python could not compare or print it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from .models import JSONValue

__all__ = ["DEEPEST", "dumps", "is_deeper", "loads", "parse"]

# Python 3.10 recurses 1,000 times at most, the caller's own frames included. What MongoDB stores
# is nested 100 deep at most.
DEEPEST = 500
_TOO_DEEP = f"nested more than {DEEPEST} deep"
_ALL_BUT_OPENING_BRACKETS = bytes(set(range(256)) - set(b"[{"))

_INT64_DIGITS = 18
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1


def loads(body: bytes) -> JSONValue:
    """Read JSON.

    Raises:
        ValueError: It is not JSON, or nested more than 500 deep. The text may quote the body.
    """
    value = _read(body)
    if _may_be_too_deep(body) and is_deeper([value], DEEPEST + 1):
        raise ValueError(_TOO_DEEP)
    return value


def parse(body: bytes) -> JSONValue:
    """Read JSON for a caller who makes sure that what is kept of it is not nested too deep.

    Raises:
        ValueError: It is not JSON. The text may quote the body.
    """
    return _read(body)


def dumps(value: object) -> bytes:
    """Write what consists of plain JSON types, as `_checks.json_value` makes sure."""
    return _write(value)


def is_deeper(container: list[JSONValue] | dict[str, JSONValue], levels: int) -> bool:
    """Tell whether lists and objects are nested in more levels, the outermost counted."""
    level = [container]
    for _ in range(levels):
        level = [
            item
            for outer in level
            for item in (outer.values() if type(outer) is dict else outer)
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True


def _may_be_too_deep(body: bytes) -> bool:
    # Each level has two brackets, so that hardly any value has to be walked through. To delete all
    # else is faster than to count twice.
    return (
        len(body) > 2 * DEEPEST and len(body.translate(None, _ALL_BUT_OPENING_BRACKETS)) > DEEPEST
    )


# -- by the standard library ----------------------------------------------------------------------


def _no_constant(name: str) -> JSONValue:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _as_orjson_reads_it(digits: str) -> int | float:
    if len(digits) <= _INT64_DIGITS:
        return int(digits)
    # Not int() first: thousands of digits would cost time quadratic in their number.
    if len(digits) <= _INT64_DIGITS + 3 and _INT64_MIN <= int(digits) <= _UINT64_MAX:
        return int(digits)
    return _finite(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        msg = "a number is out of range"
        raise ValueError(msg)
    return number


class _Integers(dict[str, "int | float"]):
    """Integers by their digits. The 1,100 short ones are remembered, which saves calls."""

    def __missing__(self, digits: str) -> int | float:
        number = _as_orjson_reads_it(digits)
        if len(digits) <= 3:
            self[digits] = number
        return number


_decoder = json.JSONDecoder(
    parse_constant=_no_constant, parse_int=_Integers().__getitem__, parse_float=_finite
)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _standard_read(body: bytes) -> JSONValue:
    text = body.decode("utf-8")
    try:
        value = _decoder.decode(text)
        # To look for one character is a hundred times as fast as for two, and few bodies have it.
        if "\\" in text and "\\u" in text:
            # orjson refuses escaped halves of surrogate pairs, and so does this encoding.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return cast("JSONValue", value)


def _standard_write(value: object) -> bytes:
    return _encoder.encode(value).encode("utf-8")


_read: Callable[[bytes], JSONValue] = _standard_read
_write: Callable[[object], bytes] = _standard_write

try:
    import orjson
except ImportError:
    pass
else:
    _read = orjson.loads
    _write = orjson.dumps
