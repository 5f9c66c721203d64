"""`/dev/v1/requests` and `/dev/v1/limit`: what came, as what call, with what answer."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.dev.server import Server
from tests.waiting import wait_until
from videsk_rooms import Retry, Videsk, VideskError
from videsk_rooms.dev import _history, _requests
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOMS = "/vpaas/rooms"
OPAQUE = "a 'token' that is no JWT"


@pytest.fixture
def videsk(server: Server) -> Iterator[Videsk]:
    retry = Retry(base_delay=0.001, max_delay=0.001)
    with Videsk(
        server.sandbox.api_token, base_url=server.sandbox.url, retry=retry, rate_limit=None
    ) as client:
        yield client


def requests(server: Server, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(f"/requests{query}")["requests"]
    return found


def test_a_retried_call_is_one_call_with_its_attempts(server: Server, videsk: Videsk) -> None:
    """Also the look-up after a lost answer belongs to it; another call is another one."""
    server.sandbox.faults.status(503, on="create")
    server.sandbox.faults.drop("after", on="create")
    videsk.rooms.create(name="Support")
    videsk.rooms.list()
    *others, first = [
        (each["operation"], each["attempt"], each["status"], each["fault"])
        for each in requests(server)
    ]
    assert [first, *reversed(others)] == [
        ("create", 1, 503, "status"),
        ("create", 2, None, "drop-after"),
        ("create", 3, 409, None),
        ("get", 1, 200, None),
        ("list", 1, 200, None),
    ]
    calls = [each["call"] for each in requests(server)]
    assert len(set(calls[1:])) == 1
    assert calls[0] != calls[1]


def test_the_client_says_whether_somebody_waits(server: Server, videsk: Videsk) -> None:
    """Another client says nothing of it."""
    videsk.rooms.list()
    videsk.with_options(priority="background").rooms.list()
    server.call("GET", ROOMS)
    assert [each["priority"] for each in requests(server)] == [None, "background", "interactive"]


@pytest.mark.parametrize(
    "header",
    ["", "x", "x; attempt=0", "x; attempt=1; priority=urgent", f"{'x' * 65}; attempt=1", "é; a"],
)
def test_a_header_that_is_not_the_client_s_makes_no_call(server: Server, header: str) -> None:
    """Each such request is a call of its own."""
    server.call("GET", ROOMS, **{"Videsk-Rooms-Call": header.encode().decode("latin-1")})
    (request,) = requests(server)
    assert (request["call"], request["attempt"], request["priority"]) == ("request-1", 1, None)


def test_a_summary_says_what_was_asked_and_what_became_of_it(server: Server) -> None:
    """Of a request by itself, with the limit off."""
    server.call("GET", f"{ROOMS}?$limit=2&externalId=a b".replace(" ", "%20"))
    (request,) = requests(server)
    received_at, duration = request.pop("receivedAt"), request.pop("durationMs")
    assert received_at.endswith("Z")
    assert 0 <= duration < 60_000
    assert request.pop("requestId") == server.sandbox.requests[0].request_id
    assert request == {
        "number": 1,
        "call": "request-1",
        "attempt": 1,
        "operation": "list",
        "method": "GET",
        "path": ROOMS,
        "query": "%24limit=2&externalId=a+b",
        "status": 200,
        "answered": True,
        "fault": None,
        "processed": True,
        "priority": None,
        "second": request["second"],
        "remaining": None,
        "limit": None,
        "refused": False,
    }


def test_a_request_that_waits_for_its_answer_is_there_already(server: Server) -> None:
    """Its status is null, as of one that is never answered; `answered` tells them apart."""
    server.sandbox.faults.delay(30, process="last")
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])",
            f"{server.sandbox.url}{ROOMS}",
        ],
        stderr=subprocess.DEVNULL,
    ) as waiting:
        wait_until(lambda: server.sandbox.requests)
        (request,) = requests(server)
        waiting.kill()
    assert (request["status"], request["answered"], request["durationMs"]) == (None, False, None)


def test_the_time_that_a_fault_holds_an_answer_back_counts(server: Server) -> None:
    """The answer is ready at once, but the caller waits for it."""
    server.sandbox.faults.delay(0.2)
    server.call("GET", ROOMS)
    assert requests(server)[0]["durationMs"] >= 200


def test_pages_of_requests_follow_one_another(server: Server) -> None:
    """Newest first; `before` gives those before a number."""
    for _ in range(5):
        server.call("GET", ROOMS)
    assert [each["number"] for each in requests(server, "?limit=2")] == [5, 4]
    assert [each["number"] for each in requests(server, "?limit=2&before=4")] == [3, 2]
    assert server.get("/requests?limit=0") == {"requests": [], "total": 5}


def test_one_request_has_headers_and_bodies(server: Server) -> None:
    """As they came, with secrets masked."""
    server.call("POST", ROOMS, {"name": "Support"}, Cookie="session=1")
    request = server.get("/requests/1")
    assert ["Authorization", "Bearer …"] in request["requestHeaders"]
    assert ["Cookie", "…"] in request["requestHeaders"]
    assert request["requestBody"] == '{"name": "Support"}'
    assert ["Content-Type", "application/json; charset=utf-8"] in request["responseHeaders"]
    assert '"name":"Support"' in request["responseBody"]
    assert '"accessToken":"…"' in request["responseBody"]


def test_no_token_is_shown_anywhere(server: Server) -> None:
    """Neither of the account nor of a room, wherever a request carries it."""
    token = server.sandbox.api_token
    room = server.call("POST", ROOMS, {"name": token, "settings": {"accessToken": OPAQUE}}).json
    server.call("GET", f"{ROOMS}/{token}?externalId={token}")
    server.send("GET", ROOMS, headers={"Authorization": f"Basic {token}", "X-Forwarded": token})
    server.call("POST", ROOMS, {"name": room["accessToken"][:60]})
    shown = [server.send("GET", f"/dev/v1/requests/{n}").body.decode() for n in (1, 2, 3, 4)]
    shown.append(server.send("GET", "/dev/v1/requests").body.decode())
    for text in shown:
        assert token not in text
        assert room["accessToken"][:40] not in text
        assert "is no JWT" not in text


def test_bodies_are_cut(server: Server) -> None:
    """Whatever was sent, 64 KiB of it are shown."""
    server.call("POST", ROOMS, {"name": "x" * 200_000})
    request = server.get("/requests/1")
    assert len(request["requestBody"]) == _history.SHOWN_BYTES


def test_what_is_kept_is_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number and by size, the oldest go first."""
    monkeypatch.setattr(_history, "KEPT_REQUESTS", 3)
    for _ in range(5):
        server.call("GET", ROOMS)
    assert server.get("/requests")["total"] == 3
    assert server.get("/state")["requestsTotal"] == 5
    assert server.send("GET", "/dev/v1/requests/1").status == 404
    monkeypatch.setattr(_history, "KEPT_BYTES", 100_000)
    server.call("POST", ROOMS, {"name": "x" * 70_000})
    server.call("POST", ROOMS, {"name": "x" * 70_000})
    assert [each["number"] for each in requests(server)] == [7]


