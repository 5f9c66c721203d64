"""Parses the query of List as Feathers does (docs/api.md, Operations, List and "On the wire")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from videsk_rooms._emulator.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
# The largest integer that JavaScript represents exactly.
_LARGEST = 2**53 - 1
_SORT = re.compile(r"\$sort\[([^\[\]]+)\]")


@dataclass(frozen=True)
class ListQuery:
    """The filter, order and page that a list request asks for."""

    limit: int = DEFAULT_LIMIT
    skip: int = 0
    sort: tuple[tuple[str, int], ...] = ()
    ended: bool | None = None
    external_id: str | None = None


def read_list_query(pairs: Iterable[tuple[str, str]]) -> ListQuery:
    """Parse the query; refuse parameters that docs/api.md does not list, so that typos show."""
    values: dict[str, str] = {}
    sort: list[tuple[str, int]] = []
    for name, value in pairs:
        if name in values:
            raise _refused(name, "must be given once")
        values[name] = value
        if match := _SORT.fullmatch(name):
            sort.append((match[1], _direction(name, value)))
        elif name not in ("$limit", "$skip", "ended", "externalId"):
            raise _refused(name, "is not a query parameter of the list")
    return ListQuery(
        # Feathers clamps a larger limit silently.
        limit=min(_whole(values, "$limit", DEFAULT_LIMIT, at_least=1), MAX_LIMIT),
        skip=_whole(values, "$skip", 0, at_least=0),
        sort=tuple(sort),
        ended=_truth(values, "ended"),
        external_id=values.get("externalId"),
    )


def _whole(values: dict[str, str], name: str, default: int, *, at_least: int) -> int:
    text = values.get(name)
    if text is None:
        return default
    match = re.fullmatch(r"0*([0-9]{1,16})", text)  # Python refuses to parse thousands of digits
    if match is None or not at_least <= int(match[1]) <= _LARGEST:
        raise _refused(name, f"must be a whole number of {at_least} to {_LARGEST}")
    return int(match[1])


def _truth(values: dict[str, str], name: str) -> bool | None:
    text = values.get(name)
    if text is None:
        return None
    if text not in ("true", "false"):
        raise _refused(name, "must be true or false")
    return text == "true"


def _direction(name: str, text: str) -> int:
    if text not in ("1", "-1"):
        raise _refused(name, "must be 1 or -1")
    return int(text)


def _refused(name: str, problem: str) -> RefusedError:
    return RefusedError(400, f"Invalid query parameter {name}", {name: problem})
