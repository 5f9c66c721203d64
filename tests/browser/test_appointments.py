"""The pages of the guide "Appointments" in a real Chromium: waiting, entering, too late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.docs.appointments import KEY, application

from .support import Visitor, claims_of, served_asgi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox

    from .chromium import Visits

pytestmark = pytest.mark.any_python("the page and the browser are the same everywhere")

HOUR = timedelta(hours=1)


@pytest.fixture
def appointments(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The application at work, by the sandbox's clock."""
    with (
        application(sandbox, tmp_path, monkeypatch, lambda: sandbox.now) as app,
        served_asgi(app) as url,
    ):
        yield url


def test_a_person_waits_enters_and_comes_too_late(
    appointments: str, sandbox: Sandbox, visits: Visits
) -> None:
    """By one link, without a click until the appointment begins."""
    starts_at = sandbox.now.replace(microsecond=0) + HOUR
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + HOUR).isoformat()}
    made = httpx.post(
        f"{appointments}/appointments", json={"title": "Check-up", **times}, headers=KEY
    )
    link = made.json()["link"]
    visitor = Visitor(visits, sandbox)
    visitor.page.goto(link)
    visitor.sees("The appointment has not begun. You can wait here.")
    assert visitor.door.count() == 0

    sandbox.advance(starts_at - sandbox.now - timedelta(seconds=3))
    visitor.page.reload()
    visitor.sees("You can wait here.")
    visitor.clicks("Enter")  # once the page has come anew by itself
    visitor.sees("You are in the room.")
    (room,), (token,) = sandbox.rooms, visitor.tokens
    assert claims_of(token)["room"] == room["id"]

    visitor.sdk_says("hangup")
    visitor.sees("You have left the room.")
    sandbox.advance(HOUR)  # the end is over, and the grace is not
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")

    sandbox.advance(HOUR)
    visitor.page.goto(link)
    visitor.sees("The appointment is over.")
    visits.forgive("status of 410")
