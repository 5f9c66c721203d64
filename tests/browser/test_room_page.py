"""The page of `docs/examples/browser` in a real Chromium, served by its application."""

from __future__ import annotations

import importlib
import itertools
import re
import urllib.error
import urllib.request
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.blocking.support import Thread
from tests.docs.blocks import EXAMPLES
from videsk_rooms import Retry, Videsk
from videsk_rooms.sandbox import Sandbox

from .support import SDK, Visitor, claims_of, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .chromium import Visits

HOUR = timedelta(hours=1)
_tickets = itertools.count(1)


@pytest.fixture(scope="module")
def account() -> Iterator[Sandbox]:
    """A sandbox for all tests, each of which has a ticket of its own."""
    with Sandbox(rate=None) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def client(account: Sandbox) -> Iterator[Videsk]:
    """Somebody else with the same account, who waits in no line."""
    with Videsk(account.api_token, base_url=account.url, rate_limit=None) as client:
        yield client


@pytest.fixture(scope="module")
def site(account: Sandbox) -> Iterator[str]:
    """The application at work, which tries nothing again by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        application = importlib.import_module("browser_app").create_app(
            {
                "VIDESK_API_TOKEN": account.api_token,
                "VIDESK_BASE_URL": account.url,
                "VIDESK_RETRY": Retry(attempts=1),
                "VIDESK_RATE_LIMIT": None,
            }
        )
    with served(application) as url:
        yield url
    application.extensions["videsk"].close()


class Ticket:
    """A ticket, its room and those who come to it."""

    def __init__(self, visits: Visits, sandbox: Sandbox, site: str) -> None:
        self.number = next(_tickets)
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


@pytest.fixture
def sandbox(account: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, whose log begins and whose faults end with the test."""
    account.requests.clear()
    yield account
    account.faults.clear()


@pytest.fixture
def ticket(visits: Visits, sandbox: Sandbox, site: str) -> Ticket:
    """A ticket that nobody came to yet."""
    return Ticket(visits, sandbox, site)


def joins(sandbox: Sandbox) -> int:
    """Count how often a token was asked for."""
    return sum(request.operation == "join" for request in sandbox.requests)


