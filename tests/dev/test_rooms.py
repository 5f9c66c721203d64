"""`/dev/v1/rooms`: the rooms past the API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from tests import inside
from videsk_rooms.dev import _rooms
from videsk_rooms.sandbox import Sandbox

from .server import Server

if TYPE_CHECKING:
    from datetime import datetime

HOUR = timedelta(hours=1)


def wire(instant: datetime) -> str:
    return f"{instant.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def rooms(server: Server, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(f"/rooms{query}")["rooms"]
    return found


def test_rooms_are_listed_newest_first(server: Server) -> None:
    """By pages, with how many there are in all."""
    first, second, third = server.sandbox.add_rooms(3)
    assert [each["id"] for each in rooms(server)] == [third, second, first]
    assert [each["id"] for each in rooms(server, "?limit=1&skip=1")] == [second]
    assert server.get("/rooms?limit=0")["total"] == 3
    assert rooms(server, "?skip=9") == []


def test_a_room_is_waiting_open_or_over(server: Server) -> None:
    """By the sandbox's clock."""
    now = server.sandbox.now
    server.sandbox.add_room(name="waiting", nbf=now + HOUR, exp=now + 2 * HOUR)
    server.sandbox.add_room(name="open")
    server.sandbox.add_room(name="over", exp=now - HOUR)
    for room in rooms(server):
        assert room["status"] == room["name"]
        assert server.get(f"/rooms/{room['id']}") == room


def test_a_room_is_shown_as_the_api_writes_it(server: Server) -> None:
    """With its tokens and people besides, and never with an access token."""
    room = server.sandbox.add_room(extra={"color": "blue", "accessToken": "secret"})
    (shown,) = rooms(server)
    assert shown["color"] == "blue"
    assert (shown["tokens"], shown["people"]) == ([], [])
    assert shown.items() >= {k: v for k, v in room.items() if k != "accessToken"}.items()
    assert "accessToken" not in shown


def test_the_tokens_of_a_room_have_their_windows(server: Server) -> None:
    """Newest first, by whatever way they were issued, and bounded."""
    room = server.call("POST", "/vpaas/rooms", {}).json
    server.call("POST", f"/vpaas/rooms/{room['id']}/join")
    server.do("POST", f"/rooms/{room['id']}/join")
    (shown,) = rooms(server)
    claims = jwt.decode(room["accessToken"], options={"verify_signature": False})
    assert [set(each) for each in shown["tokens"]] == [{"issuedAt", "nbf", "exp", "jti"}] * 3
    assert shown["tokens"][-1]["jti"] == claims["jti"]
    assert {each["exp"] for each in shown["tokens"]} == {room["exp"]}
    for _ in range(_rooms.KEPT_TOKENS):
        server.call("GET", f"/vpaas/rooms/{room['id']}")
    assert len(rooms(server)[0]["tokens"]) == _rooms.KEPT_TOKENS


