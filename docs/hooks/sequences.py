"""Draws sequence diagrams when the site is built: a hook of MkDocs.

The pages hold them as blocks of Mermaid, which GitHub draws too. Mermaid's own script is 3 MB, and
the theme would load it from another host. What our diagrams need of it is a few lines of HTML: they
follow the page's colours, wrap on a phone, and can be read aloud.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

_TITLE = re.compile(r"accTitle: (?P<title>.+)")
_ACTOR = re.compile(r"participant (?P<name>\w+)(?: as (?P<label>.+))?")
_MESSAGE = re.compile(r"(?P<source>\w+)(?P<arrow>-?->>)(?P<target>\w+): (?P<text>.+)")
_NOTE = re.compile(r"Note over (?P<first>\w+)(?:,(?P<last>\w+))?: (?P<text>.+)")
_CODE = re.compile(r"`([^`]+)`")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Draw blocks of Mermaid from now on."""
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {})
    fences.setdefault("custom_fences", []).append(
        {"name": "mermaid", "class": "sequence", "format": drawn}
    )
    return config


def drawn(source: str, *_: Any, **__: Any) -> str:
    """Draw a diagram.

    Args:
        source: The block of Mermaid.

    Returns:
        The HTML.

    Raises:
        ValueError: Something in it cannot be drawn.
    """
    first, *lines = source.split("\n")
    if first.strip() != "sequenceDiagram":
        raise ValueError(f"a diagram begins with {first!r}; only sequenceDiagram can be drawn")
    diagram = _Diagram()
    for line in lines:
        if line.strip():
            diagram.add(line.strip())
    return diagram.as_html()


@dataclass
class _Diagram:
    """Actors side by side, each with a line downwards, and messages from line to line."""

    title: str = ""
    actors: dict[str, str] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        if found := _TITLE.fullmatch(line):
            self.title = found["title"]
        elif found := _ACTOR.fullmatch(line):
            self.actors[found["name"]] = found["label"] or found["name"]
        elif found := _MESSAGE.fullmatch(line):
            self.steps.append(self._message(**found.groupdict()))
        elif found := _NOTE.fullmatch(line):
            first, last = found["first"], found["last"] or found["first"]
            self.steps.append(self._note(first, last, found["text"]))
        else:
            raise ValueError(f"a diagram has a line that cannot be drawn: {line!r}")

    def _message(self, source: str, arrow: str, target: str, text: str) -> str:
        start, end = self._line_of(source), self._line_of(target)
        kind = "answer" if arrow == "-->>" else "request"
        way = "right" if start < end else "left"
        heard = f"{self.actors[source]} → {self.actors[target]}: "
        return (
            f'<li class="{kind} {way}" style="grid-column: {min(start, end)} / {max(start, end)}">'
            f'<span class="heard">{escape(heard)}</span><span>{_marked_up(text)}</span></li>'
        )

    def _note(self, first: str, last: str, text: str) -> str:
        columns = f"{self._line_of(first) - 1} / {self._line_of(last) + 1}"
        return (
            f'<li class="note" style="grid-column: {columns}"><span>{_marked_up(text)}</span></li>'
        )

    def _line_of(self, actor: str) -> int:
        """Each actor has two columns of the grid; its line is between them."""
        if actor not in self.actors:
            raise ValueError(f"a diagram has no participant {actor!r}")
        return 2 * list(self.actors).index(actor) + 2

    def as_html(self) -> str:
        actors = "".join(f"<span>{escape(label)}</span>" for label in self.actors.values())
        return (
            f'<div class="sequence" role="group" aria-label="{escape(self.title)}" '
            f'style="--actors: {len(self.actors)}">'
            f'<div class="actors" aria-hidden="true">{actors}</div>'
            f"<ol>{''.join(self.steps)}</ol></div>"
        )


def _marked_up(text: str) -> str:
    return _CODE.sub(lambda found: f"<code>{_breakable(found[1])}</code>", escape(text))


def _breakable(code: str) -> str:
    """Let a phone break a long name where it is joined."""
    return re.sub(r"(?<=\w)([._])(?=\w)", r"\1<wbr>", code)
