"""The words of the console."""

from __future__ import annotations

import re
from pathlib import Path

import videsk_rooms.dev

CONSOLE = Path(videsk_rooms.dev.__file__).parent / "console"
_ENTRY = re.compile(r'^  "?([\w-]+)"?: \[\s*(".*?"),\s*(".*?"),?\s*\],$', re.MULTILINE | re.DOTALL)


def words() -> dict[str, tuple[str, str]]:
    """What words.js has: each key in English and in Spanish."""
    text = (CONSOLE / "words.js").read_text(encoding="utf-8")
    return {key: (english, spanish) for key, english, spanish in _ENTRY.findall(text)}


def code() -> str:
    """All other scripts."""
    files = sorted(CONSOLE.glob("*.js"))
    return "".join(file.read_text("utf-8") for file in files if file.name != "words.js")


def test_every_key_that_is_asked_for_has_words() -> None:
    """Those that are put together at run time are seen in the browser."""
    asked = set(re.findall(r'\bt\("([\w-]+)"', code()))
    counted = {
        f"{key}_{form}"
        for key in re.findall(r'\bcount\("(\w+)"', code())
        for form in ("one", "many")
    }
    assert asked | counted <= set(words())


def test_every_key_is_asked_for() -> None:
    """Or begins or ends as one that is put together."""
    text = code()
    stems = re.findall(r"t\(`(\w*)\$\{[^`]*\}(\w*)`", text)
    composed = [(start, end) for start, end in stems if start or end]
    unused = [
        key
        for key in words()
        if f'"{re.sub("_(one|many)$", "", key)}"' not in text
        and not any(key.startswith(start) and key.endswith(end) for start, end in composed)
    ]
    assert unused == []


def test_both_languages_have_the_same_values_in_them() -> None:
    """A `{name}` of one is in the other, too."""
    differ = {
        key: pair
        for key, pair in words().items()
        if len({frozenset(re.findall(r"\{\w+\}", text)) for text in pair}) > 1
    }
    assert differ == {}


def test_no_script_is_longer_than_fits_in_the_head() -> None:
    """About 300 lines; and none loads from elsewhere."""
    for file in CONSOLE.iterdir():
        text = file.read_text("utf-8")
        assert len(text.splitlines()) <= 300 or file.suffix == ".css", file.name
        assert not re.findall(r"https?://(?!www\.w3\.org/)", text), file.name
        assert "style=" not in text, file.name
        assert "innerHTML" not in text, file.name
