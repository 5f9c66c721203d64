"""Finds tokens in a text, in any encoding, and removes them.

A server or a proxy may echo the request in a message, a header or a page: escaped for JSON, a URL
or HTML, even one inside another, in base64 or in hexadecimal. Anything that looks like a token is
removed. The token that was sent is removed even if it is cut up or incomplete.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from contextvars import ContextVar
from html.entities import html5
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REMOVED = "[removed]"
# Kept characters of a text. More are searched, to recognise a token that crosses the end.
QUOTED = 8_192
_SEARCHED = 16_384
# A token in a URL in JSON in a page is encoded three times.
_ROUNDS = 4
# A shorter token, such as a test's, may occur in a text that does not echo it.
_SHORTEST_ECHO = 8
# A shorter part of a token may occur by chance. A part of twice this length contains at least one
# whole piece of the token.
_SHORTEST_PART = 16
_PIECE = _SHORTEST_PART // 2

SECRET_NAME = re.compile(r"(?i)token|secret|authorization|password|api[_-]?key")
# Repetitions are bounded where the expression could backtrack: a long run would take seconds. The
# secret is the group, or the whole match if there is none.
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
    # Without a word boundary: there is none in %20eyJ… and \neyJ….
    re.compile(r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}"),
)
# The spellings of printable ASCII in JSON, URLs, HTML and mail; and what these put between letters:
# line breaks, zero-width characters, the NUL of UTF-16.
_ESCAPES = re.compile(
    r"(?:\\u00|\\U000000|\\x|%(?:u00)?|=|&#[xX]0*)(?P<hex>[2-7][0-9A-Fa-f]);?"
    r"|&#0*(?P<decimal>[0-9]{2,3});?"
    r"|&(?P<name>[A-Za-z]{2,31});"
    r"|\\(?P<sign>[\"'/\\._&=+-])"
    r"|(?P<nothing>\\[nrt]|=?[\r\n]+[\t ]*|<w?br\s{0,3}/?>"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u200b-\u200f\u2060\ufeff]+)"
)
_NOT_IN_A_TOKEN = re.compile(r"(?P<nothing>[^\x21-\x7e]+)")
# A text that matches none of these, and is shorter than the token that was sent, contains no token.
# So most of an error's dozen headers need no search.
_SUSPICIOUS = re.compile(r"(?i)eyj|bearer|token|secret|authori|password|api.?key|[\\%&=<]")


class Secret:
    """A token that shows in no repr and goes into no pickle."""

    __slots__ = ("_value", "echoes", "encodings")

    def __init__(self, value: str) -> None:
        self._value = value
        raw = value.encode("ascii")
        # The spellings in which a body may repeat it: some escape a slash in JSON.
        self.echoes: set[bytes] = {raw, value.replace("/", "\\/").encode("ascii")}
        self.encodings: tuple[str, ...] = (raw.hex(), raw.hex().upper(), *_base64_of(raw))

    def reveal(self) -> str:
        """Return the token, for the `Authorization` header."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled; give it to the other process by its environment")


# Never reset: the sender of a request makes texts even after the call has ended.
sent_with: ContextVar[Secret | None] = ContextVar("videsk_rooms_sent_with", default=None)
"""The token that was sent last in this context, which is removed wherever it is echoed."""


def redacted(text: str) -> str:
    """Return the beginning of a text, without tokens."""
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
    for start, end in sorted(_spans_of_tokens(text[:_SEARCHED], secret)):
        if end <= at:
            continue
        if start >= at:
            kept += (text[at : min(start, QUOTED)], REMOVED)
        at = end
        if at >= QUOTED:
            break
    return "".join(kept) + text[at:QUOTED]


def _spans_of_tokens(text: str, secret: Secret | None) -> Iterator[tuple[int, int]]:
    """Find tokens in a text, then in the text decoded once, then twice."""
    spellings: tuple[str, ...] = ()
    if secret is not None and len(secret.reveal()) >= _SHORTEST_ECHO:
        spellings = (secret.reveal(), *secret.encodings)
    decoded = _Decoded(text, [(at, at + 1) for at in range(len(text))])
    for _ in range(_ROUNDS):
        yield from decoded.tokens()
        compact = decoded.read(_NOT_IN_A_TOKEN) if spellings else decoded
        for spelling in spellings:
            yield from compact.parts_of(spelling)
        again = decoded.read(_ESCAPES)
        if again is decoded:
            return
        decoded = again


class _Decoded:
    """A decoded text, and the span of each of its characters in the original text."""

    def __init__(self, text: str, spans: Sequence[tuple[int, int]]) -> None:
        self._text = text
        self._spans = spans

    def _span(self, start: int, end: int) -> tuple[int, int]:
        return self._spans[start][0], self._spans[end - 1][1]

    def tokens(self) -> Iterator[tuple[int, int]]:
        for pattern in _TOKENS:
            for match in pattern.finditer(self._text):
                start, end = match.span(match.lastindex or 0)
                if start < end:
                    yield self._span(start, end)

    def parts_of(self, token: str) -> Iterator[tuple[int, int]]:
        """Find a token, and each part of it that is too long to occur by chance."""
        least = min(_SHORTEST_PART, len(token))
        found = bytearray(len(self._text))  # a part that was found is not extended again
        for offset, piece in _pieces(token):
            at = self._text.find(piece)
            while at >= 0:
                start, end = at, at + len(piece)
                if not found[at]:
                    start, end = self._extended(start, end, token, offset)
                if end - start >= least:
                    found[start:end] = b"\1" * (end - start)
                    yield self._span(start, end)
                at = self._text.find(piece, end)

    def _extended(self, start: int, end: int, token: str, offset: int) -> tuple[int, int]:
        """Extend a span that equals the token from `offset` on, as far as the two are equal."""
        after = offset + end - start
        while start and offset and self._text[start - 1] == token[offset - 1]:
            start, offset = start - 1, offset - 1
        while end < len(self._text) and after < len(token) and self._text[end] == token[after]:
            end, after = end + 1, after + 1
        return start, end

    def read(self, pattern: re.Pattern[str]) -> _Decoded:
        """Decode each match of a pattern; return the same object if there is none."""
        kept: list[str] = []
        spans: list[tuple[int, int]] = []
        at = 0
        for match in pattern.finditer(self._text):
            start, end = match.span()
            meaning = _meaning_of(match)
            kept += (self._text[at:start], meaning)
            spans += self._spans[at:start]
            spans += [self._span(start, end)] * len(meaning)
            at = end
        if not kept:
            return self
        return _Decoded("".join(kept) + self._text[at:], [*spans, *self._spans[at:]])


def _pieces(token: str) -> list[tuple[int, str]]:
    return [(at, token[at : at + _PIECE]) for at in range(0, len(token) - _PIECE + 1, _PIECE)]


def _base64_of(raw: bytes) -> set[str]:
    """Return the base64 of a token that starts at each of the three positions in a group."""
    return {
        encode(b"\0" * shift + raw).decode().rstrip("=")[unknown:]
        for encode in (b64encode, urlsafe_b64encode)
        for shift, unknown in enumerate((0, 2, 3))  # the first letters depend on the bytes before
    }


def _meaning_of(match: re.Match[str]) -> str:
    kind, value = match.lastgroup, match[match.lastgroup or 0]
    if kind == "hex":
        return chr(int(value, 16))
    if kind == "decimal":
        return chr(int(value))
    if kind == "name":
        return html5.get(f"{value};", "?")
    return value if kind == "sign" else ""
