"""JSON as bytes, by orjson where it is installed (extra `fast`), else by the standard library.

Both ways give the same results for whatever a server can send: strict UTF-8, no NaN, no lone
surrogates, integers beyond 64 bits as floats (to the server, which is JavaScript, all are).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from .models import JSONValue

__all__ = ["dumps", "loads"]

_INT64_DIGITS = 18
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1


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


_decoder = json.JSONDecoder(
    parse_constant=_no_constant, parse_int=_as_orjson_reads_it, parse_float=_finite
)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _standard_loads(body: bytes) -> JSONValue:
    """Read JSON with the standard library; `ValueError` for whatever is not JSON."""
    text = body.decode("utf-8")
    try:
        value = _decoder.decode(text)
        if "\\u" in text:
            # orjson refuses escaped halves of surrogate pairs, and so does this encoding.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        msg = "the nesting is too deep"
        raise ValueError(msg) from None
    return cast("JSONValue", value)


def _standard_dumps(value: object) -> bytes:
    """Write JSON with the standard library; `ValueError`, `TypeError` for what JSON cannot say."""
    return _encoder.encode(value).encode("utf-8")


loads: Callable[[bytes], JSONValue] = _standard_loads
dumps: Callable[[object], bytes] = _standard_dumps

try:
    import orjson
except ImportError:
    pass
else:
    loads = orjson.loads
    dumps = orjson.dumps
