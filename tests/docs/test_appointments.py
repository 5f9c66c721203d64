"""The application of the guide "Appointments", over HTTP, on the sandbox and its clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from icalendar import Calendar

from .appointments import KEY, application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Behind:
    """By how much the application's clock is behind the sandbox's.

    The sandbox's own cannot be moved by weeks: the client counts the 72 hours by the machine's.
    """

    by = timedelta()


@pytest.fixture
def behind() -> Behind:
    """The application's clock, which is that of the sandbox until a test says otherwise."""
    return Behind()


@pytest.fixture
def browser(
    sandbox: Sandbox, behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """The application at work, by the sandbox's clock."""

    def now() -> datetime:
        return sandbox.now - behind.by

    with application(sandbox, tmp_path, monkeypatch, now) as app, TestClient(app) as browser:
        yield browser


class Booked:
    """An appointment of an hour, and those who come to it."""

    def __init__(self, browser: TestClient, sandbox: Sandbox, ahead: timedelta) -> None:
        self._browser = browser
        self._sandbox = sandbox
        self.starts_at = (sandbox.now + ahead).replace(microsecond=0)
        self.ends_at = self.starts_at + HOUR
        answer = browser.post(
            "/appointments", json={"title": "Check-up <1>", **self._times()}, headers=KEY
        )
        assert answer.status_code == 201
        self.link: str = answer.json()["link"]

    def _times(self) -> dict[str, str]:
        return {"starts_at": self.starts_at.isoformat(), "ends_at": self.ends_at.isoformat()}

    def page(self) -> Any:
        """Look at the page."""
        return self._browser.get(self.link)

    def enter(self) -> Any:
        """Ask for a token."""
        return self._browser.post(f"{self.link}/room")

    def event(self) -> Any:
        """Read what a calendar is given."""
        answer = self._browser.get(f"{self.link}/appointment.ics")
        assert answer.headers["content-type"].startswith("text/calendar")
        (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
        return event

    def move(self, by: timedelta) -> None:
        """Have the staff move it."""
        self.starts_at, self.ends_at = self.starts_at + by, self.ends_at + by
        path = f"/appointments/{self.link.rpartition('/')[2]}/times"
        assert self._browser.put(path, json=self._times(), headers=KEY).status_code == 204

    def wait_until(self, moment: datetime) -> None:
        """Let time pass, until a second after a moment."""
        self._sandbox.advance(moment - self._sandbox.now + timedelta(seconds=1))

    @property
    def window(self) -> tuple[str, str]:
        """The times of its only room."""
        (room,) = self._sandbox.rooms
        return str(room["nbf"]), str(room["exp"])

    @property
    def due(self) -> tuple[str, str]:
        """The times that its room has to have."""
        closes_at = self.ends_at + 15 * MINUTE
        return _wire(self.starts_at), _wire(closes_at)


def _wire(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat()}.000Z"


@pytest.fixture
def tomorrow(browser: TestClient, sandbox: Sandbox) -> Booked:
    """An appointment in a day."""
    return Booked(browser, sandbox, DAY)


def test_an_appointment_can_be_months_ahead(
    sandbox: Sandbox, behind: Behind, tomorrow: Booked
) -> None:
    """Its page waits, without a request to the API; at its hour there is a room."""
    booked, behind.by = tomorrow, 60 * DAY
    assert "has not begun" in booked.page().text
    assert 'http-equiv="refresh" content="30"' in booked.page().text
    assert "Check-up &lt;1&gt;" in booked.page().text
    assert len(sandbox.requests) == 0
    behind.by = timedelta()
    booked.wait_until(booked.starts_at)
    assert booked.enter().json().keys() == {"accessToken"}
    assert len(sandbox.rooms) == 1


def test_the_first_who_waits_has_the_room_made(sandbox: Sandbox, tomorrow: Booked) -> None:
    """With the appointment's times; nobody is let in before."""
    tomorrow.wait_until(tomorrow.starts_at - 10 * MINUTE)
    assert tomorrow.page().status_code == 200
    assert tomorrow.window == tomorrow.due
    answer = tomorrow.enter()
    assert (answer.status_code, answer.json()["detail"]) == (409, "The appointment has not begun.")


def test_a_page_that_waits_asks_again_at_the_start(tomorrow: Booked) -> None:
    """And not half a minute later."""
    tomorrow.wait_until(tomorrow.starts_at - timedelta(seconds=12))
    assert 'http-equiv="refresh" content="11"' in tomorrow.page().text


def test_a_page_waits_on_while_the_api_is_out(sandbox: Sandbox, tomorrow: Booked) -> None:
    """Whoever waits sees nothing of it."""
    sandbox.faults.status(400, times=None)
    tomorrow.wait_until(tomorrow.starts_at - 10 * MINUTE)
    assert "has not begun" in tomorrow.page().text


def test_all_who_come_are_in_one_room(sandbox: Sandbox, tomorrow: Booked) -> None:
    """With a token each."""
    tomorrow.wait_until(tomorrow.starts_at)
    tokens = {tomorrow.enter().json()["accessToken"] for _ in range(2)}
    assert (len(tokens), len(sandbox.rooms)) == (2, 1)


def test_whoever_comes_back_soon_after_the_end_is_let_in(tomorrow: Booked) -> None:
    """Until the grace is over; then the link says so."""
    tomorrow.wait_until(tomorrow.starts_at)
    tomorrow.enter()
    tomorrow.wait_until(tomorrow.ends_at + 10 * MINUTE)
    assert "Enter" in tomorrow.page().text
    assert tomorrow.enter().status_code == 200
    tomorrow.wait_until(tomorrow.ends_at + 15 * MINUTE)
    assert tomorrow.page().status_code == 410
    assert "The appointment is over." in tomorrow.page().text
    answer = tomorrow.enter()
    assert (answer.status_code, answer.json()["detail"]) == (410, "The appointment is over.")


def _end_the_room(browser: TestClient, sandbox: Sandbox) -> None:
    videsk = browser.app_state["videsk"]
    assert browser.portal is not None
    browser.portal.call(videsk.rooms.end, sandbox.rooms[0]["id"])


def test_a_room_that_was_ended_early_is_opened_again(
    browser: TestClient, sandbox: Sandbox, tomorrow: Booked
) -> None:
    """For whoever comes while the appointment goes on."""
    tomorrow.wait_until(tomorrow.starts_at)
    tomorrow.enter()
    _end_the_room(browser, sandbox)
    assert tomorrow.enter().status_code == 200
    assert [room["ended"] for room in sandbox.rooms] == [False]


@pytest.mark.videsk_sandbox(reopening=False)
def test_an_api_that_opens_no_room_again_is_asked_for_another(
    browser: TestClient, sandbox: Sandbox, tomorrow: Booked
) -> None:
    """One for all, and the link stays the same."""
    tomorrow.wait_until(tomorrow.starts_at)
    tomorrow.enter()
    _end_the_room(browser, sandbox)
    assert [tomorrow.enter().status_code for _ in range(2)] == [200, 200]
    assert [room["ended"] for room in sandbox.rooms] == [True, False]


@pytest.mark.parametrize("by", [2 * HOUR, -5 * MINUTE, 20 * MINUTE], ids=str)
def test_the_room_of_an_appointment_that_is_moved_follows(
    sandbox: Sandbox, tomorrow: Booked, by: timedelta
) -> None:
    """At once: a token of the old hours is of no use to anybody."""
    tomorrow.wait_until(tomorrow.starts_at - 10 * MINUTE)
    tomorrow.page()
    tomorrow.move(by)
    assert tomorrow.window == tomorrow.due
    tomorrow.wait_until(tomorrow.starts_at)
    assert tomorrow.enter().status_code == 200


def test_an_appointment_that_is_moved_to_now_can_be_entered(
    sandbox: Sandbox, tomorrow: Booked
) -> None:
    """Its room was to open later."""
    tomorrow.wait_until(tomorrow.starts_at - 10 * MINUTE)
    tomorrow.page()
    tomorrow.move(-30 * MINUTE)
    assert tomorrow.enter().status_code == 200
    assert len(sandbox.rooms) == 1


def test_an_appointment_without_a_room_is_moved_too(sandbox: Sandbox, tomorrow: Booked) -> None:
    """Nobody has come yet."""
    tomorrow.move(HOUR)
    assert sandbox.rooms == ()
    tomorrow.wait_until(tomorrow.starts_at - MINUTE)
    tomorrow.page()
    assert tomorrow.window == tomorrow.due


def test_an_appointment_that_is_moved_by_weeks_opens_its_room_again(
    sandbox: Sandbox, tomorrow: Booked
) -> None:
    """No room can last so long, so it is ended until then, or until it is moved once more."""
    tomorrow.wait_until(tomorrow.starts_at)
    tomorrow.enter()
    tomorrow.move(30 * DAY)
    assert [room["ended"] for room in sandbox.rooms] == [True]
    tomorrow.move(-30 * DAY + HOUR)
    tomorrow.wait_until(tomorrow.starts_at - MINUTE)
    tomorrow.page()
    assert tomorrow.window == tomorrow.due
    tomorrow.wait_until(tomorrow.starts_at)
    assert tomorrow.enter().status_code == 200


def test_a_calendar_is_given_the_appointment(tomorrow: Booked) -> None:
    """A moved one is the same event, in a later version."""
    first = tomorrow.event()
    assert first.decoded("dtstart") == tomorrow.starts_at
    assert first.decoded("dtend") == tomorrow.ends_at
    assert (str(first["summary"]), str(first["url"])) == ("Check-up <1>", tomorrow.link)
    tomorrow.move(DAY)
    second = tomorrow.event()
    assert second.decoded("dtstart") == tomorrow.starts_at
    assert str(second["uid"]) == str(first["uid"])
    assert (int(first["sequence"]), int(second["sequence"])) == (0, 1)


def test_only_the_staff_makes_appointments(browser: TestClient, sandbox: Sandbox) -> None:
    """Nobody does where no key is set."""
    times = {"starts_at": sandbox.now.isoformat(), "ends_at": (sandbox.now + HOUR).isoformat()}
    wrong = {"Authorization": "Bearer guessed"}
    answer = browser.post("/appointments", json={"title": "Mine", **times}, headers=wrong)
    assert answer.status_code == 403


@pytest.mark.parametrize("length", [timedelta(), -HOUR, 72 * HOUR], ids=str)
def test_an_appointment_that_no_room_can_last_for_is_refused(
    browser: TestClient, sandbox: Sandbox, length: timedelta
) -> None:
    """While somebody is there to correct it."""
    now = sandbox.now
    times = {"starts_at": now.isoformat(), "ends_at": (now + length).isoformat()}
    answer = browser.post("/appointments", json={"title": "Long", **times}, headers=KEY)
    assert answer.status_code == 422


def test_a_link_that_nobody_was_given_leads_nowhere(browser: TestClient) -> None:
    """With a status that says so."""
    assert browser.get("/a/guessed").status_code == 404