def test_requests_can_be_forgotten(server: Server) -> None:
    """Also by the log of the sandbox."""
    server.call("GET", ROOMS)
    assert server.do("DELETE", "/requests").status == 200
    assert server.get("/requests") == {"requests": [], "total": 0}
    assert len(server.sandbox.requests) == 0


# -- replay ---------------------------------------------------------------------------------------


def test_a_replay_is_the_same_request_with_the_sandbox_s_token(server: Server) -> None:
    """A wrong token is not sent again; the rest is, to the byte."""
    body = b'{"name":  "Support"}'
    wrong = {"Authorization": "Bearer wrong", "X-Mine": "yes"}
    server.send("POST", f"{ROOMS}?x=%24", body=body, headers=wrong)
    number = server.do("POST", "/requests/1/replay").json["number"]
    again = next(each for each in server.sandbox.requests if each.number == number)
    assert (again.method, again.path, again.query, again.body) == (
        "POST",
        ROOMS,
        (("x", "$"),),
        body,
    )
    assert again.headers["X-Mine"] == "yes"
    assert again.headers["Authorization"] == f"Bearer {server.sandbox.api_token}"


def test_a_replay_may_meet_a_fault(server: Server) -> None:
    """It has its number all the same."""
    server.call("GET", ROOMS)
    server.sandbox.faults.drop("before")
    number = server.do("POST", "/requests/1/replay").json["number"]
    assert server.get(f"/requests/{number}")["fault"] == "drop-before"


