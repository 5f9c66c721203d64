"""Writes the footer of each page: the version, the source and the issues. A hook of MkDocs.

The two addresses are `source_url` and `issues_url` under `extra` in mkdocs.yml. The theme's own
`repo_url` would have each reader's browser ask the host of the repository how many stars it has.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

_VERSION = Path(__file__).parents[2] / "videsk_rooms" / "_version.py"
_LINKS = {"source_url": "Source", "issues_url": "Issues"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Set the footer, with the addresses that are known."""
    found = re.search(r'__version__ = "([^"]+)"', _VERSION.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f'{_VERSION} has no line __version__ = "…"')
    links = [
        f'<a href="{escape(config.extra[name])}">{label}</a>'
        for name, label in _LINKS.items()
        if config.extra.get(name)
    ]
    config.copyright = " · ".join([f"videsk-rooms {escape(found[1])}", *links])
    return config
