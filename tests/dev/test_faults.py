"""`/dev/v1/faults`: failures by a click."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest

from videsk_rooms._emulator.fault import KINDS
from videsk_rooms.dev import _faults

if TYPE_CHECKING:
    from .server import Server

ROOMS = "/vpaas/rooms"


def statuses(server: Server, count: int) -> list[int | None]:
    """Ask for the list of rooms so many times; no answer is `None`."""
    return [status_of(server) for _ in range(count)]


def status_of(server: Server) -> int | None:
    try:
        return server.call("GET", ROOMS).status
    except (http.client.HTTPException, ConnectionError):
        return None


def add(server: Server, **content: object) -> dict[str, Any]:
    answer = server.do("POST", "/faults", content)
    assert answer.status == 201, answer
    found: dict[str, Any] = answer.json
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_request_fails_in_any_way(server: Server, kind: str) -> None:
    """Each kind with nothing but its name, once."""
    given = {"kind": kind, "seconds": 0} if kind == "delay" else {"kind": kind}
    pending = add(server, **given)["pending"]
    assert [(each["kind"], each["left"], each["every"]) for each in pending] == [(kind, 1, 1)]
    statuses(server, 2)
    assert [request.fault for request in server.sandbox.requests] == [kind, None]
    assert server.get("/faults") == {"pending": [], "random": None}


def test_every_third_request_fails(server: Server) -> None:
    """Until the faults are cleared."""
    add(server, kind="status", status=500, every=3, times=None)
    assert statuses(server, 7) == [200, 200, 500, 200, 200, 500, 200]
    assert server.do("DELETE", "/faults").json == {"pending": [], "random": None}
    assert statuses(server, 3) == [200, 200, 200]


def test_a_share_of_all_requests_fails(server: Server) -> None:
    """In one way, in some, or in any."""
    shared = add(server, share=1, kind="empty", on="list")["random"]
    assert shared == {"share": 1, "kinds": ["empty"], "on": ["list"]}
    statuses(server, 2)
    assert add(server, share=0.5, kinds=["status", "html"])["random"]["kinds"] == ["status", "html"]
    assert len(add(server, share=0)["random"]["kinds"]) == len(KINDS) - 1
    statuses(server, 1)
    assert [request.fault for request in server.sandbox.requests] == ["empty", "empty", None]


@pytest.mark.parametrize(
    ("given", "status", "headers"),
    [
        ({"kind": "status", "status": 429, "retryAfter": 2}, 429, {"Retry-After": "2"}),
        ({"kind": "html", "status": 503}, 503, {"cf-ray": "8f2c1d3e4a5b6c7d-SCL"}),
        ({"kind": "garbage", "status": 201}, 201, {}),
        ({"kind": "answer", "status": 302, "headers": {"Location": "/x"}}, 302, {"Location": "/x"}),
    ],
)
def test_what_is_answered_can_be_chosen(
    server: Server, given: dict[str, Any], status: int, headers: dict[str, str]
) -> None:
    """The status and what belongs to it."""
    add(server, **given)
    answer = server.call("GET", ROOMS)
    assert answer.status == status
    assert answer.headers.items() >= headers.items()


def test_a_fault_is_for_the_operations_that_are_named(server: Server) -> None:
    """One or several; the list of pending ones says which."""
    assert add(server, kind="status", on="create")["pending"][0]["on"] == ["create"]
    assert add(server, kind="status", on=["join", "get"])["pending"][1]["on"] == ["get", "join"]
    assert statuses(server, 1) == [200]
    assert server.call("POST", ROOMS, {}).status == 503


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"kind": "meteor"},
        {"kind": ["status"]},
        {"kind": None},
        {"kind": "status", "status": "500"},
        {"kind": "status", "status": 99},
        {"kind": "status", "status": 500.5},
        {"kind": "status", "status": True},
        {"kind": "status", "times": 0},
        {"kind": "status", "times": "1"},
        {"kind": "status", "every": 0},
        {"kind": "status", "every": None},
        {"kind": "status", "on": "meteor"},
        {"kind": "status", "on": []},
        {"kind": "status", "on": [7]},
        {"kind": "status", "on": {}},
        {"kind": "status", "seconds": 1},
        {"kind": "status", "message": "\x00" * 3, "processed": "yes"},
        {"kind": "delay", "seconds": -1},
        {"kind": "delay", "seconds": 1e9},
        {"kind": "delay", "seconds": float("nan")},
        {"kind": "delay", "seconds": float("inf")},
        {"kind": "truncated", "keep": 1},
        {"kind": "enormous", "size": 0},
        {"kind": "enormous", "size": 10**15},
        {"kind": "answer", "headers": {"X": "a\r\nSet-Cookie: b"}},
        {"kind": "answer", "headers": {"X": 7}},
        {"kind": "answer", "headers": []},
        {"share": 2},
        {"share": -0.1},
        {"share": "half"},
        {"share": True},
        {"share": 0.5, "kind": "answer"},
        {"share": 0.5, "kind": "meteor"},
        {"share": 0.5, "kind": 7},
        {"share": 0.5, "kinds": []},
        {"share": 0.5, "kinds": [["status"]]},
        {"share": 0.5, "kind": "html", "kinds": ["html"]},
        {"share": 0.5, "status": 500},
        {"share": 0.5, "times": 2},
    ],
    ids=repr,
)
def test_a_fault_that_makes_no_sense_is_refused(server: Server, given: object) -> None:
    """With what would, and no fault is scripted."""
    answer = server.send("POST", "/dev/v1/faults", body=json.dumps(given).encode())
    assert (answer.status, bool(answer.message)) == (400, True)
    assert server.get("/faults") == {"pending": [], "random": None}


def test_how_many_faults_are_scripted_is_bounded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is refused."""
    monkeypatch.setattr(_faults, "MAX_SCRIPTED", 2)
    for status in (201, 201, 409):
        assert server.do("POST", "/faults", {"kind": "html"}).status == status
