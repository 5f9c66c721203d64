"""The page of `docs/examples/browser` in a real Chromium: people enter, and their token is safe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.docs.blocks import EXAMPLES, ROOT

from .support import Visitor, claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videsk_rooms.sandbox import Sandbox

    from .chromium import Visits
    from .support import TicketPage

pytestmark = pytest.mark.any_python("the page and the browser are the same everywhere")


def test_a_person_who_clicks_is_let_in_with_a_token_of_the_room(
    ticket: TicketPage, sandbox: Sandbox
) -> None:
    """One that the API signed for this room, and lists."""
    visitor = ticket.visitor()
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    expect(visitor.page.locator("#room videsk-webrtc")).to_be_visible()
    (token,) = visitor.tokens
    assert claims_of(token)["room"] == ticket.room["id"]
    assert [each["jti"] for each in ticket.room["authorizations"]] == [claims_of(token)["jti"]]
    # A token of another signature would be refused with 401, as no API token this one is with 403.
    request = urllib.request.Request(sandbox.url + "/vpaas/rooms")
    request.add_header("Authorization", f"Bearer {token}")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.code == 403


def test_two_people_get_a_token_each_of_one_room(ticket: TicketPage) -> None:
    """As the first opens the room, the second comes into the same."""
    people = [ticket.visitor(), ticket.visitor()]
    for person in people:
        person.clicks("Enter")
    for person in people:
        person.sees("You are in the room.")
    claims = [claims_of(token) for person in people for token in person.tokens]
    assert [each["room"] for each in claims] == [ticket.room["id"]] * 2
    assert len({each["jti"] for each in claims}) == 2


def test_the_token_is_nowhere_but_in_the_hands_of_the_sdk(ticket: TicketPage) -> None:
    """Neither while somebody is in the room, nor afterwards."""
    visitor = ticket.visitor()
    page, heard, asked = visitor.page, [], []
    page.on("console", lambda message: heard.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response("**/room") as answered:
        visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    (token,) = visitor.tokens

    def places() -> str:
        kept = page.evaluate(
            """async () => JSON.stringify([
                {...localStorage}, {...sessionStorage}, history.state, name,
                await indexedDB.databases(), await caches.keys(), document.cookie,
                Object.keys(window).filter(key => typeof window[key] === 'string')
                    .map(key => window[key]),
            ])"""
        )
        return f"{page.url} {page.content()} {kept} {page.context.cookies()} {heard} {asked}"

    assert token not in places()
    assert answered.value.headers["cache-control"] == "no-store"
    visitor.clicks("Leave")
    visitor.sees("You have left the room.")
    assert token not in places()


def test_the_policy_of_the_page_lets_nothing_else_in(ticket: TicketPage, visits: Visits) -> None:
    """No script of another site, and none in the document; a violation fails every test here."""
    page = ticket.visitor().page
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            """() => {
                const script = document.createElement('script');
                script.text = 'stolen = true';
                document.body.append(script);
            }"""
        )
    with page.expect_console_message(lambda message: "example.org" in message.text):
        page.evaluate("import('https://example.org/x.js').catch(() => {})")
    assert page.evaluate("typeof stolen") == "undefined"
    visits.forgive("Content Security Policy")
    assert visits.troubles == []


def test_a_spanish_browser_sees_spanish(
    ticket: TicketPage, sandbox: Sandbox, visits: Visits
) -> None:
    """Numbers and times too, and whoever reads aloud is told so."""
    sandbox.faults.status(429, headers={"Retry-After": "60"}, on="join")
    visitor = ticket.visitor(locale="es-CL")
    visitor.stops_the_clock()
    expect(visitor.page).to_have_title(f"Sala de video del ticket {ticket.number}")
    expect(visitor.page.locator("html")).to_have_attribute("lang", "es")
    visitor.clicks("Entrar")
    visitor.sees("Las salas de video están ocupadas. Nuevo intento en 60 segundos.")
    visitor.waits(60)
    visitor.sees("Ya está en la sala.")
    visits.forgive("status of 503")


def test_any_other_browser_sees_english(ticket: TicketPage) -> None:
    """Rather than half of each."""
    visitor = ticket.visitor(locale="fr-FR")
    expect(visitor.page.locator("html")).to_have_attribute("lang", "en")
    expect(visitor.page.get_by_role("heading")).to_have_text(
        f"Video room of ticket {ticket.number}"
    )


def test_both_languages_say_all_of_it() -> None:
    """Whoever adds a sentence adds its translation."""
    text = (EXAMPLES / "browser" / "words.js").read_text(encoding="utf-8")
    english, spanish = re.findall(r"const [A-Z]+ = \{\n  title(.*?)\n\};", text, re.DOTALL)
    keys = [re.findall(r"(?m)^  (\w+):", words) for words in (english, spanish)]
    assert keys[0] == keys[1] != []


def test_the_keyboard_is_enough(ticket: TicketPage) -> None:
    """The focus stays on the one button, whatever it is for."""
    visitor = ticket.visitor()
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    visitor.sees("You are in the room.")
    expect(visitor.door).to_have_text("Leave")
    expect(visitor.door).to_be_focused()
    visitor.page.keyboard.press("Space")
    visitor.sees("You have left the room.")
    expect(visitor.door).to_be_focused()


def test_everything_fits_on_a_narrow_phone(ticket: TicketPage) -> None:
    """To the sides; and a thumb finds the button."""
    visitor = ticket.visitor(viewport={"width": 320, "height": 640})
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 320
    box = visitor.door.bounding_box()
    assert box is not None
    assert box["height"] >= 44


@pytest.fixture
def django_site(account: Sandbox) -> Iterator[str]:
    """The page as a template of Django, in a process of its own: its settings are for good."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.browser.django_site"],
        cwd=ROOT,
        env={
            **os.environ,
            "VIDESK_API_TOKEN": account.api_token,
            "VIDESK_BASE_URL": account.url,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def test_django_lets_the_page_post_with_its_token(
    visits: Visits, sandbox: Sandbox, django_site: str
) -> None:
    """And nobody who has another one."""
    visitor = Visitor(visits, sandbox)
    visitor.page.goto(f"{django_site}/tickets/1000")
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    visitor.page.context.clear_cookies()
    visitor.clicks("Leave")
    visitor.clicks("Enter")
    visitor.sees("Video rooms are out of order. Please come back later.")
    visits.forgive("status of 403")
