"""The page of `docs/examples/browser` in a real Chromium: what is in the way is told."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.blocking.support import Thread

from .support import SDK, claims_of

if TYPE_CHECKING:
    from videsk_rooms import Videsk
    from videsk_rooms.sandbox import Sandbox

    from .chromium import Visits
    from .support import TicketPage

pytestmark = pytest.mark.any_python("the page and the browser are the same everywhere")

HOUR = timedelta(hours=1)


def joins(sandbox: Sandbox) -> int:
    """Count how often a token was asked for."""
    return sum(request.operation == "join" for request in sandbox.requests)


def test_a_busy_api_is_told_and_asked_again_when_it_says(
    ticket: TicketPage, sandbox: Sandbox, visits: Visits
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
    ticket: TicketPage, sandbox: Sandbox, visits: Visits
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


def test_what_will_not_pass_is_told(ticket: TicketPage, sandbox: Sandbox, visits: Visits) -> None:
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


def test_a_room_that_is_over_is_told(ticket: TicketPage, sandbox: Sandbox, visits: Visits) -> None:
    """Nobody asks for a token of it."""
    sandbox.add_room(external_id=ticket.name, nbf=sandbox.now - HOUR, exp=sandbox.now)
    visitor = ticket.visitor()
    visitor.clicks("Enter")
    visitor.sees("The room is over.")
    assert joins(sandbox) == 0
    visits.forgive("status of 410")


def test_a_room_that_is_not_open_yet_is_waited_for(
    ticket: TicketPage, client: Videsk, sandbox: Sandbox, visits: Visits
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


def test_a_network_that_is_back_is_used_at_once(ticket: TicketPage, visits: Visits) -> None:
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


def test_a_token_that_has_run_out_is_replaced(ticket: TicketPage) -> None:
    """Before somebody is in, and while somebody is; nobody has to click again."""
    visitor = ticket.visitor()
    visitor.complaints = ["jwt expired"]
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    visitor.sdk_says("error", code=4401, message="jwt expired")
    expect(visitor.page.locator("#room videsk-webrtc")).to_be_visible()
    visitor.sees("You are in the room.")
    assert len({claims_of(token)["jti"] for token in visitor.tokens}) == 3


def test_tokens_that_run_out_at_once_are_not_asked_for_for_ever(ticket: TicketPage) -> None:
    """Though somebody was let in with the first."""
    visitor = ticket.visitor()
    visitor.complaints = [None, *["jwt expired"] * 9]
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    visitor.sdk_says("error", code=4401, message="jwt expired")
    visitor.sees("Your time in the room is over.")
    assert len(visitor.tokens) == 5


def test_whoever_is_put_out_at_the_end_is_told_that_it_is_over(
    ticket: TicketPage, client: Videsk, visits: Visits
) -> None:
    """The token has run out, and the room with it."""
    visitor = ticket.visitor()
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    path = f"/vpaas/rooms/{ticket.room['id']}"
    Thread(partial(client.request, json={"ended": True}), "PATCH", path).result()
    visitor.sdk_says("error", code=4401, message="jwt expired")
    visitor.sees("The room is over.")
    expect(visitor.page.locator("#room")).to_be_hidden()
    visits.forgive("status of 410")


def test_a_room_that_the_sdk_finds_closed_yet_is_tried_again(ticket: TicketPage) -> None:
    """The clocks of two servers may differ by seconds."""
    visitor = ticket.visitor()
    visitor.stops_the_clock()
    visitor.complaints = ["jwt not active"]
    visitor.clicks("Enter")
    visitor.sees("The room is not open yet. Trying again in 5 seconds.")
    visitor.waits(5)
    visitor.sees("You are in the room.")


def test_a_token_that_is_refused_for_good_is_told(ticket: TicketPage) -> None:
    """Another is not asked for by itself."""
    visitor = ticket.visitor()
    complaints = ["jwt malformed", "invalid signature", "something new"]
    for count, complaint in enumerate(complaints, start=1):
        visitor.complaints = [complaint]
        visitor.clicks("Enter")
        visitor.sees("The room did not let you in. Please enter again.")
        assert len(visitor.tokens) == count


def test_an_sdk_that_cannot_be_loaded_is_told(ticket: TicketPage, visits: Visits) -> None:
    """The person learns what to do."""
    visitor = ticket.visitor()
    visitor.page.unroute(SDK)
    visitor.clicks("Enter")
    visitor.sees("The video could not be started. Please reload the page.")
    visits.forgive(f"a request to {SDK}")
    visits.forgive("Failed to load resource")


def test_what_the_sdk_tells_is_told(ticket: TicketPage) -> None:
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


def test_a_complaint_about_anything_else_puts_nobody_out(ticket: TicketPage) -> None:
    """Only that of a token ends a stay."""
    visitor = ticket.visitor()
    visitor.clicks("Enter")
    visitor.sees("You are in the room.")
    visitor.sdk_says("error", code=4403, message="malformed message")
    visitor.sees("You are in the room.")
    expect(visitor.door).to_have_text("Leave")


def test_whoever_does_not_want_to_wait_need_not(
    ticket: TicketPage, sandbox: Sandbox, visits: Visits
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
