"""docs/hooks/sequences.py: diagrams as HTML."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from .blocks import DOCS


def _draw(source: str) -> str:
    spec = spec_from_file_location("sequences", DOCS / "hooks" / "sequences.py")
    assert spec is not None
    assert spec.loader is not None
    hook = module_from_spec(spec)
    spec.loader.exec_module(hook)
    drawn: str = hook.drawn(source)
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


def test_messages_go_from_line_to_line() -> None:
    """Each between the middles of the columns that its two actors have."""
    drawn = _draw(DIAGRAM)
    assert re.findall(r'<li class="([a-z ]+)" style="grid-column: ([^"]+)"', drawn) == [
        ("request right", "2 / 4"),
        ("answer left", "2 / 4"),
        ("note", "1 / 5"),
    ]


def test_it_can_be_read_aloud() -> None:
    """What an arrow shows is said; what is text is no markup."""
    drawn = _draw(DIAGRAM)
    assert 'aria-label="A &lt;token&gt;"' in drawn
    heard = re.sub(r"<[^>]+>", "", drawn)
    assert "Browser → Rooms API: rooms.join" in heard


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("flowchart LR", "flowchart LR"),
        ("sequenceDiagram\n    loop every minute", "loop every minute"),
        ("sequenceDiagram\n    A->>B: hello", "A"),
    ],
)
def test_what_cannot_be_drawn_is_named(source: str, named: str) -> None:
    """The build fails, in place of leaving something out."""
    with pytest.raises(ValueError, match=re.escape(named)):
        _draw(source)
