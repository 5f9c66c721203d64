"""What visitors are told, whichever framework tells them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.integrations.support import HOUR, IN_SPANISH, JOINING, OVER, in_spanish
from videsk_rooms import (
    APIError,
    ConfigurationError,
    ConnectionFailedError,
    DeadlineExceededError,
    OutcomeUnknownError,
    ResponseError,
    Videsk,
    VideskError,
)
from videsk_rooms.integrations.http import HttpAnswer, answer_to, http_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from videsk_rooms.sandbox import Sandbox


@pytest.fixture
def fail(sandbox: Sandbox, blocking_once: Videsk) -> Callable[..., VideskError]:
    """Have the API answer with a status and headers, and return the client's error."""

    def fail(status: int, headers: Mapping[str, str] | None = None) -> VideskError:
        sandbox.faults.status(status, headers=headers)
        with pytest.raises(VideskError) as caught:
            blocking_once.rooms.list()
        return caught.value

    return fail


@pytest.mark.parametrize(
    ("status", "told"),
    [
        *((400, 500), (401, 500), (402, 500), (403, 500), (404, 404), (409, 409)),
        *((408, 503), (425, 503), (429, 503), (500, 503), (502, 503), (503, 503)),
        *((501, 500), (505, 500)),  # the API does not offer it, and will not in a while
    ],
)
def test_each_error_of_the_api_has_its_answer(
    fail: Callable[..., VideskError], status: int, told: int
) -> None:
    """A room that is not there, one that changed, what passes by itself, and what does not."""
    assert http_answer(fail(status)).status == told


@JOINING
def test_a_join_that_is_refused_has_its_answer(
    sandbox: Sandbox,
    blocking_once: Videsk,
    make_room: Callable[[Sandbox], str],
    answered: tuple[int, str],
) -> None:
    """A room that is over, or not open yet, is told from one that is not there."""
    room = make_room(sandbox)
    with pytest.raises(VideskError) as caught:
        blocking_once.rooms.join(room)
    answer = http_answer(caught.value)
    assert (answer.status, answer.detail) == answered


def test_a_room_that_the_caller_knows_to_be_over_needs_no_words_of_the_api(
    sandbox: Sandbox, blocking_once: Videsk
) -> None:
    """The `Room` that was to be joined shows it."""
    sandbox.add_room(external_id="ticket-1", nbf=sandbox.now - HOUR, exp=sandbox.now)
    room = blocking_once.rooms.get_by_external_id("ticket-1")
    sandbox.faults.status(400, on="join")
    with pytest.raises(VideskError) as caught:
        blocking_once.rooms.join(room)
    assert http_answer(caught.value).status == 410


@pytest.mark.parametrize(("status", "told"), [(400, 500), (403, 500), (409, 409)])
def test_a_room_that_was_just_made_is_not_early(
    sandbox: Sandbox, blocking_once: Videsk, status: int, told: int
) -> None:
    """Though an answer's `Date` is cut to the second, and so before the room's `nbf`."""
    room = blocking_once.rooms.get_or_create("ticket-1")
    sandbox.faults.status(status, on="join")
    with pytest.raises(APIError) as caught:
        blocking_once.rooms.join(room)
    assert caught.value.room_state is None
    assert "The room opens at" not in str(caught.value)
    assert http_answer(caught.value).status == told


def test_an_external_id_that_the_api_repeats_is_none_of_its_words(
    sandbox: Sandbox, blocking_once: Videsk
) -> None:
    """A room that is not there stays a 404, whatever it would have been called."""
    sandbox.faults.status(404, message="No record found for id 'closed-yet-ended'", on="get")
    with pytest.raises(VideskError) as caught:
        blocking_once.rooms.get("closed-yet-ended")
    assert http_answer(caught.value).status == 404


@pytest.mark.parametrize("status", [400, 409, 410, 422])
def test_a_room_that_cannot_be_opened_again_is_over(
    sandbox: Sandbox, blocking_once: Videsk, status: int
) -> None:
    """Though the visitor's application tried to renew it."""
    sandbox.add_room(external_id="ticket-1", nbf=sandbox.now - HOUR, exp=sandbox.now)
    sandbox.faults.status(status, on="update")
    with pytest.raises(VideskError) as caught:
        blocking_once.rooms.get_or_create("ticket-1", renew=True)
    answer = http_answer(caught.value)
    assert (answer.status, answer.detail) == OVER


def test_an_answer_that_cannot_be_read_passes_by_itself(
    sandbox: Sandbox, blocking_once: Videsk
) -> None:
    """Such as the page of a proxy in place of the API's; a queue tries it again, too."""
    sandbox.faults.answer(200, body=b"<p>One moment</p>")
    with pytest.raises(ResponseError) as caught:
        blocking_once.rooms.list()
    assert http_answer(caught.value).status == 503


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionFailedError("refused"), 503),
        (DeadlineExceededError("late"), 503),
        (OutcomeUnknownError("lost"), 503),
        (ConfigurationError("no token"), 500),
    ],
)
def test_each_other_error_has_its_answer(error: VideskError, told: int) -> None:
    """What no answer came to passes by itself; a mistake in the setup does not."""
    assert http_answer(error).status == told


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "120"}, "120"), ({"Retry-After": "0.2"}, "1"), ({}, "5")],
    ids=["told", "told as a fraction", "untold"],
)
def test_a_visitor_is_told_when_to_come_again(
    fail: Callable[..., VideskError], headers: Mapping[str, str], seconds: str
) -> None:
    """In the API's own words, but in whole seconds and not too early; or soon."""
    assert http_answer(fail(503, headers)).headers == {"Retry-After": seconds}


def test_a_visitor_is_not_told_what_the_api_said(fail: Callable[..., VideskError]) -> None:
    """The text of the error is for the log."""
    assert http_answer(fail(404)).body == {"detail": "There is no such room."}


def test_what_passes_is_logged_in_a_line(
    fail: Callable[..., VideskError], caplog: pytest.LogCaptureFixture
) -> None:
    """As a warning, with the error's own text."""
    error = fail(503)
    caplog.clear()
    answer_to(error)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("videsk_rooms.integrations.http", logging.WARNING)
    assert record.getMessage() == f"the Rooms API failed: {error}"
    assert record.exc_info is None


def test_what_the_application_has_to_mend_is_logged_with_its_place(
    fail: Callable[..., VideskError], caplog: pytest.LogCaptureFixture, sandbox: Sandbox
) -> None:
    """As an error, with a traceback that names the line of the application, and no token."""
    error = fail(403)
    caplog.clear()
    answer_to(error)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "blocking_once.rooms.list()" in caplog.text
    assert sandbox.api_token not in caplog.text


def test_a_function_may_choose_other_answers() -> None:
    """And ask the ordinary one."""
    answer = answer_to(ConfigurationError("no token"), in_spanish)
    assert (answer.status, answer.detail) == (500, IN_SPANISH)


def test_a_subclass_may_have_another_body() -> None:
    """Such as a problem of RFC 9457."""

    class Problem(HttpAnswer):
        @property
        def body(self) -> dict[str, object]:
            return {"title": self.detail, "status": self.status}

    answer = answer_to(ConfigurationError("no token"), lambda _: Problem(503, "Closed."))
    assert answer.body == {"title": "Closed.", "status": 503}
