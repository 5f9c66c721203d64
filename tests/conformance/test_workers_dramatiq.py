"""Dramatiq: processes of threads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from dramatiq.errors import Retry
from dramatiq.results.errors import ResultFailure, ResultMissing

from videsk_rooms import ConnectionFailedError, NotFoundError, RateLimitError

from .workers import (
    NO_ROOM,
    Slot,
    check_at_once,
    check_calls,
    check_no_token_is_kept,
    check_nothing_is_left,
    check_one_rate,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from dramatiq import Message


class DramatiqPlace(Slot):
    example = "dramatiq_actors"
    command = ("-m", "dramatiq", "dramatiq_actors", "--processes", "2", "--threads", "2")
    calls_of_a_process = 2
    # Before 2.0 it serves its figures; not to all the world, and on any port.
    settings: ClassVar = {"dramatiq_prom_host": "127.0.0.1", "dramatiq_prom_port": "0"}

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        super().__init__(stack, folder)
        stack.callback(self.tasks.broker.close)

    def _send(self, task: str, *arguments: object) -> Callable[[], Any]:
        message = getattr(self.tasks, task).send(*arguments)

        def outcome() -> Any:
            self.wait_for(lambda: self._is_done(message))
            return message.get_result()

        return outcome

    def _is_done(self, message: Message[Any]) -> bool:
        try:
            message.get_result()
        except ResultMissing:
            return False
        except ResultFailure:
            pass
        return True


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DramatiqPlace]:
    """A worker of two processes, for all tests."""
    with opened(DramatiqPlace, tmp_path_factory.mktemp("dramatiq")) as place:
        yield place


def shows(what: str) -> pytest.MarkDecorator:
    """Tell what a test shows of Dramatiq."""
    return pytest.mark.shows(place="Dramatiq", what=what)


@shows("calls")
def test_an_actor_calls_and_returns_what_it_found(place: DramatiqPlace) -> None:
    """By the client of its process."""
    check_calls(place)


@shows("at once")
def test_actors_call_side_by_side(place: DramatiqPlace) -> None:
    """In threads that share a client, or in two processes."""
    check_at_once(place)


@shows("one rate")
def test_all_processes_keep_one_rate(place: DramatiqPlace) -> None:
    """As many actors at once as two processes of two threads take."""
    check_one_rate(place)


@shows("errors")
def test_an_error_reaches_the_caller_as_its_text(place: DramatiqPlace) -> None:
    """With the name of its class, as Dramatiq keeps every error."""
    with pytest.raises(ResultFailure, match=r"NotFoundError: .*Check the room id") as caught:
        place.send("count_guests", NO_ROOM)()
    assert caught.value.orig_exc_type == "NotFoundError"
    check_no_token_is_kept(place, told=caught.value.orig_exc_msg)


@shows("errors")
def test_an_actor_is_done_again_after_as_long_as_the_api_asks(place: DramatiqPlace) -> None:
    """What the client does not wait for itself, the queue does."""
    place.sandbox.faults.status(429, headers={"Retry-After": "600"}, on={"get", "list"})
    place.start()
    place.tasks.open_room.send(place.appointment())
    place.wait_for(lambda: place.inside.hlen("dramatiq:default.DQ.msgs") == 1)
    (message,) = place.inside.hvals("dramatiq:default.DQ.msgs")
    (seconds, _) = place.inside.time()
    assert 300 < json.loads(message)["options"]["eta"] / 1000 - seconds <= 616


@shows("errors")
def test_an_actor_is_done_again_where_that_may_help(place: DramatiqPlace) -> None:
    """Dramatiq asks with how often it was done again, and what it failed with."""
    asked = Retry("as asked")
    asked.__cause__ = RateLimitError("too many")
    worth = place.tasks.is_transient
    assert [worth(retries, asked) for retries in range(6)] == [True] * 4 + [False] * 2
    assert worth(0, ConnectionFailedError("refused"))
    assert not worth(0, NotFoundError("no room"))
    assert not worth(0, ValueError("of the actor itself"))


@shows("leaves nothing")
def test_a_worker_that_is_told_to_end_leaves_nothing(place: DramatiqPlace) -> None:
    """In time and in silence, with all connections closed."""
    check_nothing_is_left(place)
