"""Ranks pages in the site's search: a hook of MkDocs.

Without it a decision, which argues with all the words of its subject, comes before the guide that
says what to do. A page that sets `search.boost` itself keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

# By the start of a page's path, without the folder of its language.
BOOSTS = {
    "errors/": 1.5,
    "glossary": 2.0,
    "guide/": 2.0,
    "not-offered": 2.0,
    "decisions/": 0.001,
    "architecture": 0.3,
    "changelog": 0.3,
    "comparison": 0.5,
    "contributing": 0.3,
    "performance": 0.5,
    "reference/": 0.6,
    "releasing": 0.3,
}


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Set the boost that the search plugin reads later."""
    boost = boost_of(page.file.src_uri)
    if boost != 1.0:
        page.meta.setdefault("search", {}).setdefault("boost", boost)
    return markdown


def boost_of(path: str) -> float:
    """Return how much more than other pages a page counts."""
    return next((boost for start, boost in BOOSTS.items() if path.startswith(start)), 1.0)