def test_replays_that_wait_for_answers_are_bounded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server does not keep any number of connections to itself."""
    monkeypatch.setattr(_requests, "_MAX_REPLAYS", 2)
    server.call("GET", ROOMS)
    server.sandbox.faults.delay(60, times=None)
    answers = [server.do("POST", "/requests/1/replay").status for _ in range(3)]
    assert answers == [200, 200, 409]


@pytest.mark.parametrize("number", ["7", "0", "x", "99999999999999999999", "-1"])
def test_a_request_that_is_not_there_is_refused(server: Server, number: str) -> None:
    """By 404, or by 400 where it is no number."""
    for method, path in (("GET", ""), ("POST", "/replay")):
        answer = server.do(method, f"/requests/{number}{path}")
        assert answer.status in (400, 404)
        assert answer.message


# -- as a command, as a program -------------------------------------------------------------------


def in_hours(hours: int) -> str:
    then = datetime.now(timezone.utc) + timedelta(hours=hours)
    return then.strftime("%Y-%m-%dT%H:%M:%S.000Z")


CALLS: dict[str, tuple[str, str, object]] = {
    "create": (
        "POST",
        ROOMS,
        {
            "name": 'it\'s "quoted"',
            "exp": in_hours(2),
            "nbf": in_hours(1),
        },
    ),
    "list": ("GET", f"{ROOMS}?$limit=3&$skip=1&$sort[createdAt]=-1&ended=false", None),
    "get": ("GET", f"{ROOMS}/{{room}}", None),
    "update": ("PATCH", f"{ROOMS}/{{room}}", {"name": "moved", "settings": {"a": [1, None]}}),
    "end": ("PATCH", f"{ROOMS}/{{room}}", {"ended": True}),
    "join": ("POST", f"{ROOMS}/{{room}}/join", None),
    "stats": ("GET", f"{ROOMS}/{{room}}/stats?view=snapshot", None),
    "delete": ("DELETE", f"{ROOMS}/{{room}}", None),
    "unknown field": ("POST", ROOMS, {"bnf": True}),
    "unknown query": ("GET", f"{ROOMS}?$select=name", None),
    "unknown path": ("GET", "/vpaas/users", None),
}


def _environment(server: Server) -> dict[str, str]:
    """Return an environment whose account is the sandbox."""
    return {
        **os.environ,
        "VIDESK_BASE_URL": server.sandbox.url,
        "VIDESK_API_TOKEN": server.sandbox.api_token,
    }


def _asked(server: Server) -> list[tuple[object, ...]]:
    """What was asked, for one to compare it."""
    return [(each.method, each.path, each.query, each.json) for each in server.sandbox.requests]


@pytest.fixture
def placed(server: Server, request: pytest.FixtureRequest) -> Server:
    """A server that was asked one of the calls."""
    room = server.sandbox.add_room()["id"]
    method, path, content = CALLS[request.param]
    server.call(method, path.format(room=room), content)
    return server


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("placed", CALLS, indirect=True)
def test_the_command_of_curl_asks_the_same(placed: Server) -> None:
    """A shell reads it as it was meant; the token is that of the environment."""
    command = placed.get("/requests/1")["curl"]
    done = subprocess.run(
        ["sh", "-c", command], env=_environment(placed), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    before, again = _asked(placed)
    assert again == before
    assert placed.sandbox.requests[1].headers["Authorization"] == (
        f"Bearer {placed.sandbox.api_token}"
    )


@pytest.mark.parametrize("placed", CALLS, indirect=True)
def test_the_program_asks_the_same(placed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """With this package, by the method that is meant for it."""
    monkeypatch.setenv("VIDESK_BASE_URL", placed.sandbox.url)
    monkeypatch.setenv("VIDESK_API_TOKEN", placed.sandbox.api_token)
    program = placed.get("/requests/1")["python"]
    with suppress(VideskError):  # some are refused by the API, as the first time
        exec(compile(program, "shown", "exec"), {})
    before, again = _asked(placed)
    if "external_id" not in program and before[0] == "POST" and isinstance(again[3], dict):
        again[3].pop("externalId", None)  # the client gives every room one
    assert again == before, program


@pytest.mark.parametrize(
    "placed", ["create", "get", "update", "join", "stats", "list", "delete"], indirect=True
)
def test_the_program_uses_methods_where_there_are_some(placed: Server) -> None:
    """Not the raw request that works for everything."""
    assert "videsk.request(" not in placed.get("/requests/1")["python"]


def test_a_body_that_is_no_json_is_shown_all_the_same(server: Server) -> None:
    """Bytes that are no text, and a null that no shell can hold."""
    server.send("POST", ROOMS, body=b"\xff\0'; rm -rf /")
    request = server.get("/requests/1")
    assert request["requestBody"] == "�\0'; rm -rf /"
    assert "\0" not in request["curl"]
    compile(request["python"], "shown", "exec")


@pytest.mark.parametrize(
    "body",
    [
        b'{"settings": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}",
        b'{"unknown": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"unknown": NaN}',
        b'{"settings": {"a": 1e999}}',
        b'{"settings": {"a": "' + b"x" * 200_000 + b'"}}',
    ],
    ids=lambda body: body[:20].decode(),
)
def test_a_body_that_no_program_can_hold_is_left_out_of_it(server: Server, body: bytes) -> None:
    """Nested too deeply, with numbers that Python cannot read, or too long; the rest is shown."""
    server.send("POST", ROOMS, body=body)
    program = server.get("/requests/1")["python"]
    compile(program, "shown", "exec")
    assert "it is left out." in program
    assert len(program) < 1000


def test_a_packed_body_is_sent_again_unpacked(server: Server) -> None:
    """As it is kept."""
    packed = gzip.compress(b'{"name": "Check-up"}')
    token = {"Authorization": f"Bearer {server.sandbox.api_token}"}
    headers = {**token, "Content-Encoding": "gzip"}
    assert server.send("POST", ROOMS, body=packed, headers=headers).status == 201
    number = server.do("POST", "/requests/1/replay").json["number"]
    again = next(each for each in server.sandbox.requests if each.number == number)
    assert again.json == {"name": "Check-up"}


# -- the limit ------------------------------------------------------------------------------------


def test_the_last_minute_is_counted_by_seconds() -> None:
    """Refused ones by themselves, the others by who waits for them."""
    with Sandbox(console=True, rate=3, window="sliding") as sandbox:
        server = Server(sandbox)
        header = "a; attempt=1; priority="
        server.call("GET", ROOMS, **{"Videsk-Rooms-Call": f"{header}interactive"})
        server.call("GET", ROOMS, **{"Videsk-Rooms-Call": f"{header}background"})
        for _ in range(3):
            server.call("GET", ROOMS)
        limit = server.get("/limit")
        found = server.get("/requests")["requests"]
    assert (limit["limit"], limit["per"]) == (3, 1)
    assert all(limit["now"] - 60 < each["second"] <= limit["now"] for each in limit["seconds"])
    counted = {
        what: sum(each[what] for each in limit["seconds"])
        for what in ("interactive", "background", "other", "refused")
    }
    refused = [each for each in found if each["refused"]]
    assert counted == {
        "interactive": 1,
        "background": 1,
        "other": 3 - len(refused),
        "refused": len(refused),
    }
    assert {each["status"] for each in refused} <= {429}
    assert [each["limit"] for each in found] == [3] * 5


def test_seconds_of_more_than_a_minute_ago_are_forgotten() -> None:
    """Memory is bounded however long the server runs."""
    from types import SimpleNamespace

    from videsk_rooms.dev._request_counts import RequestCounts

    counts = RequestCounts()
    for second in range(500):
        request: Any = SimpleNamespace(
            second=second, refused=False, call=SimpleNamespace(priority=None)
        )
        counts.add(request)
    assert [each["second"] for each in counts.seconds(499)] == list(range(440, 500))
    assert len(counts.seconds(0)) == 60  # nothing is left out for its age


def test_moving_the_clock_leaves_the_last_minute_alone(server: Server) -> None:
    """Its seconds are those of the machine."""
    server.call("GET", ROOMS)
    server.do("POST", "/clock", {"advanceSeconds": 3600})
    server.call("GET", ROOMS)
    limit = server.get("/limit")
    assert sum(each["other"] for each in limit["seconds"]) == 2
    assert limit["limit"] is None
