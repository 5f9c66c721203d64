"""Calls in a real Chromium: the page `/call`, and a page of an application, with the stand-in."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.support import served, served_asgi
from tests.docs.blocks import EXAMPLES
from videsk_rooms import Videsk

from .visitors import Guest, elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.chromium import Visits
    from videsk_rooms import Room
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.any_python("the page and the browser are the same everywhere")

HOUR = timedelta(hours=1)


@pytest.fixture
def videsk(sandbox: Sandbox) -> Iterator[Videsk]:
    with Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None) as client:
        yield client


@pytest.fixture
def room(videsk: Videsk) -> Room:
    return elsewhere(lambda: videsk.rooms.create(name="Check-up"))


def call_page(sandbox: Sandbox, room: Room, alias: str, language: str = "en") -> str:
    """Where the console sends somebody who joins."""
    return f"{sandbox.url}/call?room={room.id}&alias={alias}&lang={language}"


def test_two_people_see_each_other_and_write(
    visits: Visits, sandbox: Sandbox, room: Room, videsk: Videsk
) -> None:
    """And what was measured of their call is told by `rooms.stats`."""
    ana = Guest(visits, call_page(sandbox, room, "Ana"))
    ana.sees("You are in the room.")
    luis = Guest(visits, call_page(sandbox, room, "Luis"))
    ana.sees_moving("Luis")
    luis.sees_moving("Ana")
    for guest in (ana, luis):
        guest.clicks("Chat")
    field = luis.page.get_by_role("textbox", name="Message")
    field.fill("<b>see</b> https://example.org/a?b=1.")
    field.press("Enter")
    ana.reads("<b>see</b> https://example.org/a?b=1.")
    link = ana.element.locator("videsk-chat a")
    expect(link).to_have_attribute("href", "https://example.org/a?b=1")
    wait_for_measurements(ana, room, people=2)
    snapshot = stats_of(videsk, room, "snapshot")
    assert snapshot["source"] == "sandbox"
    assert {peer["alias"] for peer in snapshot["peers"]} == {"Ana", "Luis"}
    assert all(peer["sendKbps"] > 0 for peer in snapshot["peers"])


def stats_of(videsk: Videsk, room: Room, view: Literal["snapshot", "summary"]) -> dict[str, Any]:
    """Ask for a view of a room's statistics."""
    stats: Any = elsewhere(lambda: videsk.rooms.stats(room, view=view))
    data: dict[str, Any] = stats.data
    return data


def wait_for_measurements(guest: Guest, room: Room, people: int) -> None:
    """Wait until so many people have measured a connection."""
    guest.page.evaluate(
        """async ([room, people]) => {
            for (;;) {
                const answer = await fetch(`/dev/v1/rooms/${room}/measurements`);
                if ((await answer.json()).people.length >= people) return;
                await new Promise((done) => setTimeout(done, 100));
            }
        }""",
        [room.id, people],
    )


def test_three_people_see_each_other(visits: Visits, sandbox: Sandbox, room: Room) -> None:
    """Each is connected with each; who leaves is gone for the others."""
    guests = []
    for alias in ("Ana", "Luis", "Eva"):
        guests.append(Guest(visits, call_page(sandbox, room, alias)))
        guests[-1].sees("You are in the room.")
    ana, luis, eva = guests
    ana.sees_moving("Luis", "Eva")
    eva.sees_moving("Ana", "Luis")
    luis.clicks("Leave")
    luis.sees("You have left the room.")
    expect(ana.others).to_have_count(1)
    ana.sees_moving("Eva")


def test_somebody_is_too_early_and_is_told_when_to_come(
    visits: Visits, sandbox: Sandbox, videsk: Videsk
) -> None:
    """And enters by the same page once the clock is there."""
    opens, ends = sandbox.now + HOUR, sandbox.now + 2 * HOUR
    room = elsewhere(lambda: videsk.rooms.create(nbf=opens, exp=ends))
    guest = Guest(visits, call_page(sandbox, room, "Ana"))
    guest.sees("Too early: the room opens at ")
    sandbox.advance(HOUR)
    guest.clicks("Enter")
    guest.sees("You are in the room.")


