"""The console in a browser, with somebody in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.chromium import Visits
    from videsk_rooms.sandbox import Sandbox

PATIENCE = 20_000.0  # milliseconds
expect.set_options(timeout=PATIENCE)


class ConsolePage:
    """The console of a sandbox, opened in a browser of its own.

    Attributes:
        page: What is seen.
    """

    def __init__(self, visits: Visits, sandbox: Sandbox, place: str = "", **options: Any) -> None:
        self.page: Page = visits.visitor(**{"locale": "en-US", **options})
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(f"{sandbox.console_url}{place}")
        expect(self.page.locator(".connection.open")).to_be_visible()

    @property
    def rows(self) -> Locator:
        """The rows of the list of requests that are in sight."""
        return self.page.locator(".list-body [role=row]")

    def row(self, text: str) -> Locator:
        """The rows with a text."""
        return self.rows.filter(has_text=text)

    @property
    def grid(self) -> Locator:
        """The list of requests."""
        return self.page.get_by_role("treegrid")

    @property
    def panel(self) -> Locator:
        """What is open beside the list."""
        return self.page.locator(".panel:visible")

    def click(self, name: str, within: Locator | None = None) -> None:
        """Click a button by its name."""
        (within or self.page.locator("body")).get_by_role("button", name=name, exact=True).click()

    def go(self, place: str) -> None:
        """Follow a link of the page's head."""
        self.page.get_by_role("navigation").get_by_role("link", name=place).click()
