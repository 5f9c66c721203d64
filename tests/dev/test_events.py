"""`/dev/v1/events`: what happens, as it happens, for readers fast and slow."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any

import pytest

from tests.waiting import wait_until
from videsk_rooms.dev import _event_stream, _events
from videsk_rooms.dev._events import Events

from .server import PATIENCE, Server

ROOMS = "/vpaas/rooms"


def is_let_in(server: Server) -> bool:
    """Return whether there is a place for one more reader."""
    try:
        with server.events():
            return True
    except AssertionError:
        return False


def test_requests_come_as_they_are_answered(server: Server) -> None:
    """In lists, as `/dev/v1/requests` shows them."""
    with server.events() as events:
        server.call("GET", ROOMS)
        server.call("POST", ROOMS, {})
        latest: dict[int, Any] = {}
        while len(latest) < 2 or not all(each["answered"] for each in latest.values()):
            latest.update({each["number"]: each for each in events.next("request").data})
    assert [latest[2], latest[1]] == server.get("/requests")["requests"]


def test_a_room_that_changes_is_told(server: Server) -> None:
    """However it was changed: by the API, by the console, by the program of a test."""
    with server.events() as events:
        made = server.call("POST", ROOMS, {}).json["id"]
        assert events.next("rooms").data == {"ids": [made]}
        server.do("PATCH", f"/rooms/{made}", {"name": "Later"})
        assert events.next("rooms").data == {"ids": [made]}
        added = server.sandbox.add_room()["id"]
        assert events.next("rooms").data == {"ids": [added]}


def test_a_fault_that_is_scripted_or_used_up_is_told(server: Server) -> None:
    """With the list of those to come."""
    with server.events() as events:
        server.do("POST", "/faults", {"kind": "html"})
        assert events.next("faults").data == server.get("/faults")
        server.call("GET", ROOMS)
        assert events.next("faults").data == {"pending": [], "random": None}


def test_a_clock_that_moves_is_told(server: Server) -> None:
    """Also by a program, whose way forward is `advance`."""
    from datetime import timedelta

    with server.events() as events:
        server.do("POST", "/clock", {"advanceSeconds": 60})
        assert events.next("clock").data["offsetSeconds"] == 60
        server.sandbox.advance(timedelta(seconds=40))
        assert events.next("clock").data["offsetSeconds"] == 100


def test_ids_increase_and_a_reader_may_come_back(server: Server) -> None:
    """With the id of the last event that it read, as browsers do, or in the query."""
    with server.events() as events:
        server.do("POST", "/faults", {"kind": "html"})
        first = events.next("faults")
        server.do("POST", "/clock", {"advanceSeconds": 60})
        second = events.next("clock")
    assert second.id > first.id
    with server.events(f"?after={first.id}") as events:
        assert events.next() == second
    with server.events(**{"Last-Event-ID": str(first.id)}) as events:
        assert events.next() == second


def test_whoever_missed_something_is_told_to_read_everything_anew(server: Server) -> None:
    """Events are not kept for ever, and none are made while nobody reads."""
    state = server.get("/state")
    server.call("POST", ROOMS, {})
    with server.events(f"?after={state['lastEventId']}") as events:
        assert events.next().kind == "reset"
    with server.events("?after=123456789") as events:
        assert events.next().kind == "reset"


def test_whoever_has_just_read_everything_has_missed_nothing(server: Server) -> None:
    """The state says from where on."""
    server.call("POST", ROOMS, {})
    with server.events(f"?after={server.get('/state')['lastEventId']}") as events:
        server.do("POST", "/faults", {"kind": "html"})
        assert events.next().kind == "faults"


@pytest.mark.parametrize("after", ["-1", "x", "9" * 40, "1.5"])
def test_an_id_that_is_no_number_is_refused(server: Server, after: str) -> None:
    """And not taken for another one."""
    assert server.send("GET", f"/dev/v1/events?after={after}").status == 400
    headers = {"Last-Event-ID": after}
    assert server.send("GET", "/dev/v1/events", headers=headers).status == 400


def test_readers_are_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that has gone makes room for another."""
    monkeypatch.setattr(_event_stream, "MAX_READERS", 1)
    monkeypatch.setattr(_event_stream, "_COMMENT_EVERY", 0.05)
    with server.events():
        assert server.send("GET", "/dev/v1/events").status == 409

    wait_until(lambda: is_let_in(server))