def test_a_person_who_clicks_is_let_in_with_a_token_of_the_room(
    ticket: Ticket, sandbox: Sandbox
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


def test_two_people_get_a_token_each_of_one_room(ticket: Ticket) -> None:
    """As the first opens the room, the second comes into the same."""
    people = [ticket.visitor(), ticket.visitor()]
    for person in people:
        person.clicks("Enter")
    for person in people:
        person.sees("You are in the room.")
    claims = [claims_of(token) for person in people for token in person.tokens]
    assert [each["room"] for each in claims] == [ticket.room["id"]] * 2
    assert len({each["jti"] for each in claims}) == 2


def test_the_token_is_nowhere_but_in_the_hands_of_the_sdk(ticket: Ticket) -> None:
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


def test_the_policy_of_the_page_lets_nothing_else_in(ticket: Ticket, visits: Visits) -> None:
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


def test_a_busy_api_is_told_and_asked_again_when_it_says(
    ticket: Ticket, sandbox: Sandbox, visits: Visits
) -> None:
    """With a countdown, which is not read aloud every second."""
    sandbox.faults.status(429, headers={"Retry-After": "300"}, on="join")
    visitor = ticket.visitor()
    visitor.stops_the_clock()
    visitor.clicks("Enter")
    visitor.sees("Video rooms are busy. Trying again in 5 minutes.")
    countdown = visitor.page.locator("#countdown")
    expect(countdown).to_have_text("5:00")
    expect(countdown).to_have_attribute("aria-hidden", "true")
    assert joins(sandbox) == 1
    visitor.waits(1)
    expect(countdown).to_have_text("4:59")
    visitor.waits(299)
    visitor.sees("You are in the room.")
    expect(countdown).to_be_empty()
    visits.forgive("status of 503")


def test_an_api_that_stays_busy_is_left_alone(
    ticket: Ticket, sandbox: Sandbox, visits: Visits
) -> None:
    """After five times in a row it is for the person to say when."""
    sandbox.faults.status(503, headers={"Retry-After": "60"}, on="join", times=None)
    visitor = ticket.visitor()
    visitor.stops_the_clock()
    visitor.clicks("Enter")
    for _ in range(4):
        visitor.sees("Trying again in 60 seconds.")
        with visitor.page.expect_response("**/room"):
            visitor.waits(60)
    expect(visitor.door).to_have_text("Enter")
    visitor.sees("Video rooms are busy.")
    assert joins(sandbox) == 5
    visits.forgive("status of 503")


def test_what_will_not_pass_is_told(ticket: Ticket, sandbox: Sandbox, visits: Visits) -> None:
    """And the person may try again."""
    visitor = ticket.visitor()
    for status, told, said in (
        (404, 404, "There is no such room."),
        (409, 409, "Somebody else has just changed the room. Please enter again."),
        (403, 500, "Video rooms are out of order. Please come back later."),
    ):
        sandbox.faults.status(status, on="join")
        visitor.clicks("Enter")
        visitor.sees(said)
        visits.forgive(f"status of {told}")
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")


def test_a_room_that_is_over_is_told(ticket: Ticket, sandbox: Sandbox, visits: Visits) -> None:
    """Nobody asks for a token of it."""
    sandbox.add_room(external_id=ticket.name, nbf=sandbox.now - HOUR, exp=sandbox.now)
    visitor = ticket.visitor()
    visitor.clicks("Enter")
    visitor.sees("The room is over.")
    assert joins(sandbox) == 0
    visits.forgive("status of 410")


def test_a_room_that_is_not_open_yet_is_waited_for(
    ticket: Ticket, client: Videsk, sandbox: Sandbox, visits: Visits
) -> None:
    """The person is told when it opens, and is let in then."""
    room = sandbox.add_room(external_id=ticket.name, nbf=sandbox.now + HOUR)
    visitor = ticket.visitor()
    visitor.stops_the_clock()
    visitor.clicks("Enter")
    visitor.sees("The room is not open yet. You will be let in when it opens: ")
    expect(visitor.page.locator("#countdown")).to_have_text(re.compile(r"1:00:00|5\d:\d\d"))
    assert joins(sandbox) == 0
    visits.forgive("status of 409")
    Thread(partial(client.rooms.update, str(room["id"]), nbf=timedelta())).result()
    visitor.waits(HOUR.total_seconds())
    visitor.sees("You are in the room.")


def test_a_network_that_is_back_is_used_at_once(ticket: Ticket, visits: Visits) -> None:
    """Whoever was cut off is told, and goes on without a click."""
    visitor = ticket.visitor()
    visitor.stops_the_clock()
    visitor.page.context.set_offline(True)
    visitor.clicks("Enter")
    visitor.sees("The network does not answer. Trying again in 5 seconds.")
    visits.forgive("ERR_INTERNET_DISCONNECTED")
    visitor.page.evaluate("() => { back = new Promise(done => addEventListener('online', done)) }")
    visitor.page.context.set_offline(False)
    visitor.page.evaluate("back")
    visitor.waits(1)
    visitor.sees("You are in the room.")


def test_a_token_that_has_run_out_is_replaced(ticket: Ticket) -> None:
    """Before somebody is in, and while somebody is; nobody has to click again."""
    visitor = ticket.visitor()
    visitor.complaints = ["jwt expired"]
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    visitor.sdk_says("error", code=4401, message="jwt expired")
    expect(visitor.page.locator("#room videsk-webrtc")).to_be_visible()
    visitor.sees("You are in the room.")
    assert len({claims_of(token)["jti"] for token in visitor.tokens}) == 3


def test_tokens_that_run_out_at_once_are_not_asked_for_for_ever(ticket: Ticket) -> None:
    """Though somebody was let in with the first."""
    visitor = ticket.visitor()
    visitor.complaints = [None, *["jwt expired"] * 9]
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    visitor.sdk_says("error", code=4401, message="jwt expired")
    visitor.sees("Your time in the room is over.")
    assert len(visitor.tokens) == 5


def test_whoever_is_put_out_at_the_end_is_told_that_it_is_over(
    ticket: Ticket, client: Videsk, sandbox: Sandbox, visits: Visits
) -> None:
    """The token has run out, and the room with it."""
    visitor = ticket.visitor()
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    Thread(client.rooms.delete, str(ticket.room["id"])).result()
    sandbox.add_room(external_id=ticket.name, nbf=sandbox.now - HOUR, exp=sandbox.now)
    visitor.sdk_says("error", code=4401, message="jwt expired")
    visitor.sees("The room is over.")
    expect(visitor.page.locator("#room")).to_be_hidden()
    visits.forgive("status of 410")


def test_a_room_that_the_sdk_finds_closed_yet_is_tried_again(ticket: Ticket) -> None:
    """The clocks of two servers may differ by seconds."""
    visitor = ticket.visitor()
    visitor.stops_the_clock()
    visitor.complaints = ["jwt not active"]
    visitor.clicks("Enter")
    visitor.sees("The room is not open yet. Trying again in 5 seconds.")
    visitor.waits(5)
    visitor.sees("You are in the room.")


def test_a_token_that_is_refused_for_good_is_told(ticket: Ticket) -> None:
    """Another is not asked for by itself."""
    visitor = ticket.visitor()
    complaints = ["jwt malformed", "invalid signature", "something new"]
    for count, complaint in enumerate(complaints, start=1):
        visitor.complaints = [complaint]
        visitor.clicks("Enter")
        visitor.sees("The room did not let you in. Please enter again.")
        assert len(visitor.tokens) == count


def test_an_sdk_that_cannot_be_loaded_is_told(ticket: Ticket, visits: Visits) -> None:
    """The person learns what to do."""
    visitor = ticket.visitor()
    visitor.page.unroute(SDK)
    visitor.clicks("Enter")
    visitor.sees("The video could not be started. Please reload the page.")
    visits.forgive(f"a request to {SDK}")
    visits.forgive("Failed to load resource")


def test_what_the_sdk_tells_is_told(ticket: Ticket) -> None:
    """The room is put away, and the person may come back."""
    visitor = ticket.visitor()
    for event, said in (
        ("hangup", "You have left the room."),
        ("disconnected", "The connection to the room is lost."),
    ):
        visitor.clicks("Enter")
        visitor.sees("You are in the room.")
        visitor.sdk_says(event)
        visitor.sees(said)
        expect(visitor.page.locator("videsk-webrtc")).to_have_count(0)


def test_a_complaint_about_anything_else_puts_nobody_out(ticket: Ticket) -> None:
    """Only that of a token ends a stay."""
    visitor = ticket.visitor()
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    visitor.sdk_says("error", code=4403, message="malformed message")
    visitor.sees("You are in the room.")
    expect(visitor.door).to_have_text("Leave")


def test_whoever_does_not_want_to_wait_need_not(
    ticket: Ticket, sandbox: Sandbox, visits: Visits
) -> None:
    """Nothing more is asked for."""
    sandbox.add_room(external_id=ticket.name, nbf=sandbox.now + HOUR)
    visitor = ticket.visitor()
    visitor.clicks("Enter")
    visitor.sees("The room is not open yet.")
    visitor.clicks("Cancel")
    expect(visitor.door).to_have_text("Enter")
    expect(visitor.page.get_by_role("status")).to_be_empty()
    visits.forgive("status of 409")


def test_a_spanish_browser_sees_spanish(ticket: Ticket, sandbox: Sandbox, visits: Visits) -> None:
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


def test_any_other_browser_sees_english(ticket: Ticket) -> None:
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


def test_the_keyboard_is_enough(ticket: Ticket) -> None:
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


def test_everything_fits_on_a_narrow_phone(ticket: Ticket) -> None:
    """To the sides; and a thumb finds the button."""
    visitor = ticket.visitor(viewport={"width": 320, "height": 640})
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 320
    box = visitor.door.bounding_box()
    assert box is not None
    assert box["height"] >= 44
