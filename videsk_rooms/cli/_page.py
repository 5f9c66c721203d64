"""Lines for people, with colours where the terminal has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console
from rich.text import Text

from ._output import printable, writing

if TYPE_CHECKING:
    from collections.abc import Sequence

Piece: TypeAlias = str | tuple[str, str]
"""A text, or a text and its style."""

_NARROWEST = 20


class Page:
    """Standard output, line by line.

    Args:
        colours: `False` shows none, wherever it is shown; `True` leaves it to the terminal and to
            `NO_COLOR`.

    Attributes:
        tick: What marks success, in signs that the output can show.
        cross: What marks failure.
        arrow: What marks a remedy.
    """

    def __init__(self, *, colours: bool = True) -> None:
        # No highlighting: rich would colour numbers and ids in every text.
        self.console = Console(highlight=False, no_color=None if colours else True)
        self.tick, self.cross, self.arrow = _marks(self.console.encoding)

    @property
    def width(self) -> int | None:
        """How many columns there are; `None` where nobody looks, and nothing is to be cut off."""
        return self.console.width if self.console.is_terminal else None

    def line(self, *pieces: Piece) -> None:
        """Show a line as it is, however long: what is copied from it has to be whole."""
        safe = [
            (printable(piece[0]), piece[1]) if isinstance(piece, tuple) else (printable(piece), "")
            for piece in pieces
        ]
        text = Text.assemble(*safe)
        text.rstrip()
        with writing():
            self.console.print(text, soft_wrap=True)

    def say(self, mark: str, text: str, *, style: str = "", mark_style: str = "") -> None:
        """Show a text with a mark before it, and all of its lines beside the mark."""
        for number, line in enumerate(self._wrapped(text, len(mark))):
            start = mark if number == 0 else " " * len(mark)
            self.line((start, mark_style or style), (line, style))

    def _wrapped(self, text: str, taken: int) -> Sequence[str]:
        width = max(self.console.width - taken, _NARROWEST)
        # Line by line: a text may have paragraphs, and a line break is no printable sign.
        return [
            line.plain.rstrip()
            for paragraph in text.split("\n")
            for line in Text(printable(paragraph)).wrap(self.console, width) or [Text()]
        ]


def _marks(encoding: str) -> tuple[str, str, str]:
    try:
        "✓✗→".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "ok", "FAILED", "->"
    return "✓", "✗", "→"
