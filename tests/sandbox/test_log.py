"""The log of requests."""

from __future__ import annotations

import dataclasses
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.support import ROOMS

if TYPE_CHECKING:
    from tests.sandbox.support import Api


async def test_everything_that_was_sent(api: Api) -> None:
    """A record tells the request as it came, and what was answered."""
    before = time.monotonic()
    answer = await api.call(
        "POST", f"{ROOMS}?a=1&a=%C3%B1&b=", content={"name": "x"}, headers={"X-Mine": "yes"}
    )
    (request,) = api.sandbox.requests
    assert request.number == 1
    assert request.operation == "create"
    assert (request.method, request.path) == ("POST", ROOMS)
    assert request.query == (("a", "1"), ("a", "ñ"), ("b", ""))
    assert request.headers["x-mine"] == "yes"
    assert request.headers["authorization"] == f"Bearer {api.sandbox.api_token}"
    assert request.body == b'{"name": "x"}'
    assert request.json == {"name": "x"}
    assert request.status == 201
    assert request.fault is None
    assert request.processed
    assert request.request_id == answer.headers["x-request-id"]
    assert before <= request.monotonic <= time.monotonic()


async def test_times(api: Api) -> None:
    """One time moves with the sandbox's clock, the other does not."""
    await api.list()
    api.sandbox.advance(timedelta(days=1))
    await api.list()
    first, second = api.sandbox.requests
    assert second.received_at - first.received_at >= timedelta(days=1)
    assert second.monotonic - first.monotonic < 60


async def test_every_operation_has_its_name(api: Api) -> None:
    """The seven operations, and None for what is none."""
    room = f"{ROOMS}/{api.sandbox.add_room()['id']}"
    for method, path in [
        ("POST", ROOMS),
        ("GET", ROOMS),
        ("GET", room),
        ("PATCH", room),
        ("POST", f"{room}/join"),
        ("GET", f"{room}/stats"),
        ("DELETE", room),
        ("PUT", room),
        ("GET", "/"),
    ]:
        await api.call(method, path)
    assert [request.operation for request in api.sandbox.requests] == [
        *("create", "list", "get", "update", "join", "stats", "delete"),
        *(None, None),
    ]


async def test_bodies_that_are_no_json(api: Api) -> None:
    """Json is None where the body is none, and the body is kept."""
    await api.list()
    await api.call("POST", ROOMS, body=b"\xff{")
    assert [request.json for request in api.sandbox.requests] == [None, None]
    assert api.sandbox.requests[1].body == b"\xff{"


async def test_a_sequence(api: Api) -> None:
    """Length, index, slice and iteration work as on a list."""
    for _ in range(3):
        await api.list()
    log = api.sandbox.requests
    assert len(log) == 3
    assert log[-1] is list(log)[2]
    assert [request.number for request in log[1:]] == [2, 3]
    assert log[0] in log


async def test_of_an_operation(api: Api) -> None:
    """The requests of one operation can be picked."""
    await api.create()
    await api.list()
    await api.create()
    assert [request.number for request in api.sandbox.requests.of("create")] == [1, 3]
    unknown: Any = "remove"
    with pytest.raises(ValueError, match="unknown operation 'remove'"):
        api.sandbox.requests.of(unknown)


async def test_clear(api: Api) -> None:
    """What was logged is gone, and numbers go on."""
    await api.list()
    api.sandbox.requests.clear()
    assert not list(api.sandbox.requests)
    await api.list()
    assert [request.number for request in api.sandbox.requests] == [2]


async def test_long_bodies_are_kept_of_fewer_requests(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until they are as long as is kept together; after `clear` it begins anew."""
    monkeypatch.setattr("videsk_rooms._emulator.log.KEPT_BODIES", 250)
    body = {"name": "x" * 80}
    for _ in range(5):
        await api.call("POST", ROOMS, content=body)
    assert [request.number for request in api.sandbox.requests] == [4, 5]
    api.sandbox.requests.clear()
    for _ in range(5):
        await api.call("POST", ROOMS, content=body)
    assert [request.number for request in api.sandbox.requests] == [9, 10]


async def test_the_latest_are_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more requests than are kept the oldest are gone."""
    monkeypatch.setattr("videsk_rooms._emulator.log.KEPT_RECORDS", 3)
    for _ in range(5):
        await api.list()
    assert [request.number for request in api.sandbox.requests] == [3, 4, 5]


async def test_records_do_not_change(api: Api) -> None:
    """A record is a fact."""
    await api.list()
    changed: Any = api.sandbox.requests[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        changed.status = 500


async def test_no_token_in_any_repr(api: Api) -> None:
    """Neither records nor the log nor the sandbox show the token."""
    api.sandbox.faults.status(503)
    await api.create(name="a")
    sandbox = api.sandbox
    shown = repr((sandbox.requests[0], sandbox.requests, sandbox, sandbox.faults, sandbox.tokens))
    assert sandbox.api_token not in shown
    assert repr(sandbox.requests[0]) == (
        "<RequestRecord 1 POST /vpaas/rooms operation=create status=503 fault=status>"
    )
