"""The prose of a page: its sentences, without code, tables and markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .blocks import blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# What reads as a metaphor or as translated, and what to write.
BANNED = {
    "en": {
        r"(?:wait|waits|stand|stands|waiting|standing) in (?:a |the )?line": "queue client-side",
        r"thrown out": "disconnected",
        r"of (?:your|its|their|his|our) own": "your, its, a separate",
        r"of (?:yours|theirs|ours)": "your, their",
        r"all the same": "still",
        r"besides": "also",
        r"whoever": "anybody who",
        r"anew|for ever|there and then|at hand": "again, forever, at once, available",
        r"(?:is|are|was|were|be) told": "gets, receives",
        r"(?<!there )(?:is|are|was|were) no (?!longer)": "is not a",
        r"tried again|tr(?:y|ies) again": "retried, retry",
        r"sav(?:e|ing) for|in spite of|on its way|on their way": "except, despite, in flight",
        r"in place of|as against": "instead of, as opposed to",
        r"(?:is|are|was|were) (?:let in|thrown away)": "is accepted, is discarded",
        r"hears? of|takes? note": "is notified of, records",
        r"(?:is|are|was|were) answered (?:by|with|\d{3})": "the API responds with",
        r"(?:the|an|no) answers?\b": "response",
        r"utilize|leverage|simply|easily|please": "nothing",
    },
    "es": {
        r"hac(?:e|en|er) fila|en (?:la|una misma) fila": "encolar, la cola",
        r"ech(?:a|an|ado|ados) (?:a|fuera)": "desconectar",
        r"por su cuenta|de por sí": "automáticamente, o nada",
        r"de todos modos|ahí mismo se dice": "igual",
        r"a quien visita|quien visita": "el usuario",
        r"por omisión": "por defecto",
        r"ciclo de eventos": "event loop",
        r"cómo le va": "qué pasa con",
        r"en lugar de aquell[oa]s": "en vez de",
        r"simplemente|fácilmente|por favor": "nada",
    },
}

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
