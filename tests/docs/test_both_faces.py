"""docs/hooks/both_faces.py: the reference shows the awaited and the blocking call."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from videsk_rooms import AsyncRooms, AsyncVidesk

from .blocks import DOCS, blocks_of
from .stage import NAMES_IN_DOCSTRINGS, story

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

pytest.importorskip("griffe", reason="mkdocstrings is not installed")
_METHODS = {
    f"{kind.__name__}.{name}": inspect.getdoc(method) or ""
    for kind in (AsyncRooms, AsyncVidesk)
    for name, method in vars(kind).items()
    if not name.startswith("_") and "```python" in (inspect.getdoc(method) or "")
}


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module."""
    monkeypatch.syspath_prepend(DOCS / "hooks")
    return importlib.import_module("both_faces")


@pytest.mark.parametrize("name", _METHODS)
def test_the_blocking_example_runs(hook: Any, name: str, account: Sandbox) -> None:
    """It is made of the awaited one, and no reader should have to change it."""
    shown = hook.with_both(_METHODS[name])
    awaited, blocking = blocks_of(shown.partition('=== "Async"')[2])
    assert awaited.code in _METHODS[name].replace("\n    ", "\n")
    assert "await" not in blocking.code
    assert "async" not in blocking.code
    assert blocking.code != awaited.code or "await" not in awaited.code
    with story(f"blocking example of {name}", sandbox=account, **NAMES_IN_DOCSTRINGS) as told:
        told.run(blocking)


def test_blocking_methods_are_functions_of_the_reference(hook: Any) -> None:
    """With the signature of the awaited ones, and types of the blocking client."""
    griffe: Any = importlib.import_module("griffe")
    package = griffe.load(
        "videsk_rooms",
        search_paths=[str(DOCS.parent)],
        extensions=griffe.load_extensions(hook.BothFaces),
    )
    rooms = package["sync.Rooms"].members
    awaited = package["rooms.AsyncRooms"].members
    names = [name for name in vars(AsyncRooms) if not name.startswith("_")]
    assert all(rooms[name].is_function or name == "with_response" for name in names)
    assert list(rooms["create"].parameters) == list(awaited["create"].parameters)
    assert str(rooms["iter"].returns) == "Generator[Room, None, None]"
    assert str(rooms["create_many"].returns).startswith("Outcomes[")
    view = package["sync.Videsk"].members["with_options"]
    assert list(view.parameters) == list(package["client.AsyncVidesk"]["with_options"].parameters)
