"""Makes the server's text safe to show: no tokens, printable, of bounded length.

A message, a header or a page may hold anything: an echo of the request with its token, an escape
sequence that repaints a terminal, a line break that forges a line of a log. All of it goes
through `shown` before it reaches an error, a log line or a span.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, NoReturn, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["ID_LENGTH", "TEXT_LENGTH", "sent_with", "shown", "shown_data", "without_tokens"]

TEXT_LENGTH, ID_LENGTH = 300, 100

_REMOVED = "[removed]"
# Tokens are looked for further than anything is quoted: one that lies across the end of what is
# quoted has to be recognised whole.
_QUOTED, _SEARCHED = 8_192, 16_384
# A token in a URL in JSON in a page is encoded three times.
_ROUNDS = 4
# What is shorter than any token, such as a test's, stands in texts that echo nothing.
_SHORTEST_ECHO = 8
# Some echo a part, such as the beginning and three dots: so many characters are no coincidence.
# Whatever is twice as long holds one of the pieces of half the length that the token is cut into.
_SHORTEST_PART = 16
_PIECE = _SHORTEST_PART // 2
_MOST_VALUES, _DEEPEST = 500, 20


# What JSON can say: `models.JSONValue`, which stands above this module.
_JSON: TypeAlias = "bool | int | float | str | list[_JSON] | dict[str, _JSON] | None"


class Secret:
    """A token that shows in no repr and goes into no pickle."""

    __slots__ = ("_value", "echoes")

    def __init__(self, value: str) -> None:
        self._value = value
        # As a body may repeat it: some write a slash in JSON as \\/.
        self.echoes = {value.encode("ascii"), value.replace("/", "\\/").encode("ascii")}

    def reveal(self) -> str:
        """Return the token, for the one header that it belongs into."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled; give it to the other process by its environment")


# Never reset: a text is made by whoever sent the request, perhaps after the call has ended.
sent_with: ContextVar[Secret | None] = ContextVar("videsk_rooms_sent_with", default=None)
"""The token that this context has sent last, which is removed wherever it is echoed."""


# -- texts ---------------------------------------------------------------------------------------


def shown(text: str, limit: int = TEXT_LENGTH) -> str:
    """Return a text as one printable line of at most `limit` characters, without tokens.

    What is not printable is escaped as `repr` does it: control characters, line breaks, what
    changes the direction of writing, halves of surrogate pairs.
    """
    line = _escaped(_without_tokens(text)[: limit + 1])
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def without_tokens(text: str) -> str:
    """Remove whatever looks like a token, and the one that was sent; cut off what is very long."""
    clean = _without_tokens(text)
    return clean if len(text) <= _QUOTED else f"{clean}…"


def shown_data(value: _JSON) -> _JSON:
    """Copy JSON without tokens, in keys and values, bounded in size and depth."""
    return _DataCopy().copy(value, depth=0, secret=False)


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


