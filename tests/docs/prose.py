"""The prose of a page: its sentences, without code, tables and markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .blocks import blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_DROPPED = (
    re.compile(r"\A---\n.*?\n---\n", re.DOTALL),  # front matter
    re.compile(r"(?m)^\[[^]]+\]: \S+$"),  # where links with a label lead
    re.compile(r"(?m)^(?:===|!!!|\?\?\?).*$"),  # tabs and boxes
    re.compile(r"(?m)^ *(?:```|~~~).*$"),
    re.compile(r"(?m)^:::.*(?:\n {4}.*)*"),  # the reference
    re.compile(r"!\[[^]]*\]\([^)]*\)(?:\{[^}]*\})?"),
    re.compile(r"<[^>\n]+>"),
    re.compile(r"\{[ #.][^}]*\}"),
)
_LINK = re.compile(r"\[([^]]+)\](?:\([^)]*\)|\[[^]]*\])")
_CODE = re.compile(r"(`+)(.+?)\1")
_ITEM = re.compile(r"^ *(?:[-*+]|\d+\.) +")
_END = re.compile(r"(?<=[.!?…])[)\"»*_]*\s+(?=[\"«(*_¿¡`]*[A-ZÁÉÍÓÚÑ`])")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|`")  # a backtick stands for a word of code


def text_of(page: str) -> str:
    """Take the fenced blocks and the markup out of a page; inline code stays, in backticks."""
    for block in blocks_of(page):
        indented = "".join(f" *{re.escape(line)}\n" for line in block.code.splitlines())
        page = re.sub(indented, "", page, count=1) if indented else page
    for pattern in _DROPPED:
        page = pattern.sub("", page)
    return _LINK.sub(r"\1", page)


def sentences(page: str) -> list[str]:
    """List the sentences of paragraphs and list items; headings and tables have none."""
    return [
        sentence
        for paragraph in _paragraphs(text_of(page))
        for sentence in _split(paragraph)
        if words(sentence)
    ]


def _split(paragraph: str) -> list[str]:
    """Split where a sentence ends, but not within inline code."""
    whole = _CODE.sub(lambda code: code[0].replace(" ", "\0"), paragraph)
    return [sentence.replace("\0", " ") for sentence in _END.split(whole)]


def words(sentence: str) -> list[str]:
    """List the words of a sentence; inline code is one, written as a backtick."""
    return _WORD.findall(_CODE.sub("`", sentence))


def _paragraphs(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        stripped = line.strip()
        apart = not stripped or stripped.startswith(("#", "|")) or stripped == "---"
        if (apart or _ITEM.match(line)) and lines:
            yield " ".join(lines)
            lines = []
        if not apart:
            lines.append(_ITEM.sub("", stripped))
