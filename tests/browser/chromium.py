"""A real Chromium, without a window, for as long as it is needed."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
MISSING = "Chromium is not installed"

# Root may not use Chromium's own cage, and what Chromium does unasked is not wanted in a test.
# WebSockets are not routed as requests are: they find no other machine, and complain of it.
_SWITCHES = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_ELSEWHERE = re.compile(r"https?://(?!(127\.0\.0\.1|localhost)[:/])")


@contextmanager
def running(*switches: str) -> Iterator[Browser]:
    """Run a browser with an empty profile, and with more switches if need be.

    Its loop counts as running in the thread that asks, so that nothing can be awaited there
    meanwhile: a browser is for one module, which has no coroutines.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=(*_SWITCHES, *switches))
        yield browser
        browser.close()


class Visits:
    """Visitors with a browser each, none of whom leaves this machine, and what troubled them.

    Attributes:
        troubles: Errors on the console, uncaught exceptions, and requests that were to leave.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    def visitor(self, **options: Any) -> Page:
        """Open an empty page; the options are those of Playwright's `new_context`."""
        context = self._browser.new_context(service_workers="block", **options)
        self._contexts.append(context)
        context.route(_ELSEWHERE, self._keep_here)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.troubles.append(str(error.error)))
        return context.new_page()

    def forgive(self, pattern: str) -> None:
        """Take the troubles away that a test asked for, of which there must be some."""
        forgiven = [trouble for trouble in self.troubles if re.search(pattern, trouble)]
        assert forgiven, f"nothing like {pattern!r} in {self.troubles}"
        self.troubles = [trouble for trouble in self.troubles if trouble not in forgiven]

    def end(self) -> None:
        """Close all pages, and complain if anything troubled them."""
        for context in self._contexts:
            context.close()
        assert self.troubles == []

    def _keep_here(self, route: Route) -> None:
        self.troubles.append(f"a request to {route.request.url}")
        route.abort()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(message.text)
