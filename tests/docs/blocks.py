"""The fenced code blocks of the documents and of the public docstrings."""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md")))

# The modules whose `__all__` is what users are promised.
PUBLIC_MODULES = (
    "videsk_rooms",
    "videsk_rooms.sandbox",
    "videsk_rooms.pytest_plugin",
    "videsk_rooms.testcases",
    "videsk_rooms.integrations.http",
    "videsk_rooms.integrations.starlette",
    "videsk_rooms.integrations.fastapi",
    "videsk_rooms.integrations.flask",
    "videsk_rooms.integrations.django",
    "videsk_rooms.integrations.django.middleware",
    "videsk_rooms.integrations.django.test",
    "videsk_rooms.integrations.arq",
    "videsk_rooms.integrations.celery",
    "videsk_rooms.integrations.queues",
)

_FENCE = re.compile(r" *(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: What the fence says, empty for nothing.
        title: The file that the block is shown as, or `None`.
        code: The text between the fences, without their indentation.
        line: The number of its first line.
    """

    language: str
    title: str | None
    code: str
    line: int

    @property
    def example(self) -> Path | None:
        """The file of `docs/examples` that it shows, or `None`."""
        file = EXAMPLES / (self.title or "")
        return file if file.is_file() else None


def blocks_of(text: str) -> list[Block]:
    """Find the fenced blocks of a Markdown text, in order."""
    return list(_blocks(text))


def with_what_is_shown(blocks: list[Block], language: str) -> list[tuple[Block, Block | None]]:
    """Pair each block of a language with the `text` right after it: what it is said to print."""
    return [
        (block, after if after and after.language == "text" else None)
        for block, after in zip_longest(blocks, blocks[1:])
        if block.language == language
    ]


# What is never the same twice, compared by its form.
_FORMS = {
    "<time>": re.compile(
        r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[+-]\d\d:\d\d| ?Z)?"
        r"(?: \((?:now|in [^)]*|[^)]* ago)\))?"
    ),
    "<seconds>": re.compile(r"\b\d+\.\d{2,3} ?s\b"),
}


def by_form(text: str) -> str:
    """Put a word in the place of each time and each duration in seconds."""
    for word, pattern in _FORMS.items():
        text = pattern.sub(word, text)
    return text


def _blocks(text: str) -> Iterator[Block]:
    lines = enumerate(text.splitlines(), start=1)
    for number, line in lines:
        opened = _FENCE.fullmatch(line)
        if opened is None:
            continue
        inside: list[str] = []
        for _, within in lines:
            if within.strip() == opened["fence"]:
                break
            inside.append(f"{within}\n")
        else:
            raise ValueError(f"the block that begins at line {number} is not closed")
        language, _, rest = opened["info"].strip().partition(" ")
        title = _TITLE.search(rest)
        yield Block(language, title and title[1], dedent("".join(inside)), number + 1)


def public_docstrings() -> dict[str, str]:
    """Collect the docstrings of all modules, classes and functions that are public, by name.

    A docstring that two names share, as awaited and blocking methods do, comes once.
    """
    found: dict[str, str] = {}
    for name, value in _public_values():
        docstring = inspect.getdoc(value)
        if docstring and docstring not in found.values():
            found[name] = docstring
    return found


def _public_values() -> Iterator[tuple[str, object]]:
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(module_name)
        yield module_name, module
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value):
                yield f"{module_name}.{name}", value
                yield from public_methods(value)
            elif inspect.isroutine(value):
                yield f"{module_name}.{name}", value


def public_methods(kind: type) -> Iterator[tuple[str, object]]:
    """Find the public methods that a class itself defines, with their full names."""
    for name, value in vars(kind).items():
        if not name.startswith("_") and inspect.isroutine(value):
            yield f"{kind.__module__}.{kind.__name__}.{name}", value