def test_everybody_is_disconnected_at_the_end_by_the_moved_clock(
    visits: Visits, sandbox: Sandbox, room: Room
) -> None:
    """And told so; who tries again is told that it is too late."""
    guests = [Guest(visits, call_page(sandbox, room, alias)) for alias in ("Ana", "Luis")]
    guests[0].sees_moving("Luis")
    sandbox.advance(3 * HOUR)
    for guest in guests:
        guest.sees("The room is over. It ended at ")
        expect(guest.element).to_have_count(0)
    guests[0].clicks("Enter")
    guests[0].sees("Too late: the room ended at ")


def test_everybody_leaves_a_room_that_is_ended(
    visits: Visits, sandbox: Sandbox, room: Room, videsk: Videsk
) -> None:
    """By the application; then the summary of the session is there."""
    guests = [Guest(visits, call_page(sandbox, room, alias)) for alias in ("Ana", "Luis")]
    guests[0].sees_moving("Luis")
    wait_for_measurements(guests[0], room, people=2)
    elsewhere(lambda: videsk.rooms.end(room))
    for guest in guests:
        guest.sees("The room is over: it was ended early.")
    summary = stats_of(videsk, room, "summary")
    assert {peer["alias"]: len(peer["minutes"]) > 0 for peer in summary["peers"]} == {
        "Ana": True,
        "Luis": True,
    }


@pytest.mark.parametrize(("button", "shown"), [("Camera", "dark"), ("Screen", "screen")])
def test_a_camera_switched_off_and_a_shared_screen_show(
    visits: Visits, sandbox: Sandbox, room: Room, button: str, shown: str
) -> None:
    """For the others, and off again without another negotiation."""
    ana, luis = [Guest(visits, call_page(sandbox, room, alias)) for alias in ("Ana", "Luis")]
    ana.sees_moving("Luis")
    luis.clicks(button)
    expect(ana.element.locator(f"figure.remote.{shown}")).to_have_count(1)
    luis.clicks(button)
    expect(ana.element.locator(f"figure.remote.{shown}")).to_have_count(0)
    ana.sees_moving("Luis")


def test_the_page_speaks_spanish(visits: Visits, sandbox: Sandbox, room: Room) -> None:
    """The page and the element in it; the note says what it is."""
    guest = Guest(visits, call_page(sandbox, room, "Ana", "es"))
    guest.sees("Ya estás en la sala.")
    expect(guest.page.locator("html")).to_have_attribute("lang", "es")
    expect(guest.page.get_by_role("button", name="Micrófono")).to_be_visible()
    expect(guest.page.get_by_text("Sustituto para desarrollo local")).to_be_visible()


