"""`/dev/v1/clock`: the sandbox's time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from videsk_rooms.sandbox import Sandbox

from .server import Server

if TYPE_CHECKING:
    from datetime import tzinfo

UTC: tzinfo = timezone.utc
HOUR = timedelta(hours=1)
SLACK = timedelta(minutes=2)  # how long a busy machine may take for a test


def now_of(content: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(content["now"].replace("Z", "+00:00"))


def test_it_moves_forward_and_back_to_now(server: Server) -> None:
    """By seconds; the answer and the state say where it is."""
    moved = server.do("POST", "/clock", {"advanceSeconds": 7200}).json
    assert moved["offsetSeconds"] == 7200
    assert now_of(moved) - datetime.now(UTC) > 2 * HOUR - SLACK
    assert server.get("/state")["offsetSeconds"] == 7200
    back = server.do("POST", "/clock", {"back": True}).json
    assert back["offsetSeconds"] == 0
    assert abs(now_of(back) - datetime.now(UTC)) < SLACK


def test_it_moves_to_an_instant(server: Server) -> None:
    """Forward only."""
    there = server.do("POST", "/clock", {"to": "2042-08-14T18:00:00.000Z"}).json
    assert now_of(there) - datetime(2042, 8, 14, 18, tzinfo=UTC) < SLACK
    again = server.do("POST", "/clock", {"to": "2042-08-14T17:00:00.000Z"})
    assert (again.status, "back" in again.message) == (400, True)


def test_it_moves_to_the_opening_of_a_room(server: Server) -> None:
    """Which is open then."""
    now = server.sandbox.now
    room = server.sandbox.add_room(nbf=now + HOUR, exp=now + 2 * HOUR)
    assert server.do("POST", "/clock", {"opening": room["id"]}).status == 200
    assert server.get(f"/rooms/{room['id']}")["status"] == "open"
    assert server.do("POST", "/clock", {"opening": room["id"]}).status == 409
    assert server.do("POST", "/clock", {"opening": "0" * 24}).status == 404


def test_going_back_does_not_close_the_rate_limit() -> None:
    """Its seconds run on, whichever way the clock goes."""
    with Sandbox(console=True, rate=2) as sandbox:
        server = Server(sandbox)
        for move in ({"advanceSeconds": 3600}, {"back": True}, {"advanceSeconds": 2}):
            server.do("POST", "/clock", move)
            assert server.call("GET", "/vpaas/rooms").status == 200
        server.do("POST", "/clock", {"back": True})
        server.do("POST", "/clock", {"advanceSeconds": 2})
        assert server.call("GET", "/vpaas/rooms").headers["Ratelimit-Remaining"] == "1"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"advanceSeconds": -1},
        {"advanceSeconds": "7"},
        {"advanceSeconds": True},
        {"advanceSeconds": None},
        {"advanceSeconds": float("nan")},
        {"advanceSeconds": float("inf")},
        {"advanceSeconds": 1e12},
        {"advanceSeconds": 10**400},
        {"advanceSeconds": 290_000_000_000},
        {"to": "tomorrow"},
        {"to": 7},
        {"to": "9999-12-31T23:59:59.999Z"},
        {"to": "2042-08-14T18:00:00.000"},
        {"opening": 7},
        {"opening": None},
        {"back": False},
        {"back": 1},
        {"back": True, "advanceSeconds": 1},
        {"forward": True},
    ],
    ids=repr,
)
def test_a_move_that_makes_no_sense_is_refused(server: Server, given: object) -> None:
    """With what would, and the clock stays."""
    answer = server.send("POST", "/dev/v1/clock", body=json.dumps(given).encode())
    assert (answer.status, bool(answer.message)) == (400, True)
    assert server.get("/state")["offsetSeconds"] == 0
