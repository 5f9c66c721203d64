"""What is known of a room's window, without a network: when tokens of it are stale."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import attrs
import pytest

from videsk_rooms import Headers, Response, Room, RoomAccess
from videsk_rooms._operations.room_window import RoomWindow

if TYPE_CHECKING:
    from typing import Any

SECOND = timedelta(seconds=1)
NOW = datetime(2026, 3, 2, 8, 30, tzinfo=timezone.utc)
NINE, TEN = NOW + 1800 * SECOND, NOW + 5400 * SECOND
ROOM = Room("64f1a2b3c4d5e6f7a8b9c0d1", nbf=NINE, exp=TEN, ended=False)
OF_ROOM = RoomAccess("t", nbf=NINE, exp=TEN)


def answer_at(now: datetime) -> Response:
    """Make an answer that tells the server's time."""
    date = now.strftime("%a, %d %b %Y %H:%M:%S GMT")
    return Response(200, Headers({"Date": date}), b"", "GET", "https://x.test/", None, ())


def known(room: Room = ROOM, access: RoomAccess | None = OF_ROOM) -> RoomWindow:
    """Make the window of a room that was just retrieved, half an hour before it opens."""
    window = RoomWindow()
    window.take(answer_at(NOW), room, access)
    return window


def at(now: datetime) -> RoomWindow:
    """Make the window of the room, by another time of the server's."""
    window = known()
    window.is_contradicted_by(answer_at(now), OF_ROOM)
    return window


# -- by the server's clock ------------------------------------------------------------------------


def test_nothing_is_known_at_first() -> None:
    """So nothing is open, nothing is over, and nothing differs."""
    window = RoomWindow()
    assert not window.is_known
    assert not window.is_open()
    assert not window.is_nearly_over()
    assert not window.differs_from(ROOM)
    assert not window.is_contradicted_by(answer_at(NOW), OF_ROOM)


@pytest.mark.parametrize(
    ("now", "is_open", "is_nearly_over"),
    [
        (NOW, False, False),
        (NINE - SECOND, False, False),
        (NINE, True, False),
        (TEN - 60 * SECOND, True, False),
        (TEN - 32 * SECOND, True, False),
        # A second before its tokens are stale.
        (TEN - 31 * SECOND, True, True),
        (TEN - 30 * SECOND, True, True),
        (TEN, False, True),
    ],
)
def test_the_servers_clock_tells_whether_the_room_is_open(
    now: datetime, is_open: bool, is_nearly_over: bool
) -> None:
    """And whether it is over, or so nearly that nobody would get in any more."""
    window = at(now)
    assert (window.is_open(), window.is_nearly_over()) == (is_open, is_nearly_over)


@pytest.mark.parametrize(
    ("access", "stale_at"),
    [
        (OF_ROOM, TEN - 30 * SECOND),
        (RoomAccess("t", exp=NINE), NINE - 30 * SECOND),
        (RoomAccess("t"), TEN - 30 * SECOND),
    ],
    ids=["the room's", "its own", "it says nothing"],
)
def test_a_token_is_stale_half_a_minute_before_it_expires(
    access: RoomAccess, stale_at: datetime
) -> None:
    """A token that does not say when expires with its room."""
    assert not at(stale_at - 5 * SECOND).is_stale(access)
    assert at(stale_at).is_stale(access)


def test_a_token_that_never_expires_is_kept() -> None:
    """Neither it nor its room says when."""
    assert not known(Room(ROOM.id)).is_stale(RoomAccess("t"))


# -- another window -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{"exp": TEN + SECOND}, {"nbf": NINE - SECOND}, {"ended": True}], ids=str
)
def test_another_window_is_noticed(changes: dict[str, Any]) -> None:
    """In whatever another answer says of the room."""
    window = known()
    room = attrs.evolve(ROOM, **changes)
    assert window.differs_from(room)
    window.take(answer_at(NOW), room, OF_ROOM)
    assert not window.differs_from(room)


def test_a_window_in_doubt_is_neither_known_nor_open() -> None:
    """And another one is noticed all the same."""
    window = at(NINE)
    window.doubt()
    assert not window.is_known
    assert not window.is_open()
    assert window.differs_from(attrs.evolve(ROOM, exp=TEN + SECOND))


def test_what_an_answer_leaves_out_says_nothing() -> None:
    """Any field but the id may be absent (docs/api.md, "Objects")."""
    assert not known().differs_from(Room(ROOM.id, name="New"))


@pytest.mark.parametrize(
    "access",
    [RoomAccess("t", nbf=NINE, exp=TEN + SECOND), RoomAccess("t", nbf=NINE - SECOND, exp=TEN)],
    ids=["exp", "nbf"],
)
def test_a_token_of_another_window_is_noticed(access: RoomAccess) -> None:
    """The room was changed by somebody else since."""
    assert known().is_contradicted_by(answer_at(NOW), access)
    assert not known().is_contradicted_by(answer_at(NOW), OF_ROOM)


def test_a_token_tells_whole_seconds() -> None:
    """A window in milliseconds is the same one."""
    room = attrs.evolve(ROOM, exp=TEN + SECOND / 2)
    assert not known(room).is_contradicted_by(answer_at(NOW), OF_ROOM)


@pytest.mark.parametrize(
    "first", [RoomAccess("t"), RoomAccess("t", nbf=NOW, exp=NOW + 300 * SECOND), None], ids=str
)
def test_where_tokens_have_times_of_their_own_they_tell_nothing(first: RoomAccess | None) -> None:
    """That they carry the room's window is documented, how is not."""
    window = known(access=first)
    assert not window.is_contradicted_by(answer_at(NOW), RoomAccess("t", nbf=NOW, exp=TEN - SECOND))


def test_what_is_kept_of_a_room_holds_no_token() -> None:
    """The one of the retrieved room is somebody's to hand out."""
    window = known(attrs.evolve(ROOM, access_token="a.b.c"))
    assert "a.b.c" not in repr(vars(window))
    assert all(getattr(value, "access_token", None) != "a.b.c" for value in vars(window).values())
