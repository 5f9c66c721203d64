"""Gives each language of the site its own search index: a hook of MkDocs.

The theme reads one index for all pages, `search/search_index.json` beneath the `base` that a page
states in its head. So Spanish pages state `es/` as their base, and find an index of theirs there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.plugins import event_priority

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

FOLDER = "es/"
_FILE = "search/search_index.json"


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Lead the search of a Spanish page to the Spanish index."""
    if not page.url.startswith(FOLDER):
        return output
    root = page.url.count("/") * "../"
    return output.replace(f'"base": "{root.rstrip("/")}"', f'"base": "{root}{FOLDER}"', 1)


@event_priority(-200)  # after the plugin i18n, which collects the entries of all languages
def on_post_build(config: MkDocsConfig) -> None:
    """Move the Spanish entries into an index beneath `es/`."""
    site = Path(config.site_dir)
    index = json.loads((site / _FILE).read_text(encoding="utf-8"))
    for language, folder in (("en", ""), ("es", FOLDER)):
        entries = [
            {**entry, "location": entry["location"].removeprefix(folder)}
            for entry in index["docs"]
            if entry["location"].startswith(FOLDER) == bool(folder)
        ]
        file = site / folder / _FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        settings = {**index["config"], "lang": [language]}
        file.write_text(json.dumps({"config": settings, "docs": entries}), encoding="utf-8")
