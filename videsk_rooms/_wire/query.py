"""Queries in the API's format. No I/O."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from videsk_rooms._fields.times import wire_time

from . import validation as check


def encoded_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Percent-encode a query."""
    return urlencode(list(pairs), quote_via=quote, safe="$")


@check.reads
def query_pairs(argument: str, query: object) -> list[tuple[str, str]]:
    """Encode a query for Feathers: `{"$sort": {"exp": -1}}` is `$sort[exp]=-1`."""
    if query is None:
        return []
    if not isinstance(query, Mapping):
        raise check.refusal(argument, query, "give a mapping of names to values")
    found: list[tuple[str, str]] = []
    for name, value in query.items():
        if not isinstance(name, str) or not check.plain_str(name):
            raise check.refusal(argument, name, "give names that are strings")
        found += _pairs(check.encodable(argument, name), value, depth=0)
    return found


def _pairs(name: str, value: object, *, depth: int) -> list[tuple[str, str]]:
    if depth > check.DEEPEST:
        raise check.refusal("query", "…", f"nest at most {check.DEEPEST} deep, without cycles")
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [
            pair
            for key, item in value.items()
            for pair in _pairs(f"{name}[{check.key_of('query', key)}]", item, depth=depth + 1)
        ]
    if isinstance(value, list | tuple):
        return [pair for item in value for pair in _pairs(name, item, depth=depth + 1)]
    return [(name, _text(name, value))]


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return check.encodable(f"query[{name!r}]", value)
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)  # a boolean is `true` or `false` (docs/api.md, "On the wire")
    if isinstance(value, datetime):
        return wire_time(check.instant(f"query[{name!r}]", value, now=value))
    raise check.refusal(
        f"query[{name!r}]", value, "give a string, number, truth value or aware datetime"
    )
