"""JSON as bytes, by orjson where it is installed (extra `fast`), else by the standard library.

Both give the same results for anything that a server can send: strict UTF-8, no NaN, no lone
surrogates, and integers beyond 64 bits as floats, because the server, which is JavaScript, has only
floats. Nesting is limited to what Python can compare and print, and the number of values to what
can be read without blocking the event loop. That takes 45 lines. Without them, the meaning of a
body would depend on the installed packages.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from math import isfinite
from typing import TYPE_CHECKING, cast

from videsk_rooms._fields.read import DEEPEST, is_too_deep

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms.models import JSONValue

_TOO_DEEP = f"nested more than {DEEPEST} deep"

MOST_VALUES = 65_536
"""How many values JSON may hold.

The slowest take a microsecond each without orjson, so that this many hold up the event loop for
less than 100 ms (`python -m tests.hostile.bounds`). A page of 100 rooms has 2,000; with 100
authorizations in each room it has 40,000.
"""

# orjson needs memory of twelve times the text, the standard library four times at most.
_MOST_FOR_ORJSON = 1024 * 1024

_INT64_DIGITS = 18
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1


class TooManyValuesError(ValueError):
    """The JSON holds more than `MOST_VALUES` values, and was not read."""


def loads(body: bytes) -> JSONValue:
    """Read JSON.

    Raises:
        TooManyValuesError: It holds more values than are read.
        ValueError: It is not JSON, or nested more than 500 deep. The text may quote the body.
    """
    # A value follows a comma or an opening bracket, or is the whole body. Those within strings
    # count, too. They are counted before anything is read, because every value costs memory, up
    # to 70 times its length.
    brackets = body.count(b"[") + body.count(b"{")
    if len(body) > MOST_VALUES and brackets + body.count(b",") >= MOST_VALUES:
        raise TooManyValuesError
    # "implementations … MAY ignore the presence of a byte order mark" (RFC 8259, section 8.1).
    body = body.removeprefix(BOM_UTF8)
    value = _read(body) if len(body) <= _MOST_FOR_ORJSON else standard_read(body)
    # Each level has a bracket, so hardly any value needs a full search.
    if brackets > DEEPEST and is_too_deep(value):
        raise ValueError(_TOO_DEEP)
    return value


def dumps(value: object) -> bytes:
    """Write a value of plain JSON types, as `validation.json_value` returns it."""
    return _write(value)


# -- by the standard library ----------------------------------------------------------------------


# An escaped half of a surrogate pair without the other half. All matches begin alike, so the
# search skips 700,000 other escapes in 14 ms.
_ESCAPED_HIGH = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_ESCAPED_LOW = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF_A_PAIR = re.compile(
    rf"\\u[dD](?:[89abAB]..(?!{_ESCAPED_LOW})|(?<!{_ESCAPED_HIGH}\\u[dD])[c-fC-F])"
)
_HALF = "half of a surrogate pair is not a character"


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
    if isfinite(number):
        return number
    msg = "a number is out of range"
    raise ValueError(msg)


_decoder = json.JSONDecoder(
    parse_constant=_no_constant, parse_int=_as_orjson_reads_it, parse_float=_finite
)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def standard_read(body: bytes) -> JSONValue:
    """Read JSON by the standard library, as `parse` does without orjson."""
    text = body.decode("utf-8")
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    # Searching for one character is a hundred times as fast as for two, and few bodies have it.
    if "\\" in text and "\\u" in text and _HALF_A_PAIR.search(text.replace("\\\\", "..")):
        raise ValueError(_HALF)  # as orjson does
    return cast("JSONValue", value)


def standard_write(value: object) -> bytes:
    """Write JSON by the standard library, as `dumps` does without orjson."""
    return _encoder.encode(value).encode("utf-8")


_read: Callable[[bytes], JSONValue] = standard_read
_write: Callable[[object], bytes] = standard_write

try:
    import orjson
except ImportError:
    pass
else:
    _read = orjson.loads
    _write = orjson.dumps
