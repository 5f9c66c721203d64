"""Takes out of the head of each page where the other languages are: a hook of MkDocs.

The addresses are relative, which tells a search engine nothing, and the theme would look for a
sitemap.xml beneath each of them, which is not there. Readers change the language by the menu, which
leads to the same page.
"""

from __future__ import annotations

import re

_ALTERNATE = re.compile(r'\s*<link rel="alternate"[^>]* hreflang=[^>]*>')


def on_post_page(output: str, **_: object) -> str:
    """Leave the alternates out."""
    return _ALTERNATE.sub("", output)
