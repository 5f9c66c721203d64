"""Makes the server's text safe to show: without tokens, printable, of bounded length.

A message, a header or a page may hold anything: an echo of the request with its token, an escape
sequence that repaints a terminal, a line break that forges a line of a log. All of it goes
through `shown` before it reaches an error, a log line or a span (docs/decisions/0030-quoting.md).
"""

from __future__ import annotations

from itertools import islice
from typing import TypeAlias

from ._redaction import QUOTED, REMOVED, SECRET_NAME, redacted
from ._redaction import Secret as Secret  # noqa: PLC0414 - used from here
from ._redaction import sent_with as sent_with  # noqa: PLC0414 - used from here

TEXT_LENGTH, ID_LENGTH = 300, 100
_MOST_VALUES, _DEEPEST, _LONGEST_VALUE = 500, 20, 1_000

# Any value of JSON: `models.JSONValue`, which is in a higher layer.
_JSON: TypeAlias = "bool | int | float | str | list[_JSON] | dict[str, _JSON] | None"


def shown(text: str, limit: int = TEXT_LENGTH) -> str:
    """Return a text as one printable line of at most `limit` characters, without tokens.

    Other characters are escaped as in `repr`: control characters, line breaks, bidirectional marks,
    lone surrogates.
    """
    line = redacted(text)[: limit + 1]
    if not line.isprintable():
        line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)
    return _cut(line, limit)


def without_tokens(text: str) -> str:
    """Return a text without tokens, cut off if it is very long."""
    clean = redacted(text)
    return clean if len(text) <= QUOTED else f"{clean}…"


def shown_data(value: _JSON) -> _JSON:
    """Copy JSON without tokens, in keys and values, bounded in size and depth."""
    return _DataCopy().copy(value, depth=0, secret=False)


class _DataCopy:
    """Copies a JSON value, up to the allowed number of values."""

    def __init__(self) -> None:
        self._remaining = _MOST_VALUES

    def copy(self, value: _JSON, *, depth: int, secret: bool) -> _JSON:
        self._remaining -= 1
        if isinstance(value, str):
            return REMOVED if secret and " " not in value else _shown_value(value)
        if not isinstance(value, dict | list):
            return value
        if depth == _DEEPEST:
            return "…"
        if isinstance(value, list):
            items = islice(value, max(self._remaining, 0))
            return [self.copy(item, depth=depth + 1, secret=secret) for item in items]
        copied: dict[str, _JSON] = {}
        for name, member in value.items():
            if self._remaining <= 0:
                break
            named = SECRET_NAME.search(name[:QUOTED]) is not None
            if named and isinstance(member, str):
                self._remaining -= 1
                copied[_shown_value(name)] = REMOVED
            else:
                copied[_shown_value(name)] = self.copy(
                    member, depth=depth + 1, secret=secret or named
                )
        return copied


def _shown_value(text: str) -> str:
    return _cut(redacted(text), _LONGEST_VALUE)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
