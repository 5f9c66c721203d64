"""People in front of a page that uses the stand-in: a Chromium with an invented camera."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.chromium import Visits

PATIENCE = 20_000.0  # milliseconds
SWITCHES = (
    "--use-fake-device-for-media-stream=fps=5",  # pictures cost what a busy machine lacks
    "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire screen",
    "--allow-loopback-in-peer-connection",  # Chromium has no address on a machine without a network
)
# Whether a picture moves: frames differ, and are not black.
_MOVES = """async (video) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const frame = async () => {
        await new Promise((shown) => video.requestVideoFrameCallback(shown));
        context.drawImage(video, 0, 0, canvas.width, canvas.height);
        return context.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    const first = await frame();
    for (let frames = 0; frames < 100; frames++) {
        const next = await frame();
        const differs = next.filter((value, index) => Math.abs(value - first[index]) > 32).length;
        if (differs > 20 && next.some((value, index) => index % 4 !== 3 && value > 64)) return true;
    }
    return false;
}"""
Result = TypeVar("Result")
expect.set_options(timeout=PATIENCE)


def elsewhere(call: Callable[[], Result]) -> Result:
    """Call the blocking client in a thread where no event loop runs, as Playwright's does here."""
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()
    thread.join()
    (result,) = results
    return result


class Guest:
    """Somebody with a camera, in front of a page."""

    def __init__(self, visits: Visits, url: str, **options: Any) -> None:
        self.page: Page = visits.visitor(**{"locale": "en-US", **options})
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(url)

    @property
    def element(self) -> Locator:
        """The <videsk-webrtc>, whose shadow is open."""
        return self.page.locator("videsk-webrtc")

    @property
    def others(self) -> Locator:
        """The pictures of the others."""
        return self.element.locator("figure.remote")

    def sees(self, text: str) -> None:
        """Wait until the page says so."""
        expect(self.page.get_by_role("status")).to_contain_text(text, timeout=PATIENCE)

    def sees_moving(self, *aliases: str) -> None:
        """Wait until these others are seen, each in a picture that moves."""
        expect(self.others).to_have_count(len(aliases), timeout=PATIENCE)
        for alias in aliases:
            picture = self.others.filter(has_text=alias).locator("video")
            assert picture.evaluate(_MOVES), f"the picture of {alias} does not move"

    def reads(self, text: str) -> None:
        """Wait until the chat says so."""
        expect(self.element.locator("videsk-chat li", has_text=text)).to_have_count(1)

    def clicks(self, name: str) -> None:
        """Click a button."""
        self.page.get_by_role("button", name=name, exact=True).click()