class _DataCopy:
    """Copies a JSON value until enough of it is copied."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def copy(self, value: _JSON, *, depth: int, secret: bool) -> _JSON:
        self._left -= 1
        if isinstance(value, str):
            return _REMOVED if secret and " " not in value else self._text(value)
        if not isinstance(value, dict | list):
            return value
        if depth == _DEEPEST:
            return "…"
        if isinstance(value, list):
            items = value[: max(self._left, 0)]
            return [self.copy(item, depth=depth + 1, secret=secret) for item in items]
        return dict(self._members(value, depth=depth + 1, secret=secret))

    def _members(
        self, value: dict[str, _JSON], *, depth: int, secret: bool
    ) -> Iterator[tuple[str, _JSON]]:
        for name, member in value.items():
            if self._left <= 0:
                return
            named = _SECRET_NAME.search(name[:_QUOTED]) is not None
            if named and isinstance(member, str):
                self._left -= 1
                yield self._text(name), _REMOVED
            else:
                yield self._text(name), self.copy(member, depth=depth, secret=secret or named)

    def _text(self, text: str) -> str:
        clean = _without_tokens(text)
        return clean if len(clean) <= _LONGEST_VALUE else f"{clean[: _LONGEST_VALUE - 1]}…"


_LONGEST_VALUE = 1_000

# -- tokens in any spelling ----------------------------------------------------------------------

_SECRET_NAME = re.compile(r"(?i)token|secret|authorization|password|api[_-]?key")
# Bounded where it could be gone back into: a long run would otherwise take seconds. The group, or
# else all of it, is the secret.
_TOKENS = (
    re.compile(
        r"(?is)[\"'](?=\w{0,64}?(?:token|secret|authorization|password))[\w-]{1,100}[\"']"
        r"\s{0,20}:\s{0,20}(?:\"([^\"\\]*(?:\\.[^\"\\]*)*)|'([^'\\]*(?:\\.[^'\\]*)*))"
    ),
    re.compile(r"(?i)\bbearer\s+([^\s\"'<>,;\\]{12,})"),
    re.compile(
        r"(?i)(?:token|secret|password|api[_-]?key)[\w-]{0,20}\s{0,3}[=:]\s{0,3}"
        r"((?=[^\s\"'<>,;&]{0,300}?\d)[^\s\"'<>,;&\\]{16,})"
    ),
    # No word boundary before it: in %20eyJ… and \neyJ… there is none.
    re.compile(r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}"),
)
# How JSON, URLs, HTML and mail spell printable ASCII, which is all that a token consists of; and
# what they put between its letters: line breaks, zero-width characters, the NUL of UTF-16.
_SPELLED = re.compile(
    r"(?:\\u00|\\U000000|\\x|%(?:u00)?|=|&#[xX]0*)(?P<hex>[2-7][0-9A-Fa-f]);?"
    r"|&#0*(?P<decimal>[0-9]{2,3});?"
    r"|&(?P<name>[A-Za-z]{2,31});"
    r"|\\(?P<sign>[\"'/\\._&=+-])"
    r"|(?P<nothing>\\[nrt]|=?[\r\n]+[\t ]*|<w?br\s{0,3}/?>"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u200b-\u200f\u2060\ufeff]+)"
)
_NOT_IN_A_TOKEN = re.compile(r"(?P<nothing>[^\x21-\x7e]+)")


# Whoever has none of it, and fewer characters than the token that was sent, holds no token: a
# dozen headers of each error need not be searched.
_SUSPICIOUS = re.compile(r"(?i)eyj|bearer|token|secret|authori|password|api.?key|[\\%&=<]")


def _without_tokens(text: str) -> str:
    secret = sent_with.get()
    own = "" if secret is None else secret.reveal()
    if (
        len(text) < len(own)
        and text.isprintable()
        and not _SUSPICIOUS.search(text)
        and (len(text) < _SHORTEST_PART or not any(piece in text for _, piece in _pieces(own)))
    ):
        return text
    kept: list[str] = []
    at = 0
    for start, end in sorted(_places_of_tokens(text[:_SEARCHED], own)):
        if end <= at:
            continue
        if start >= at:
            kept += (text[at : min(start, _QUOTED)], _REMOVED)
        at = end
        if at >= _QUOTED:
            break
    return "".join(kept) + text[at:_QUOTED]


def _places_of_tokens(text: str, own: str) -> Iterator[tuple[int, int]]:
    """Find tokens in a text as it stands, and in what it says once decoded, and once more."""
    spelled = _Spelled(text, range(len(text)), range(1, len(text) + 1))
    for _ in range(_ROUNDS):
        yield from spelled.tokens()
        if len(own) >= _SHORTEST_ECHO:
            yield from spelled.read(_NOT_IN_A_TOKEN).slots_of(own)
        decoded = spelled.read(_SPELLED)
        if decoded is spelled:
            return
        spelled = decoded


class _Spelled:
    """A text, and where in the original each of its characters begins and ends."""

    def __init__(self, text: str, starts: Sequence[int], ends: Sequence[int]) -> None:
        self._text = text
        self._starts = starts
        self._ends = ends

    def tokens(self) -> Iterator[tuple[int, int]]:
        for pattern in _TOKENS:
            for match in pattern.finditer(self._text):
                start, end = match.span(match.lastindex or 0)
                if start < end:
                    yield self._starts[start], self._ends[end - 1]

    def slots_of(self, token: str) -> Iterator[tuple[int, int]]:
        """Find a token, and parts of it that are no coincidence."""
        least = min(_SHORTEST_PART, len(token))
        found = bytearray(len(self._text))  # what was found once is not walked through again
        for offset, piece in _pieces(token):
            at = self._text.find(piece)
            while at >= 0:
                start, end = at, at + len(piece)
                if not found[at]:
                    start, end = self._grown(start, end, token, offset)
                if end - start >= least:
                    found[start:end] = b"\1" * (end - start)
                    yield self._starts[start], self._ends[end - 1]
                at = self._text.find(piece, end)

    def _grown(self, start: int, end: int, token: str, offset: int) -> tuple[int, int]:
        """Extend a place that says the token from `offset` on, as far as it says more of it."""
        after = offset + end - start
        while start and offset and self._text[start - 1] == token[offset - 1]:
            start, offset = start - 1, offset - 1
        while end < len(self._text) and after < len(token) and self._text[end] == token[after]:
            end, after = end + 1, after + 1
        return start, end

    def read(self, pattern: re.Pattern[str]) -> _Spelled:
        """Decode once what the pattern finds; the same object if that is nothing."""
        kept: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for match in pattern.finditer(self._text):
            start, end = match.span()
            sign = _said_by(match)
            kept += (self._text[at:start], sign)
            starts += self._starts[at:start]
            ends += self._ends[at:start]
            starts += [self._starts[start]] * len(sign)
            ends += [self._ends[end - 1]] * len(sign)
            at = end
        if not kept:
            return self
        return _Spelled(
            "".join(kept) + self._text[at:],
            [*starts, *self._starts[at:]],
            [*ends, *self._ends[at:]],
        )


def _pieces(token: str) -> list[tuple[int, str]]:
    return [(at, token[at : at + _PIECE]) for at in range(0, len(token) - _PIECE + 1, _PIECE)]


def _said_by(match: re.Match[str]) -> str:
    kind, said = match.lastgroup, match[match.lastgroup or 0]
    if kind == "hex":
        return chr(int(said, 16))
    if kind == "decimal":
        return chr(int(said)) if 32 <= int(said) < 127 else "?"
    if kind == "name":
        return _ascii_entities().get(said, "?")
    return said if kind == "sign" else ""


@cache
def _ascii_entities() -> dict[str, str]:
    from html.entities import html5  # 2,000 names, for the few errors that have some

    return {name.rstrip(";"): sign for name, sign in html5.items() if sign.isascii()}