def test_a_reader_that_does_not_read_is_dropped(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its place is another's then; the sandbox goes on as fast as before."""
    monkeypatch.setattr(_event_stream, "STALLED_AFTER", 0.2)
    monkeypatch.setattr(_event_stream, "MAX_READERS", 1)
    monkeypatch.setattr(_events, "KEPT_BYTES", 100_000)
    host, _, port = server.address.partition(":")
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((host, int(port)))
        slow.sendall(f"GET /dev/v1/events HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 200")
        assert not is_let_in(server)
        path = f"{ROOMS}?x={'x' * 4000}"
        wait_until(lambda: [server.call("GET", path) for _ in range(50)] and is_let_in(server))


def test_a_fast_reader_is_dropped_by_nobody(server: Server) -> None:
    """A thousand requests are a few events, without a gap in the ids."""
    with server.events() as events:
        connection = http.client.HTTPConnection(server.address, timeout=PATIENCE)
        for _ in range(1000):
            connection.request("GET", "/vpaas/nothing")
            connection.getresponse().read()
        connection.close()
        numbers: set[int] = set()
        ids = []
        while len(numbers) < 1000:
            event = events.next()
            ids.append(event.id)
            assert event.kind == "request"
            numbers |= {each["number"] for each in event.data if each["answered"]}
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert len(ids) < 500


def test_the_server_stops_at_once_while_somebody_reads(server: Server) -> None:
    """And serves them again after a new start."""
    with server.events() as events:
        began = time.monotonic()
        server.sandbox.stop()
        assert time.monotonic() - began < 10
        with pytest.raises((EOFError, http.client.HTTPException, ConnectionError)):
            events.next()
    server.sandbox.start()
    again = Server(server.sandbox)
    with again.events() as events:
        again.do("POST", "/faults", {"kind": "html"})
        assert events.next().kind == "faults"


# -- by itself ------------------------------------------------------------------------------------


def collecting() -> Events:
    events = Events()
    events.collect(collecting=True)
    return events


def kinds(events: Events, position: int = 0) -> list[str]:
    found = events.since(position)
    assert found is not None
    return [line[7:] for line in found[1].decode().splitlines() if line.startswith("event: ")]


def test_while_nobody_reads_nothing_is_kept() -> None:
    """Only that something was missed."""
    events = Events()
    for number in range(100_000):
        events.request_changed(number)
    assert [events.last_id, events.last_id] == [1, 1]
    assert not events.make()


def test_so_many_bytes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest events go first; whoever wants them begins anew."""
    monkeypatch.setattr(_events, "KEPT_BYTES", 10_000)
    events = collecting()
    for number in range(100):
        events.people_changed(str(number), [{"alias": "x" * 500}])
    events.make()
    kept = [found for each in range(100) if (found := events.since(each)) is not None]
    assert 10 < len(kept) < 20
    assert max(len(content) for _, content in kept) <= 10_000


def test_rooms_and_measurements_are_not_told_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times and twice a second; what waits is told together."""
    now = 1000.0
    monkeypatch.setattr(_events, "monotonic", lambda: now)
    events = collecting()
    told = []
    for _ in range(10):
        events.room_changed("a")
        events.measured("a")
        position = events.last_id
        events.make()
        told.append(kinds(events, position))
        now += 0.1
    flat = [kind for each in told for kind in each]
    assert (flat.count("rooms"), flat.count("measurement")) == (4, 2)


def test_measurements_of_one_room_do_not_hold_up_another_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is a room's."""
    monkeypatch.setattr(_events, "monotonic", lambda: 1000.0)
    events = collecting()
    for room in ("a", "b"):
        events.measured(room)
        events.make()
    assert kinds(events) == ["measurement", "measurement"]


def test_who_is_in_a_room_is_told_once_with_the_latest() -> None:
    """However often it changed meanwhile."""
    events = collecting()
    events.people_changed("a", [{"peer": "1"}])
    events.people_changed("a", [])
    events.make()
    found = events.since(0)
    assert found is not None
    assert b'data: {"roomId":"a","people":[]}' in found[1]
    assert kinds(events) == ["people"]


def test_more_than_can_wait_begins_anew() -> None:
    """Whoever reads is told, and memory is bounded."""
    events = collecting()
    for number in range(_events.MAX_WAITING + 5):
        events.room_changed(str(number))
    events.make()
    assert kinds(events) == ["reset", "rooms"]
    found = events.since(1)
    assert found is not None
    told = json.loads(found[1].decode().partition("data: ")[2])
    assert len(told["ids"]) == _events.MAX_WAITING


def test_a_large_batch_is_told_in_parts() -> None:
    """No event holds more than a thousand requests."""
    events = collecting()
    sizes: list[int] = []
    events.read_requests = lambda numbers: sizes.append(len(numbers))
    for number in range(2500):
        events.request_changed(number)
    while events.make():
        pass
    assert sizes == [1000, 1000, 500]


def test_kept_events_are_bounded_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever needs an older one begins anew."""
    monkeypatch.setattr(_events, "KEPT_EVENTS", 3)
    events = collecting()
    for number in range(5):
        events.people_changed(str(number), [])
        events.make()
    assert events.since(1) is None
    assert kinds(events, 2) == ["people"] * 3
    assert events.since(5) == (5, b"")
