"""Writes `llms.txt` and `llms-full.txt` for language models: a hook of MkDocs.

`llms.txt` lists the English pages with a sentence each (https://llmstxt.org); `llms-full.txt` holds
their Markdown, with the docstrings where a page shows the reference. Both follow `nav`.
"""

from __future__ import annotations

import importlib
import inspect
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)
_TITLE = re.compile(r"(?m)^# (.+?)(?: \{.*\})?$")
_LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?(?=\))")
_SNIPPET = re.compile(r'(?m)^--8<-- "(.+)"$')
_OBJECT = re.compile(r"(?m)^::: ([\w.]+)\n(?:    .*\n)*")
_FENCED = re.compile(r"(?ms)^ *```.*?^ *```$")
_NO_PROSE = ("#", "<", "|", ">", "- ", "* ", "1. ", ":::", "===", "!!!", "--8<--")
_SENTENCE = re.compile(r"(.+?[.!?])(?= [A-Z*`]|$)")


def on_post_build(config: MkDocsConfig) -> None:
    """Write both files, once: each language is a build of its own."""
    if config.theme["language"] != "en":
        return
    site, nav = Path(config.site_dir), config.nav or []
    pages = list(_pages(nav, ""))
    (site / "llms.txt").write_text(_index(config, pages), encoding="utf-8")
    whole = "\n\n".join(_whole(config, path).strip() for _, path in pages)
    (site / "llms-full.txt").write_text(f"{whole}\n", encoding="utf-8")


def _pages(nav: Any, section: str) -> Iterator[tuple[str, str]]:
    """Yield the pages of `nav` in order, each with its section at the top."""
    for item in nav:
        if isinstance(item, str):
            yield section, item
            continue
        for title, inside in item.items():
            if isinstance(inside, str):
                yield section, inside
            else:
                yield from _pages(inside, section or title)


def _index(config: MkDocsConfig, pages: list[tuple[str, str]]) -> str:
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    current = ""
    for section, path in pages:
        if section != current:
            current = section
            lines += ["", f"## {section}", ""]
        text = _markdown(config, path)
        link, sentence = f"[{_title(text, path)}]({_address(config, path)})", _summary(text)
        lines.append(f"- {link}: {sentence}" if sentence else f"- {link}")
    return "\n".join(lines) + "\n"


def _whole(config: MkDocsConfig, path: str) -> str:
    """Return a page's Markdown with its address, whole links, snippets and docstrings."""
    root, folder = Path(config.docs_dir).parent, posixpath.dirname(path)
    text = _SNIPPET.sub(
        lambda found: (root / found[1]).read_text(encoding="utf-8"), _markdown(config, path)
    )

    def absolute(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, found[1]))
        return _address(config, target) + (found[2] or "")

    text = _OBJECT.sub(lambda found: _reference(found[1]), _LINK.sub(absolute, text))
    return f"<!-- {_address(config, path)} -->\n\n{text}"


def _markdown(config: MkDocsConfig, path: str) -> str:
    text = (Path(config.docs_dir) / path).read_text(encoding="utf-8")
    return _FRONT_MATTER.sub("", text)


def _address(config: MkDocsConfig, path: str) -> str:
    if path.endswith(".md"):
        path = re.sub(r"(^|/)index$", r"\1", path.removesuffix(".md"))
        path = path.rstrip("/") + "/" if path else ""
    return f"{config.site_url}{path}"


def _title(text: str, path: str) -> str:
    found = _TITLE.search(text)
    return found[1] if found else Path(path).stem.capitalize()


def _summary(text: str) -> str:
    """Return a page's first sentence without its links; of a decision, that of its context."""
    for paragraph in re.split(r"\n{2,}", _FENCED.sub("", text)):
        plain = " ".join(paragraph.split()).removeprefix("**Context.** ")
        if plain.startswith(_NO_PROSE):
            continue
        found = _SENTENCE.match(re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", plain))
        if found:
            return found[1]
    return ""


def _reference(name: str) -> str:
    """Return the docstrings of a public object and of its public methods, as Markdown."""
    module, _, attribute = name.rpartition(".")
    value = getattr(importlib.import_module(module), attribute, None)
    if value is None:
        value = importlib.import_module(name)
    parts = [_entry(name, value)]
    if inspect.isclass(value):
        methods = ((each, getattr(value, each)) for each in vars(value) if not each.startswith("_"))
        parts += [_entry(f"{name}.{each}", method) for each, method in methods if callable(method)]
    return "\n\n".join(parts) + "\n"


def _entry(name: str, value: object) -> str:
    signature = ""
    if inspect.isroutine(value):
        signature = str(inspect.signature(value))
    return f"### `{name}{signature}`\n\n{inspect.getdoc(value) or ''}".strip()
