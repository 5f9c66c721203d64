"""The built site: its pages as HTML, and a server for browsers."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from videsk_rooms.errors import PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The path of `site_url` in mkdocs.yml: the errors' texts link below the same address.
_PUBLISHED_UNDER = urlsplit(PAGES).path.removesuffix("/errors/")
_LOADED_LINKS = {"icon", "modulepreload", "preload", "prefetch", "stylesheet"}


class Document(HTMLParser):
    """What matters of a page.

    Attributes:
        ids: What anchors may name.
        links: Where a reader may go.
        loaded: What the browser fetches by itself.
        classes: The classes of all elements.
    """

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.classes: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        of = {name: value or "" for name, value in attrs}
        self.ids |= {of[name] for name in ("id", "name") if name in of}
        self.classes |= set(of.get("class", "").split())
        if tag == "a" and "href" in of:
            self.links.append(of["href"])
        if tag == "link" and _LOADED_LINKS & set(of.get("rel", "").split()):
            self.loaded.append(of["href"])
        self.loaded += [of[name] for name in ("src", "srcset", "poster") if name in of]


def is_elsewhere(link: str) -> bool:
    """Whether a link leaves the site."""
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


def target_of(link: str, page: Path, site: Path) -> tuple[Path, str]:
    """Find the file that a link of a page leads to, and the anchor in it, if any."""
    parts = urlsplit(link)
    path = unquote(parts.path)
    found = page
    if path.startswith("/"):  # as on the page for what is not found, which may be shown anywhere
        found = site / path.removeprefix(_PUBLISHED_UNDER).lstrip("/")
    elif path:
        found = page.parent / path
    if found.is_dir():
        found /= "index.html"
    return found.resolve(), unquote(parts.fragment)


class _Quiet(SimpleHTTPRequestHandler):
    def handle(self) -> None:
        """Answer; a browser that goes on before it has all is no trouble."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve it on this machine: from files, a browser runs no search."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
