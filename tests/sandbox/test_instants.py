"""What holds at an instant itself, neither before nor after it: the clock stands still here."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests import inside
from tests.sandbox.support import ROOMS, Api
from tests.sandbox.test_operations import claims, wire
from videsk_rooms._emulator.clock import from_wire, to_wire
from videsk_rooms._emulator.store import StoredRoom

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

NOW = datetime(2042, 8, 14, 15, 0, 0, 250_000, tzinfo=timezone.utc)
MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def api(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """A sandbox at which it is NOW, and stays so."""
    monkeypatch.setattr(inside.sandbox_clock(api.sandbox), "now", lambda: NOW)
    return api


async def test_a_room_is_over_at_its_exp(api: Api) -> None:
    """At `exp` the room is over, a millisecond before it is not."""
    for exp, ended, status in ((NOW, True, 410), (NOW + MILLISECOND, False, 201)):
        room = api.sandbox.add_room(exp=exp)
        assert room["ended"] is ended
        assert (await api.call("POST", f"{ROOMS}/{room['id']}/join")).status == status
    assert (await api.list("ended=true")).json["total"] == 1


async def test_a_room_is_open_at_its_nbf(api: Api) -> None:
    """At `nbf` people may enter, a millisecond before they may not."""
    for nbf, status in ((NOW, 201), (NOW + MILLISECOND, 422)):
        room = api.sandbox.add_room(nbf=nbf)
        assert (await api.call("POST", f"{ROOMS}/{room['id']}/join")).status == status


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"exp": NOW}, 400),
        ({"exp": NOW + MILLISECOND}, 201),
        ({"exp": NOW + 72 * HOUR}, 201),
        ({"exp": NOW + 72 * HOUR + MILLISECOND}, 400),
        ({"nbf": NOW + 2 * HOUR, "exp": NOW + 2 * HOUR}, 400),
        ({"nbf": NOW + 2 * HOUR - MILLISECOND, "exp": NOW + 2 * HOUR}, 201),
    ],
)
async def test_the_borders_of_a_window(api: Api, fields: dict[str, datetime], status: int) -> None:
    """`exp` is in the future, at most 72 hours ahead, and after `nbf`."""
    answer = await api.create(**{name: wire(instant) for name, instant in fields.items()})
    assert answer.status == status


async def test_a_token_expires_at_its_end(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its end a token is expired, a millisecond before it is not."""
    token = api.sandbox.tokens.issue(expires_in=HOUR)
    for now, status in ((NOW + HOUR - MILLISECOND, 200), (NOW + HOUR, 401)):
        monkeypatch.setattr(inside.sandbox_clock(api.sandbox), "now", lambda now=now: now)
        assert (await api.call("GET", ROOMS, token=token)).status == status


async def test_the_defaults_of_a_room(api: Api) -> None:
    """It opens now, ends in 3 hours, and was created and changed now."""
    room = (await api.create()).json
    expected = {"nbf": NOW, "exp": NOW + 3 * HOUR, "createdAt": NOW, "updatedAt": NOW}
    assert {name: room[name] for name in expected} == {
        name: wire(instant) for name, instant in expected.items()
    }
    given = (await api.create(nbf=wire(NOW - HOUR), exp=wire(NOW + HOUR))).json
    assert (given["createdAt"], given["updatedAt"]) == (wire(NOW), wire(NOW))


def test_many_rooms_end_with_one_of_now(api: Api) -> None:
    """Of rooms that are added at once the last is created now, the others before it."""
    api.sandbox.add_rooms(3)
    created = [room["createdAt"] for room in api.sandbox.rooms]
    assert created == [wire(NOW - age * MILLISECOND) for age in (2, 1, 0)]


async def test_a_token_carries_the_window(api: Api) -> None:
    """Its claims are the room's in whole seconds, and the instant at which it was made."""
    room = (await api.create(nbf=wire(NOW + HOUR), exp=wire(NOW + 2 * HOUR))).json
    found = claims(room["accessToken"])
    begin = int(NOW.timestamp())
    assert (found["iat"], found["nbf"], found["exp"]) == (begin, begin + 3600, begin + 7200)


@pytest.mark.parametrize(
    ("ended_at", "expected"),
    [(None, NOW), (NOW - HOUR, NOW - HOUR), (NOW + HOUR, NOW)],
    ids=["its time passed", "ended before that", "ended after that"],
)
def test_since_when_a_room_is_over(ended_at: datetime | None, expected: datetime) -> None:
    """Since it was ended or its time had passed, whichever came first."""
    room = StoredRoom("1", "a", "a", NOW, NOW - HOUR, {}, NOW - HOUR, NOW - HOUR, ended_at=ended_at)
    assert room.over_since() == expected


def test_ids_are_distinct_when_the_counter_is_full(sandbox: Sandbox) -> None:
    """The counter of an ObjectId begins anew after 24 bits, and the id keeps its length."""
    inside.count_ids_from(sandbox, 2**24 - 1)
    ids = sandbox.add_rooms(2)
    assert [room_id[-6:] for room_id in ids] == ["000000", "000001"]
    assert {len(room_id) for room_id in ids} == {24}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2042-08-14T15:00:00Z", "2042-08-14T15:00:00.000Z"),
        ("2042-08-14T15:00:00.5Z", "2042-08-14T15:00:00.500Z"),
        ("2042-08-14T15:00:00.25+02:00", "2042-08-14T13:00:00.250Z"),
        ("2042-08-14T15:00:00.1239999-03:30", "2042-08-14T18:30:00.123Z"),
    ],
)
def test_instants_of_the_wire(text: str, expected: str) -> None:
    """Fractions of any length are read as milliseconds, and offsets are taken off."""
    assert to_wire(from_wire(text)) == expected
