"""docs/hooks/footer.py: the version, and where the source and the issues are."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from videsk_rooms import __version__

from .blocks import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable

config_defaults = pytest.importorskip(
    "mkdocs.config.defaults", reason="the site is built with the extra `docs`"
)


@pytest.fixture
def footer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Build the footer with what stands under `extra`."""
    monkeypatch.syspath_prepend(DOCS / "hooks")
    on_config = import_module("footer").on_config

    def build(**extra: str) -> str:
        config = config_defaults.MkDocsConfig()
        config.extra = extra
        return str(on_config(config).copyright)

    return build


def test_it_has_the_version_alone(footer: Callable[..., str]) -> None:
    """Until the addresses are known."""
    assert footer(source_url="", issues_url="") == f"videsk-rooms {__version__}"


def test_it_links_to_what_is_known(footer: Callable[..., str]) -> None:
    """In this order; an address is escaped."""
    text = footer(issues_url="https://git.example/issues?a&b", source_url="https://git.example")
    assert text.split(" · ")[1:] == [
        '<a href="https://git.example">Source</a>',
        '<a href="https://git.example/issues?a&amp;b">Issues</a>',
    ]
