"""`rooms.with_response`: the same methods, with the last response beside the value."""

from __future__ import annotations

import inspect
import pickle
from typing import TYPE_CHECKING

import pytest

from videsk_rooms import (
    Answer,
    AsyncRooms,
    AsyncRoomsWithResponse,
    AsyncVidesk,
    NotFoundError,
    Room,
    RoomsWithResponse,
    Videsk,
)

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

METHODS = sorted(name for name in vars(AsyncRoomsWithResponse) if not name.startswith("_"))


async def test_an_answer_has_the_value_and_the_response(
    async_videsk: AsyncVidesk, videsk_sandbox: Sandbox
) -> None:
    """Status, headers, the server's id for the request, and how long it took."""
    answer = await async_videsk.rooms.with_response.create(name="Support", external_id="a")
    assert answer.value.name == "Support"
    response = answer.response
    assert (response.status, response.method) == (201, "POST")
    assert response.request_id == response.headers["x-request-id"]
    assert [attempt.status for attempt in response.attempts] == [201]
    assert response.elapsed >= response.attempts[0].duration > 0
    assert len(videsk_sandbox.requests) == 1


async def test_all_attempts_are_told(async_videsk: AsyncVidesk, videsk_sandbox: Sandbox) -> None:
    """The response is that of the last, and the time that of all, with the pauses."""
    videsk_sandbox.faults.status(503)
    response = (await async_videsk.rooms.with_response.list()).response
    assert [attempt.status for attempt in response.attempts] == [503, 200]
    times = [attempt.delay + attempt.duration for attempt in response.attempts]
    assert response.elapsed == sum(times)


def test_blocking_code_has_the_same(videsk: Videsk) -> None:
    """Each method, with the value of its own type."""
    rooms = videsk.rooms.with_response
    room = rooms.get_or_create("a", name="Support").value
    assert rooms.get(room).value == room
    assert rooms.get_by_external_id("a").response.status == 200
    assert rooms.update(room, name="Other").value.name == "Other"
    assert rooms.join(room).value.access_token
    assert rooms.list().value.total == 1
    assert rooms.stats(room).value.view == "report"
    assert rooms.end(room).value.is_over()


def test_the_last_of_several_requests_is_shown(videsk: Videsk) -> None:
    """`get_or_create` looks the room up before it creates one."""
    made = videsk.rooms.with_response.get_or_create("a")
    assert (made.response.method, made.response.status) == ("POST", 201)
    found = videsk.rooms.with_response.get_or_create("a")
    assert (found.response.method, found.response.status) == ("GET", 200)
    assert found.value == made.value


def test_an_error_is_raised_as_ever(videsk: Videsk) -> None:
    """It has the attempts itself."""
    with pytest.raises(NotFoundError) as caught:
        videsk.rooms.with_response.get("0" * 24)
    assert caught.value.attempts


def test_a_view_has_its_own(videsk: Videsk) -> None:
    """With the view's options, on the same account."""
    room = videsk.with_options(timeout=5.0).rooms.with_response.create(name="a").value
    assert isinstance(room, Room)


def test_an_answer_is_pickled(videsk: Videsk) -> None:
    """It is plain data."""
    answer = videsk.rooms.with_response.create(name="Support")
    back: Answer[Room] = pickle.loads(pickle.dumps(answer))
    assert back == answer
    assert str(answer.value.access_token) not in repr(back)


@pytest.mark.parametrize("name", METHODS)
def test_the_methods_have_the_arguments_and_the_text_of_the_others(name: str) -> None:
    """Only what is returned differs."""
    method = getattr(AsyncRooms, name)
    expected = inspect.signature(method)
    for kind in (AsyncRoomsWithResponse, RoomsWithResponse):
        derived = getattr(kind, name)
        found = inspect.signature(derived)
        assert found.parameters == expected.parameters
        assert found.return_annotation == f"Answer[{expected.return_annotation}]"
        assert (derived.__doc__, derived.__name__) == (method.__doc__, name)
    assert inspect.iscoroutinefunction(getattr(AsyncRoomsWithResponse, name))
    assert not inspect.iscoroutinefunction(getattr(RoomsWithResponse, name))


def test_what_gets_one_answer_is_there() -> None:
    """`iter`, the stock and the methods for many rooms get many."""
    others = {name for name in vars(AsyncRooms) if not name.startswith("_")} - set(METHODS)
    assert others == {
        *("access_stock", "iter", "with_response"),
        *("create_many", "update_many", "delete_many", "join_many"),
    }
