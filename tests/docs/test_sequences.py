"""docs/hooks/sequences.py: diagrams as HTML."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from .blocks import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What MkDocs calls."""
    monkeypatch.syspath_prepend(DOCS / "hooks")
    drawn: Callable[[str], str] = import_module("sequences").drawn
    return drawn


DIAGRAM = """\
sequenceDiagram
    accTitle: A <token>
    participant Browser
    participant API as Rooms API
    Browser->>API: `rooms.join`
    API-->>Browser: a token
    Note over Browser,API: later
"""


def test_messages_go_from_line_to_line(draw: Callable[[str], str]) -> None:
    """Each between the middles of the columns that its two actors have."""
    drawn = draw(DIAGRAM)
    assert re.findall(r'<li class="([a-z ]+)" style="grid-column: ([^"]+)"', drawn) == [
        ("request right", "2 / 4"),
        ("answer left", "2 / 4"),
        ("note", "1 / 5"),
    ]


def test_it_can_be_read_aloud(draw: Callable[[str], str]) -> None:
    """What an arrow shows is said; what is text is no markup."""
    drawn = draw(DIAGRAM)
    assert 'aria-label="A &lt;token&gt;"' in drawn
    heard = re.sub(r"<[^>]+>", "", drawn)
    assert "Browser → Rooms API: rooms.join" in heard


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("flowchart LR", "flowchart LR"),
        ("sequenceDiagram\n    loop every minute", "loop every minute"),
        ("sequenceDiagram\n    A->>B: hello", "no participant 'A'"),
    ],
)
def test_what_cannot_be_drawn_is_named(draw: Callable[[str], str], source: str, named: str) -> None:
    """The build fails, in place of leaving something out."""
    with pytest.raises(ValueError, match=re.escape(named)):
        draw(source)
