"""docs/hooks/ranks.py: which pages the site's search puts first."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from .blocks import DOCS

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture
def ranks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(DOCS / "hooks")
    return import_module("ranks")


def boost_of(ranks: ModuleType, path: str, meta: dict[str, Any]) -> float:
    page = SimpleNamespace(file=SimpleNamespace(src_uri=path), meta=meta)
    assert ranks.on_page_markdown("text", page) == "text"
    return float(meta.get("search", {}).get("boost", 1.0))


def test_what_says_what_to_do_comes_first(ranks: ModuleType) -> None:
    """Guides before the reference, and that before decisions; in both languages."""
    paths = ("guide/rate-limit.es.md", "reference/rooms.md", "decisions/0006-backoff.md")
    guide, reference, decision = (boost_of(ranks, path, {}) for path in paths)
    assert guide > reference > decision


def test_a_page_keeps_its_own_boost(ranks: ModuleType) -> None:
    """Set at its head."""
    meta = {"search": {"boost": 7}}
    assert boost_of(ranks, "guide/workers.md", meta) == 7


def test_every_start_is_that_of_a_page(ranks: ModuleType) -> None:
    """A page that was moved is ranked anew."""
    paths = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    unused = [start for start in ranks.BOOSTS if not any(p.startswith(start) for p in paths)]
    assert unused == []
