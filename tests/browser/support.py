"""The page of `docs/examples/browser` as people meet it, with a stand-in for the SDK."""

from __future__ import annotations

import itertools
import json
import threading
from base64 import urlsafe_b64decode
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from playwright.sync_api import expect
from werkzeug.serving import make_server

from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page

    from videsk_rooms.sandbox import Sandbox

    from .chromium import Visits

SDK = "https://cdn.videsk.io/sdk/webrtc.esm.js"
_STAND_IN = Path(__file__).with_name("stand_in.js").read_text(encoding="utf-8")
_PATIENCE = 20_000.0  # milliseconds
_numbers = itertools.count(1)
expect.set_options(timeout=_PATIENCE)


@contextmanager
def served(application: Callable[..., Any]) -> Iterator[str]:
    """Serve an application on a free port, each request in a thread of its own; yields its URL."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served_asgi(application: Any) -> Iterator[str]:
    """Serve an ASGI application on a free port; yields its URL."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        assert server.started, "the application has not started"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def claims_of(token: str) -> dict[str, Any]:
    """Read what a token says."""
    body = token.split(".")[1]
    read: dict[str, Any] = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return read


class Visitor:
    """Somebody in front of the page, whose browser loads the stand-in in place of the SDK.

    Attributes:
        page: What they see.
        tokens: The tokens that the SDK was given.
        complaints: What the SDK's server will say of the next tokens; `None` lets somebody in. When
            there are none left, it goes by the room's window and the sandbox's clock.
    """

    def __init__(self, visits: Visits, sandbox: Sandbox, **options: Any) -> None:
        self.page: Page = visits.visitor(**{"locale": "en-US", **options})
        self.page.set_default_timeout(_PATIENCE)
        self.tokens: list[str] = []
        self.complaints: list[str | None] = []
        self._sandbox = sandbox
        self.page.expose_function("judge", self._judge)
        self.page.route(
            SDK,
            lambda route: route.fulfill(
                body=_STAND_IN,
                content_type="text/javascript",
                headers={"Access-Control-Allow-Origin": "*"},
            ),
        )

    @property
    def door(self) -> Locator:
        """The one button."""
        return self.page.get_by_role("button")

    def sees(self, text: str) -> None:
        """Wait until the page says so."""
        expect(self.page.get_by_role("status")).to_contain_text(text)

    def clicks(self, name: str) -> None:
        """Click the button, which must have that name by now."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def stops_the_clock(self) -> None:
        """Let no time pass on the page but what the test lets pass."""
        self.page.clock.install()
        self.page.clock.pause_at(self.page.evaluate("Date.now() + 1000"))

    def waits(self, seconds: float) -> None:
        """Let time pass on the page."""
        self.page.clock.fast_forward(round(seconds * 1000))

    def sdk_says(self, event: str, **detail: object) -> None:
        """Have the SDK raise an event."""
        self.page.evaluate("([name, detail]) => webrtc.say(name, detail)", [event, detail])

    def _judge(self, token: str) -> str | None:
        self.tokens.append(token)
        if self.complaints:
            return self.complaints.pop(0)
        claims, now = claims_of(token), self._sandbox.now.timestamp()
        if now < claims["nbf"]:
            return "jwt not active"
        return "jwt expired" if claims["exp"] <= now else None


class TicketPage:
    """A ticket, its room and those who come to it."""

    def __init__(self, visits: Visits, sandbox: Sandbox, site: str) -> None:
        self.number = next(_numbers)
        self.name = f"ticket-{self.number}"
        self.url = f"{site}/tickets/{self.number}"
        self._visits = visits
        self._sandbox = sandbox

    def visitor(self, **options: Any) -> Visitor:
        """Bring somebody to the page."""
        visitor = Visitor(self._visits, self._sandbox, **options)
        visitor.page.goto(self.url)
        return visitor

    @property
    def room(self) -> dict[str, Any]:
        """The room as it is in the sandbox."""
        (room,) = [room for room in self._sandbox.rooms if room["externalId"] == self.name]
        return room
