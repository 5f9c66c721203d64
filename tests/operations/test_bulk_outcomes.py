"""Outcomes and progress: immutable, picklable, quiet about tokens."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest

from tests.support import TOKEN
from videsk_rooms import InvalidRequestError, Outcome, Progress, Room, RoomAccess

ERROR = InvalidRequestError("name=1: give a string", argument="name")
CREATED: Outcome[Any, Room] = Outcome(3, {"name": "Support"}, Room(id="a"), None)
FAILED: Outcome[Any, Room] = Outcome(4, {"name": 1}, None, ERROR)
PROGRESS = Progress(done=5, failed=1, under_way=2, total=None)
JWT = "eyJhbGciOiJub25lIn0.eyJqdGkiOiJhIn0.c2lnbmF0dXJl"


def test_an_outcome_is_a_value_or_an_error() -> None:
    """Which of them, it tells; `result` does what the single call would have done."""
    assert CREATED.ok
    assert CREATED.result() == Room(id="a")
    assert not FAILED.ok
    with pytest.raises(InvalidRequestError) as caught:
        FAILED.result()
    assert caught.value is ERROR


def test_an_outcome_of_a_call_that_returns_nothing_is_no_failure() -> None:
    """Its value is `None` either way."""
    deleted: Outcome[str, None] = Outcome(0, "a", None, None)
    assert deleted.ok
    deleted.result()


@pytest.mark.parametrize("made", [CREATED, FAILED, PROGRESS])
def test_no_field_can_be_set(made: Any) -> None:
    """What came of it does not change, and a slip of the pen is no new attribute."""
    for field in attrs.fields(type(made)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(made, field.name, None)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.valeu = 1


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("made", [CREATED, PROGRESS])
def test_copies_are_equal(made: object, duplicate: Any) -> None:
    """By content; and they go into sets, whatever the item is."""
    assert duplicate(made) == made
    assert {made, duplicate(made)} == {made}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_the_round_trip_through_pickle(protocol: int) -> None:
    """An outcome can be handed to another process, the error with it."""
    assert pickle.loads(pickle.dumps([CREATED, PROGRESS], protocol)) == [CREATED, PROGRESS]
    back = pickle.loads(pickle.dumps(FAILED, protocol))
    assert type(back) is Outcome
    assert (back.index, back.item, back.value) == (4, {"name": 1}, None)
    assert isinstance(back.error, InvalidRequestError)
    assert (str(back.error), back.error.argument) == (str(ERROR), "name")


def test_no_repr_shows_a_token() -> None:
    """Neither that of a value, nor one that was given for a room by mistake."""
    joined: Outcome[object, RoomAccess] = Outcome(
        0, Room(id="a", access_token=TOKEN), RoomAccess(access_token=TOKEN), None
    )
    assert TOKEN not in repr(joined)
    assert JWT not in repr(Outcome(0, JWT, None, ERROR))
    assert repr(FAILED) == f"Outcome(index=4, item={{'name': 1}}, value=None, error={ERROR!r})"