def test_without_a_camera_a_drawn_picture_is_sent(
    visits: Visits, sandbox: Sandbox, room: Room
) -> None:
    """So that a machine without one shows a call, too."""
    ana = Guest(visits, call_page(sandbox, room, "Ana"))
    ana.sees("You are in the room.")
    luis = Guest(visits, f"{sandbox.url}/call?room={room.id}&lang=en")
    luis.page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = () =>
            Promise.reject(new DOMException("none", "NotFoundError")); }"""
    )
    luis.page.get_by_label("Your name").fill("Luis")
    luis.clicks("Enter")
    luis.sees("You are in the room.")
    ana.sees_moving("Luis")
    luis.sees_moving("Ana")


def test_a_browser_without_an_address_says_so(visits: Visits, sandbox: Sandbox, room: Room) -> None:
    """As Chromium is where no network is up."""
    ana = Guest(visits, call_page(sandbox, room, "Ana"))
    ana.sees("You are in the room.")
    luis = Guest(visits, f"{sandbox.url}/call?room={room.id}&lang=en")
    luis.page.evaluate(
        """() => { window.RTCPeerConnection = class extends RTCPeerConnection {
            set onicecandidate(_listener) {}
        }; }"""
    )
    luis.clicks("Enter")
    expect(luis.others).to_contain_text("The browser has no address to connect from")


def test_everything_fits_on_a_narrow_phone(visits: Visits, sandbox: Sandbox, room: Room) -> None:
    """To the sides; with the chat open, too."""
    guest = Guest(visits, call_page(sandbox, room, "Ana"), viewport={"width": 320, "height": 640})
    guest.sees("You are in the room.")
    guest.clicks("Chat")
    assert guest.page.evaluate("document.documentElement.scrollWidth") == 320


@contextmanager
def freshly_imported(name: str) -> Iterator[Any]:
    """Import an application of `docs/examples`, which reads the environment then."""
    before = sys.modules.pop(name, None)
    try:
        yield importlib.import_module(name)
    finally:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before


@pytest.fixture
def application(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The application of the guide "In the browser", whose SDK is the stand-in."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("VIDESK_SDK_URL", sandbox.sdk_url)
    with freshly_imported("browser_app") as module:
        made = module.create_app(
            {"VIDESK_API_TOKEN": sandbox.api_token, "VIDESK_BASE_URL": sandbox.url}
        )
        with served(made) as url:
            yield url
        made.extensions["videsk"].close()


def test_two_people_meet_on_the_page_of_an_application(
    visits: Visits, sandbox: Sandbox, application: str, videsk: Videsk
) -> None:
    """It is as it would be in production, but for the address of the SDK; under its own policy."""
    guests = [Guest(visits, f"{application}/tickets/7") for _ in range(2)]
    for guest in guests:
        guest.clicks("Enter")
        guest.sees("You are in the room.")
    for guest in guests:
        expect(guest.others).to_have_count(1)
        peer = guest.others.locator("figcaption").text_content()
        assert peer is not None
        guest.sees_moving(peer)
    (room,) = sandbox.rooms
    elsewhere(lambda: videsk.rooms.end(str(room["id"])))
    for guest in guests:
        guest.sees("The room is over.")
    visits.forgive("status of 410")


def test_two_people_meet_on_the_page_of_an_appointment(
    visits: Visits, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application of the guide "Appointments", by the sandbox's clock, until the end."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("VIDESK_API_TOKEN", sandbox.api_token)
    monkeypatch.setenv("VIDESK_BASE_URL", sandbox.url)
    monkeypatch.setenv("VIDESK_SDK_URL", sandbox.sdk_url)
    monkeypatch.setenv("APPOINTMENTS_DATABASE", f"sqlite:///{tmp_path / 'appointments.db'}")
    monkeypatch.setenv("APPOINTMENTS_STAFF_KEY", "key")
    times = {"starts_at": sandbox.now.isoformat(), "ends_at": (sandbox.now + HOUR).isoformat()}
    with freshly_imported("appointments_app") as module, served_asgi(module.app) as url:
        module.app.dependency_overrides[module.now] = lambda: sandbox.now
        made = httpx.post(
            f"{url}/appointments",
            json={"title": "Check-up", **times},
            headers={"Authorization": "Bearer key"},
        )
        guests = [Guest(visits, made.json()["link"]) for _ in range(2)]
        for guest in guests:
            guest.clicks("Enter")
            guest.sees("You are in the room.")
        expect(guests[0].others).to_have_count(1)
        sandbox.advance(2 * HOUR)
        for guest in guests:
            guest.sees("Your time in the room is over.")


def test_in_production_nothing_of_the_stand_in_is_loaded(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the setting, the page names Videsk's own SDK and nothing of this machine."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.delenv("VIDESK_SDK_URL", raising=False)
    with freshly_imported("browser_app") as module:
        made = module.create_app(
            {"VIDESK_API_TOKEN": sandbox.api_token, "VIDESK_BASE_URL": sandbox.url}
        )
    answer = made.test_client().get("/tickets/7")
    assert 'name="videsk-sdk" content="https://cdn.videsk.io/sdk/webrtc.esm.js"' in answer.text
    assert "127.0.0.1" not in answer.text + str(answer.headers)