def test_the_tokens_of_how_many_rooms_are_kept_is_bounded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest are forgotten."""
    monkeypatch.setattr(_rooms, "KEPT_ROOMS", 2)
    for _ in range(3):
        server.call("POST", "/vpaas/rooms", {})
    assert [len(each["tokens"]) for each in rooms(server)] == [1, 1, 0]


def test_a_room_is_made(server: Server) -> None:
    """With what the API would fill in, and no request of the limit."""
    now = server.sandbox.now
    given = {
        "name": "Check-up",
        "externalId": "visit-7",
        "nbf": wire(now + HOUR),
        "exp": wire(now + 2 * HOUR),
    }
    answer = server.do("POST", "/rooms", given)
    assert answer.status == 201
    assert answer.json.items() >= given.items()
    assert [room["externalId"] for room in server.sandbox.rooms] == ["visit-7"]
    assert server.do("POST", "/rooms").status == 201
    assert len(server.sandbox.requests) == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"name": 7}, "name must be a string"),
        ({"name": "x" * 501}, "name must not have more than 500 characters"),
        ({"name": "\ud800"}, "surrogate"),
        ({"exp": "2001-01-01T00:00:00.000Z"}, "exp must be in the future"),
        ({"exp": "soon"}, "exp must be an ISO date-time"),
        ({"bnf": True}, "unknown field"),
        ({"accessToken": "x"}, "unknown field"),
    ],
)
def test_a_room_that_the_api_would_refuse_is_refused(
    server: Server, content: object, told: str
) -> None:
    """With the reason."""
    answer = server.do("POST", "/rooms", content)
    assert answer.status == 400
    assert told in answer.message
    assert server.sandbox.rooms == ()


def test_an_external_id_is_taken_once(server: Server) -> None:
    """As by the API, 409."""
    assert server.do("POST", "/rooms", {"externalId": "visit-7"}).status == 201
    assert server.do("POST", "/rooms", {"externalId": "visit-7"}).status == 409


def test_a_room_is_moved(server: Server) -> None:
    """Its name, too."""
    room, now = server.sandbox.add_room(), server.sandbox.now
    moved = {"nbf": wire(now + HOUR), "exp": wire(now + 2 * HOUR), "name": "Later"}
    answer = server.do("PATCH", f"/rooms/{room['id']}", moved)
    assert answer.json["status"] == "waiting"
    assert server.sandbox.rooms[0].items() >= moved.items()
    refused = server.do("PATCH", f"/rooms/{room['id']}", {"nbf": wire(now + 3 * HOUR)})
    assert (refused.status, "before exp" in refused.message) == (400, True)


def test_a_room_is_ended(server: Server) -> None:
    """Ending it again changes nothing."""
    room = server.sandbox.add_room()
    for _ in range(2):
        assert server.do("POST", f"/rooms/{room['id']}/end").json["status"] == "over"
    assert server.sandbox.rooms[0]["ended"] is True


def test_joining_an_open_room_is_noted(server: Server) -> None:
    """As the API does it, by a token of the room's window."""
    room = server.sandbox.add_room()
    token = server.do("POST", f"/rooms/{room['id']}/join").json["accessToken"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["room"], claims["type"]) == (room["id"], "room-access")
    (shown,) = rooms(server)
    assert [each["jti"] for each in shown["authorizations"]] == [claims["jti"]]


def test_the_authorizations_that_are_shown_are_bounded(server: Server) -> None:
    """The latest, and how many there are; the API sends all of them."""
    room = server.sandbox.add_room()
    count = _rooms.SHOWN_AUTHORIZATIONS + 3
    for _ in range(count):
        server.call("POST", f"/vpaas/rooms/{room['id']}/join")
    all_of_them = server.call("GET", f"/vpaas/rooms/{room['id']}").json["authorizations"]
    for shown in (rooms(server)[0], server.get(f"/rooms/{room['id']}")):
        assert shown["authorizationsTotal"] == len(all_of_them) == count
        assert shown["authorizations"] == all_of_them[3:]


@pytest.mark.parametrize("status", ["waiting", "over"])
def test_a_token_is_issued_too_early_and_too_late(server: Server, status: str) -> None:
    """For one to see what a browser is told then; nobody was let in, so nothing is noted."""
    now = server.sandbox.now
    nbf, exp = (now + HOUR, now + 2 * HOUR) if status == "waiting" else (now - HOUR, now)
    room = server.sandbox.add_room(nbf=nbf, exp=exp)
    assert "accessToken" in server.do("POST", f"/rooms/{room['id']}/join").json
    (shown,) = rooms(server)
    assert (shown["status"], shown["authorizations"], len(shown["tokens"])) == (status, [], 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/end"),
        ("POST", "/join"),
        ("GET", "/measurements"),
    ],
)
def test_a_room_that_is_not_there_is_answered_404(server: Server, method: str, path: str) -> None:
    """Also by an external id: this interface takes ids."""
    server.sandbox.add_room(external_id="visit-7")
    for room_id in ("0123456789abcdef01234567", "visit-7"):
        assert server.do(method, f"/rooms/{room_id}{path}").status == 404


def test_nothing_was_measured_yet(server: Server) -> None:
    """An empty list, and no error."""
    room = server.sandbox.add_room()
    assert server.get(f"/rooms/{room['id']}/measurements") == {"people": []}


def test_a_removed_room_leaves_nothing_behind() -> None:
    """Its tokens are forgotten with it."""
    with Sandbox(console=True, rate=None, deletion=True) as sandbox:
        server = Server(sandbox)
        room = server.call("POST", "/vpaas/rooms", {}).json
        server.get("/state")
        server.call("DELETE", f"/vpaas/rooms/{room['id']}")
        assert rooms(server) == []
        assert inside.access_tokens_kept(sandbox, room["id"]) == []
