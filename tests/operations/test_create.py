"""Exactly one room for each create, and what repeating the other calls leaves behind."""

from __future__ import annotations

import asyncio
import json
import pickle
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import pytest

from tests.retrying import FAST, LATE, LOST, UNDONE, UNREADABLE, client, outcome_of
from tests.support import API, ROOM, TOKEN, feathers
from tests.waiting import until
from videsk_rooms import (
    APIError,
    AsyncVidesk,
    AttemptEvent,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DeadlineExceededError,
    Hooks,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    Retry,
    Room,
    ServerError,
    Timeout,
    Videsk,
    VideskError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from aioresponses.core import aioresponses

    from tests.retrying import Fail
    from videsk_rooms._emulator.messages import Operation
    from videsk_rooms.sandbox import RequestRecord, Sandbox

ROOMS = f"{API}/vpaas/rooms"
JSON = {"Content-Type": "application/json"}
EMPTY_PAGE = b'{"total":0,"limit":100,"skip":0,"data":[]}'
TAKEN = feathers(409, "Conflict", "externalId already exists")
HOUR = timedelta(hours=1)
KINDS: tuple[Any, ...] = (
    "status",
    "html",
    "drop-before",
    "drop-after",
    "truncated",
    "garbage",
    "garbage-line",
    "empty",
)
FAILURES = {**LOST, **UNREADABLE, **UNDONE}

own_or_generated = pytest.mark.parametrize("external_id", ["ticket-1", None])
by_listing_or_by_path = pytest.mark.parametrize(
    "on", [pytest.param("list", marks=pytest.mark.videsk_sandbox(external_ids=False)), "get"]
)
every_failure = pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)


def names_sent(creates: tuple[RequestRecord, ...]) -> set[object]:
    """Return every `externalId` that was sent."""
    bodies = [create.json for create in creates]
    return {body["externalId"] for body in bodies if isinstance(body, dict)}


def operations(sandbox: Sandbox) -> list[Operation | None]:
    return [request.operation for request in sandbox.requests]


def is_the_only_one(room: object, sandbox: Sandbox) -> bool:
    """Tell whether it is the sandbox's only room, with a token for a browser."""
    assert isinstance(room, Room)
    return [each["id"] for each in sandbox.rooms] == [room.id] and bool(room.access_token)


def says_how_to_find_out(error: VideskError, external_id: object) -> bool:
    return f"get_by_external_id({external_id!r})" in str(error)


# -- a lost answer --------------------------------------------------------------------------------


@own_or_generated
@every_failure
async def test_a_create_makes_one_room_whatever_becomes_of_its_first_answer(
    sandbox: Sandbox, fast: AsyncVidesk, fail: Fail, external_id: str | None
) -> None:
    """All attempts carry one name, and the room that has it is returned with a token."""
    fail(sandbox, "create")
    room = await fast.rooms.create(external_id=external_id, name="Support")
    creates = sandbox.requests.of("create")
    assert len(creates) == 2
    assert names_sent(creates) == {room.external_id}
    assert len({create.body for create in creates}) == 1
    assert is_the_only_one(room, sandbox)
    assert external_id in {None, room.external_id}


async def test_a_name_that_was_not_given_is_a_random_one(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Generated here, because only a name that is known can be looked up; another each time."""
    rooms = [await fast.rooms.create(), await fast.rooms.create()]
    names = [UUID(room.external_id or "") for room in rooms]
    assert [name.version for name in names] == [4, 4]
    assert len(set(names)) == len(sandbox.rooms) == 2


@own_or_generated
async def test_a_create_makes_one_room_though_all_answers_but_the_last_are_lost(
    sandbox: Sandbox, fast: AsyncVidesk, external_id: str | None
) -> None:
    """Also with the answers to the look-up lost."""
    sandbox.faults.drop("after", on="create", times=3)
    sandbox.faults.drop("after", on="get", times=3)
    room = await fast.rooms.create(external_id=external_id)
    assert operations(sandbox) == ["create"] * 4 + ["get"] * 4
    assert is_the_only_one(room, sandbox)


@pytest.mark.parametrize("process", ["first", "last"])
async def test_a_create_makes_one_room_though_its_first_attempt_took_too_long(
    sandbox: Sandbox, process: Any
) -> None:
    """Whether it was processed before its time was up or afterwards, when nobody waited for it."""
    seconds = LATE if process == "first" else 2.5
    sandbox.faults.delay(seconds, process=process, on="create")
    async with client(sandbox, timeout=Timeout(attempt=1.5)) as videsk:
        room = await videsk.rooms.create(external_id="ticket-1")
        first, second, *_ = (await settled(sandbox)).of("create")
    assert second.status == (409 if process == "first" else 201)
    assert first.processed
    assert is_the_only_one(room, sandbox)


async def settled(sandbox: Sandbox) -> Any:
    """Wait until each request was processed, and return the log."""
    await until(lambda: all(request.processed for request in sandbox.requests))
    return sandbox.requests


async def test_creates_with_names_of_their_own_make_a_room_each(sandbox: Sandbox) -> None:
    """Many at once, a third of their requests failing."""
    sandbox.faults.random(0.3, seed=11, kinds=KINDS)
    async with client(sandbox, retry=Retry(attempts=12, base_delay=0.001)) as videsk:
        rooms = await asyncio.gather(
            *(videsk.rooms.create(external_id=f"ticket-{number}") for number in range(40))
        )
    names = [f"ticket-{number}" for number in range(40)]
    assert [room.external_id for room in rooms] == names
    assert sorted(str(room["externalId"]) for room in sandbox.rooms) == sorted(names)


# -- 409: whose room is it? -----------------------------------------------------------------------


async def test_a_409_at_the_first_attempt_is_a_conflict(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Nothing of this call can be there yet, so nothing is looked up."""
    sandbox.add_room(external_id="ticket-1", name="Support")
    with pytest.raises(ConflictError) as caught:
        await fast.rooms.create(external_id="ticket-1", name="Support")
    assert not caught.value.outcome_unknown
    assert caught.value.external_id == "ticket-1"
    assert operations(sandbox) == ["create"]


@pytest.mark.parametrize("fail", [UNDONE["dropped before"], UNDONE["503"]], ids=["drop", "503"])
@pytest.mark.parametrize("name", ["Support", "Theirs"], ids=["same fields", "other fields"])
async def test_a_room_that_was_there_before_is_not_taken_for_ours(
    sandbox: Sandbox, fast: AsyncVidesk, fail: Fail, name: str
) -> None:
    """Though an attempt was lost: it is older than the call."""
    sandbox.add_room(external_id="ticket-1", name=name, created_at=sandbox.now - HOUR)
    fail(sandbox, "create")
    with pytest.raises(ConflictError) as caught:
        await fast.rooms.create(external_id="ticket-1", name="Support")
    assert not caught.value.outcome_unknown
    assert operations(sandbox) == ["create", "create", "get"]


@pytest.mark.parametrize("age", [timedelta(), timedelta(seconds=30), timedelta(minutes=4)])
async def test_a_new_room_with_other_fields_may_be_anybodys(
    sandbox: Sandbox, fast: AsyncVidesk, age: timedelta
) -> None:
    """Somebody else was quicker, or it is ours and the server changed what it was sent."""
    sandbox.add_room(external_id="ticket-1", name="Theirs", created_at=sandbox.now - age)
    sandbox.faults.drop("before", on="create")
    with pytest.raises(OutcomeUnknownError, match="it is unknown whether") as caught:
        await fast.rooms.create(external_id="ticket-1", name="Ours")
    assert caught.value.external_id == "ticket-1"
    assert len(caught.value.attempts) == 2
    assert says_how_to_find_out(caught.value, "ticket-1")


def to_seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


SOON = (datetime.now(timezone.utc) + HOUR).replace(microsecond=123_000)
CHANGED_BY_THE_SERVER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "name trimmed": ({"name": " Support "}, {"name": "Support"}),
    "exp cut to seconds": ({"exp": SOON}, {"exp": to_seconds(SOON)}),
    "exp clamped": ({"exp": SOON + HOUR}, {"exp": to_seconds(SOON)}),
    "nbf cut to seconds": ({"nbf": SOON}, {"nbf": to_seconds(SOON)}),
    "setting dropped": ({"settings": {"a": 1, "b": 2}}, {"settings": {"a": 1}}),
    "setting coerced": ({"settings": {"a": 1}}, {"settings": {"a": "1"}}),
}


@pytest.mark.parametrize(
    ("asked", "made"), CHANGED_BY_THE_SERVER.values(), ids=CHANGED_BY_THE_SERVER
)
async def test_a_room_that_the_server_changed_is_not_called_somebody_elses(
    wire: aioresponses, unlucky: AsyncVidesk, asked: dict[str, Any], made: dict[str, Any]
) -> None:
    """It is this call's own; an error that ruled that out would leave it behind unseen."""
    found = {"id": ROOM["id"], "externalId": "ticket-1", "accessToken": "a.b.c", **made}
    wire.get(f"{ROOMS}/ticket-1", payload=found)
    with pytest.raises(OutcomeUnknownError, match="it is unknown whether"):
        await unlucky.rooms.create(external_id="ticket-1", **asked)


@pytest.mark.parametrize("ahead", [5, 30, 120])
async def test_a_date_that_is_ahead_makes_our_room_nobody_elses(
    sandbox: Sandbox, fast: AsyncVidesk, ahead: int
) -> None:
    """Whoever dates the answer may be another machine than whoever makes the room."""
    date = format_datetime(sandbox.now + timedelta(seconds=ahead), usegmt=True)
    sandbox.faults.drop("after", on="create")
    sandbox.faults.answer(409, headers={**JSON, "Date": date}, body=TAKEN, on="create")
    with pytest.raises(OutcomeUnknownError) as caught:
        await fast.rooms.create(external_id="ticket-1", name="Support")
    assert caught.value.external_id == sandbox.rooms[0]["externalId"]


async def test_two_creates_that_ask_for_the_same_cannot_be_told_apart(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """They share the room: there is one for the name, and both callers know it."""
    sandbox.faults.drop("after", on="create", times=2)
    first, second = await asyncio.gather(
        *(fast.rooms.create(external_id="ticket-1", name="Support") for _ in range(2))
    )
    assert first.id == second.id
    assert is_the_only_one(first, sandbox)


async def test_a_slow_look_up_makes_nobody_elses_room_ours(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """What counts is how long the creating took, not how long the looking."""
    before = sandbox.now - timedelta(seconds=5.5)
    sandbox.add_room(external_id="ticket-1", name="Support", created_at=before)
    sandbox.faults.drop("before", on="create")
    sandbox.faults.delay(4.0, on="get")
    with pytest.raises(OutcomeUnknownError):
        await fast.rooms.create(external_id="ticket-1", name="Support")


@pytest.mark.parametrize(("name", "ours"), [("Support", True), ("Theirs", False)])
async def test_a_room_without_its_time_is_told_by_its_fields(
    sandbox: Sandbox, fast: AsyncVidesk, name: str, *, ours: bool
) -> None:
    """Any field but `id` may be absent (docs/api.md, "Objects")."""
    sandbox.add_room(external_id="ticket-1", name=name, without=["createdAt", "updatedAt"])
    sandbox.faults.drop("before", on="create")
    outcome = await outcome_of(fast.rooms.create(external_id="ticket-1", name="Support"))
    assert isinstance(outcome, Room if ours else OutcomeUnknownError)


async def test_a_generated_name_belongs_to_nobody_else(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """So a 409 at the first attempt means that a proxy sent it twice: the room is ours."""
    sandbox.faults.answer(409, headers=JSON, body=TAKEN, processed=True, on="create")
    room = await fast.rooms.create(name="Support")
    assert operations(sandbox) == ["create", "get"]
    assert is_the_only_one(room, sandbox)


async def test_a_generated_name_is_enough_to_know_the_room_by(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Whatever it says of itself by now."""

    async def rename(event: AttemptEvent) -> None:
        if event.attempt.number == 1:
            await fast.rooms.update(str(sandbox.rooms[0]["id"]), name="Renamed")

    sandbox.faults.drop("after", on="create")
    async with client(sandbox, hooks=Hooks(on_attempt=rename)) as videsk:
        room = await videsk.rooms.create(name="Support")
    assert room.name == "Renamed"
    assert is_the_only_one(room, sandbox)


ASKED: dict[str, Any] = {
    "external_id": "standup-2024-08-14",
    "name": "Standup",
    "settings": {"maxParticipants": 10, "layout": {"columns": [1, 2], "dark": None}},
}
FOUND: dict[str, Any] = {
    **ROOM,
    "name": "Standup",
    "settings": {"maxParticipants": 10, "layout": {"columns": [1, 2], "dark": None}},
}
SETTINGS: dict[str, Any] = FOUND["settings"]


@pytest.fixture
async def unlucky(wire: aioresponses) -> AsyncIterator[AsyncVidesk]:
    """A client whose first create is lost, and whose second is told 409, without a `Date`."""
    wire.post(ROOMS, exception=aiohttp.ServerDisconnectedError())
    wire.post(ROOMS, status=409, body=TAKEN, content_type="application/json")
    async with AsyncVidesk(TOKEN, base_url=API, retry=FAST, rate_limit=None) as videsk:
        yield videsk


@pytest.mark.parametrize(
    ("change", "ours"),
    [
        ({}, True),
        ({"createdAt": "1999-01-01T00:00:00.000Z"}, True),
        ({"exp": "2042-08-14T18:00:00.000Z", "nbf": "2042-08-14T15:00:00.000Z"}, True),
        ({"name": None, "settings": None}, True),
        ({"settings": {**SETTINGS, "recordingEnabled": True}}, True),
        ({"settings": {**SETTINGS, "layout": {**SETTINGS["layout"], "rows": 3}}}, True),
        ({"settings": {**SETTINGS, "maxParticipants": 10.0}}, True),
        ({"name": "standup"}, False),
        ({"settings": {}}, False),
        ({"settings": {**SETTINGS, "maxParticipants": 11}}, False),
        ({"settings": {**SETTINGS, "layout": {"columns": [2, 1], "dark": None}}}, False),
        ({"settings": {**SETTINGS, "layout": {"columns": [1, 2]}}}, False),
        ({"settings": {**SETTINGS, "layout": [1, 2]}}, False),
    ],
)
async def test_a_room_is_ours_if_it_says_all_that_was_asked_for(
    wire: aioresponses, unlucky: AsyncVidesk, change: Mapping[str, object], *, ours: bool
) -> None:
    """What the server adds, and what it leaves out, speaks neither for nor against it.

    Without a `Date` in the 409 its age cannot be told, for our clock need not be the server's.
    """
    found = {name: value for name, value in {**FOUND, **change}.items() if value is not None}
    wire.get(f"{ROOMS}/{ASKED['external_id']}", payload={**found, "accessToken": "a.b.c"})
    outcome = await outcome_of(unlucky.rooms.create(**ASKED))
    if ours:
        assert isinstance(outcome, Room)
        assert (outcome.id, outcome.access_token) == (ROOM["id"], "a.b.c")
    else:
        assert isinstance(outcome, OutcomeUnknownError)


@pytest.mark.parametrize(("field", "ours"), [("exp", False), ("nbf", False), (None, True)])
async def test_a_room_is_ours_if_it_has_the_times_that_were_asked_for(
    sandbox: Sandbox, fast: AsyncVidesk, field: str | None, *, ours: bool
) -> None:
    """Reckoned from now once a call, not once an attempt; to the millisecond, as on the wire."""
    now = datetime.now(timezone.utc)
    times: dict[str, Any] = {"nbf": now + HOUR, "exp": now + 2 * HOUR}
    there = dict(times)
    if field is not None:
        there[field] += timedelta(milliseconds=2)
    sandbox.add_room(external_id="ticket-1", **there)
    sandbox.faults.drop("before", on="create")
    outcome = await outcome_of(fast.rooms.create(external_id="ticket-1", **times))
    assert isinstance(outcome, Room if ours else OutcomeUnknownError)


@pytest.mark.parametrize("date", ["yesterday", "Thu, 14 Aug 99999999999999999999 12:00:00 GMT"])
async def test_a_409_with_an_unreadable_date_is_settled_by_the_fields(
    sandbox: Sandbox, fast: AsyncVidesk, date: str
) -> None:
    """The room's age cannot be told, and the rest fits."""
    sandbox.faults.drop("after", on="create")
    sandbox.faults.answer(409, headers={**JSON, "Date": date}, body=TAKEN, on="create")
    assert is_the_only_one(await fast.rooms.create(external_id="ticket-1"), sandbox)


@pytest.mark.parametrize(("pause", "later"), [("0", 2), ("1", 3)])
async def test_a_room_that_is_older_than_its_409_is_ours_all_the_same(
    sandbox: Sandbox, fast: AsyncVidesk, pause: str, later: int
) -> None:
    """By as long as the create took, and by a little more: two machines may tell the two times."""
    date = format_datetime(sandbox.now + timedelta(seconds=later), usegmt=True)
    sandbox.faults.status(503, headers={"Retry-After": pause}, processed=True, on="create")
    sandbox.faults.answer(409, headers={**JSON, "Date": date}, body=TAKEN, on="create")
    assert is_the_only_one(await fast.rooms.create(external_id="ticket-1"), sandbox)


# -- the look-up ----------------------------------------------------------------------------------


async def test_a_room_that_is_listed_late_is_waited_for(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """A listing may be answered by another database node than the write."""
    sandbox.faults.drop("after", on="create")
    sandbox.faults.status(404, on="get", times=2)
    sandbox.faults.answer(200, headers=JSON, body=EMPTY_PAGE, on="list", times=2)
    room = await fast.rooms.create(external_id="ticket-1")
    assert operations(sandbox) == ["create", "create", *(["get", "list"] * 2), "get"]
    assert is_the_only_one(room, sandbox)


@pytest.mark.videsk_sandbox(external_ids=False)
@own_or_generated
async def test_a_room_that_no_path_leads_to_is_found_in_the_listing(
    sandbox: Sandbox, fast: AsyncVidesk, external_id: str | None
) -> None:
    """And has a token: what has none there is asked for one."""
    sandbox.faults.drop("after", on="create")
    room = await fast.rooms.create(external_id=external_id)
    assert operations(sandbox) == ["create", "create", "get", "list", "get"]
    assert is_the_only_one(room, sandbox)


async def test_a_404_is_not_the_last_word_on_a_room_that_is_there(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """A 409 says that the room exists, so the listing is asked as well in the end."""
    sandbox.add_room(external_id="ticket-0")
    await fast.rooms.get_by_external_id("ticket-0")  # the server takes external ids
    sandbox.faults.drop("after", on="create")
    sandbox.faults.status(404, on="get", times=3)
    room = await fast.rooms.create(external_id="ticket-1")
    asked = ["create", "create", "get", "get", "get", "list", "get"]
    assert operations(sandbox)[1:] == asked
    assert room.access_token


@own_or_generated
async def test_a_room_that_is_not_found_after_a_409_is_unknown(
    sandbox: Sandbox, fast: AsyncVidesk, external_id: str | None
) -> None:
    """Deleted since, or listed very late: a conflict with somebody else it is not known to be."""
    sandbox.faults.drop("before", on="create")
    sandbox.faults.answer(409, headers=JSON, body=TAKEN, on="create")
    with pytest.raises(OutcomeUnknownError) as caught:
        await fast.rooms.create(external_id=external_id)
    assert isinstance(caught.value.__cause__, NotFoundError)
    assert {caught.value.external_id} == names_sent(sandbox.requests.of("create"))
    assert says_how_to_find_out(caught.value, caught.value.external_id)


async def test_a_room_that_is_gone_between_look_up_and_get_is_unknown(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """It was listed a moment ago."""
    sandbox.faults.drop("after", on="create")
    sandbox.faults.status(404, on="get", times=None)
    with pytest.raises(OutcomeUnknownError) as caught:
        await fast.rooms.create(external_id="ticket-1")
    assert isinstance(caught.value.__cause__, NotFoundError)


@own_or_generated
@by_listing_or_by_path
@pytest.mark.parametrize(
    ("fail", "cause"),
    [
        (lambda sandbox, on: sandbox.faults.status(403, on=on), PermissionDeniedError),
        (lambda sandbox, on: sandbox.faults.status(503, on=on, times=None), ServerError),
        (lambda sandbox, on: sandbox.faults.drop(on=on, times=None), VideskError),
        (lambda sandbox, on: sandbox.faults.garbage(on=on, times=None), ResponseError),
    ],
    ids=["403", "503", "drop", "garbage"],
)
async def test_a_look_up_that_fails_leaves_the_outcome_unknown(
    sandbox: Sandbox,
    fast: AsyncVidesk,
    fail: Fail,
    on: Operation,
    cause: type[VideskError],
    *,
    external_id: str | None,
) -> None:
    """The error names the room to look up later, and why it could not be done now."""
    sandbox.faults.drop("after", on="create")
    fail(sandbox, on)
    with pytest.raises(OutcomeUnknownError) as caught:
        await fast.rooms.create(external_id=external_id)
    error = caught.value
    numbers = [attempt.number for attempt in error.attempts]
    assert numbers == list(range(1, len(numbers) + 1))
    assert isinstance(error.__cause__, cause)
    assert error.outcome_unknown
    assert [error.external_id] == [room["externalId"] for room in sandbox.rooms]
    assert says_how_to_find_out(error, error.external_id)
    sandbox.faults.clear()
    found = await fast.rooms.get_by_external_id(str(error.external_id))
    assert found.id == sandbox.rooms[0]["id"]


# -- the time is up -------------------------------------------------------------------------------


@own_or_generated
async def test_a_create_out_of_time_tells_the_name_to_find_the_room_by(
    sandbox: Sandbox, fast: AsyncVidesk, external_id: str | None
) -> None:
    """Found again by look-up or by `get_or_create`; created again it is a conflict, no second."""
    await fast.rooms.list()
    sandbox.faults.delay(LATE, on="create")
    with pytest.raises(OutcomeUnknownError) as caught:
        await fast.with_options(timeout=1.0).rooms.create(external_id=external_id)
    error = caught.value
    assert isinstance(error, DeadlineExceededError)
    name = str(error.external_id)
    assert says_how_to_find_out(error, name)
    room = await fast.rooms.get_by_external_id(name)
    assert is_the_only_one(await fast.rooms.get_or_create(name), sandbox)
    with pytest.raises(ConflictError):
        await fast.rooms.create(external_id=name)
    assert [each["id"] for each in sandbox.rooms] == [room.id]


async def test_a_create_that_was_never_processed_is_made_up_for(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """The outcome was unknown, and this was it: trying again with the same name makes the room."""
    sandbox.faults.drop("before", on="create", times=4)
    with pytest.raises(OutcomeUnknownError) as caught:
        await fast.rooms.create(name="Support")
    name = str(caught.value.external_id)
    with pytest.raises(NotFoundError):
        await fast.rooms.get_by_external_id(name)
    assert is_the_only_one(await fast.rooms.create(name="Support", external_id=name), sandbox)


@by_listing_or_by_path
async def test_the_time_may_be_up_within_the_look_up(
    sandbox: Sandbox, fast: AsyncVidesk, on: Operation
) -> None:
    """One deadline for the whole call; the error is a time-out and an unknown outcome."""
    sandbox.faults.status(503, headers={"Retry-After": "1"}, processed=True, on="create")
    sandbox.faults.delay(LATE, on=on, times=None)
    with pytest.raises(OutcomeUnknownError) as caught:
        await fast.with_options(timeout=2.5).rooms.create(external_id="ticket-1")
    assert isinstance(caught.value, DeadlineExceededError)
    assert caught.value.external_id == "ticket-1"
    assert caught.value.attempts[-1].duration < 2.5  # it had what the create had left


# -- every error of a create ----------------------------------------------------------------------

LAST_WORDS: dict[str, tuple[Callable[[Sandbox], object], type[VideskError], bool]] = {
    "400": (lambda sandbox: sandbox.faults.status(400), BadRequestError, False),
    "401": (lambda sandbox: sandbox.faults.status(401), AuthenticationError, False),
    "403": (lambda sandbox: sandbox.faults.status(403, html=True), PermissionDeniedError, False),
    "404": (lambda sandbox: sandbox.faults.status(404), NotFoundError, False),
    "422": (lambda sandbox: sandbox.faults.status(422), APIError, False),
    "429": (lambda sandbox: sandbox.faults.status(429), RateLimitError, False),
    "429 for long": (
        lambda sandbox: sandbox.faults.status(429, headers={"Retry-After": "3600"}),
        RateLimitError,
        False,
    ),
    "redirect": (
        lambda sandbox: sandbox.faults.answer(302, headers={"Location": "/"}),
        ResponseError,
        False,
    ),
    "503": (lambda sandbox: sandbox.faults.status(503), ServerError, True),
    "501": (lambda sandbox: sandbox.faults.status(501), ServerError, True),
    "408": (lambda sandbox: sandbox.faults.status(408), APIError, True),
    "garbage": (lambda sandbox: sandbox.faults.garbage(), ResponseError, True),
    "enormous": (lambda sandbox: sandbox.faults.enormous(), ResponseError, True),
    "drop": (lambda sandbox: sandbox.faults.drop(), OutcomeUnknownError, True),
}
every_last_word = pytest.mark.parametrize(
    ("fail", "kind", "doubtful"), LAST_WORDS.values(), ids=LAST_WORDS
)


@own_or_generated
@every_last_word
async def test_each_error_of_a_create_tells_whether_a_room_may_be_there(
    sandbox: Sandbox,
    external_id: str | None,
    fail: Callable[[Sandbox], object],
    kind: type[VideskError],
    *,
    doubtful: bool,
) -> None:
    """And by which name, in any case."""
    fail(sandbox)
    async with client(sandbox, retry=Retry(attempts=1)) as videsk:
        with pytest.raises(kind) as caught:
            await videsk.rooms.create(external_id=external_id)
    error = caught.value
    assert {error.external_id} == names_sent(sandbox.requests.of("create"))
    assert error.outcome_unknown is doubtful
    assert says_how_to_find_out(error, error.external_id) is doubtful


@own_or_generated
@every_last_word
async def test_no_later_answer_settles_what_became_of_a_lost_attempt(
    sandbox: Sandbox,
    external_id: str | None,
    fail: Callable[[Sandbox], object],
    kind: type[VideskError],
    *,
    doubtful: bool,
) -> None:
    """Whatever the second attempt is told, the first one made the room."""
    sandbox.faults.drop("after")
    fail(sandbox)
    async with client(sandbox, retry=Retry(attempts=2, base_delay=0.01)) as videsk:
        with pytest.raises(kind) as caught:
            await videsk.rooms.create(external_id=external_id)
    error = pickle.loads(pickle.dumps(caught.value))
    assert [error.external_id] == [room["externalId"] for room in sandbox.rooms]
    assert error.outcome_unknown
    assert says_how_to_find_out(error, error.external_id)
    assert len(error.attempts) == 2


# -- get_or_create --------------------------------------------------------------------------------


async def test_get_or_create_returns_the_room_that_is_there(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """As it is, with a token, and without asking for another."""
    there = sandbox.add_room(external_id="ticket-1", name="Theirs")
    room = await fast.rooms.get_or_create("ticket-1", name="Ours", settings={"a": 1})
    assert (room.id, room.name) == (there["id"], "Theirs")
    assert is_the_only_one(room, sandbox)
    assert operations(sandbox) == ["get"]


async def test_get_or_create_makes_the_room_that_is_not_there(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """With all that was asked for."""
    room = await fast.rooms.get_or_create("ticket-1", name="Ours", settings={"a": 1})
    assert (room.external_id, room.name, room.settings) == ("ticket-1", "Ours", {"a": 1})
    assert is_the_only_one(room, sandbox)
    assert operations(sandbox) == ["get", "list", "create"]


async def test_get_or_create_needs_no_listing_where_the_path_takes_external_ids(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """A 404 is the last word there: two requests for a new room, one for one that exists."""
    sandbox.add_room(external_id="ticket-0")
    await fast.rooms.get_by_external_id("ticket-0")
    for _ in range(2):
        room = await fast.rooms.get_or_create("ticket-1")
        assert room.access_token
    assert operations(sandbox)[1:] == ["get", "create", "get"]


async def test_get_or_create_returns_a_room_that_has_ended(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Its name is taken; that it is over, the caller sees."""
    sandbox.add_room(external_id="ticket-1", exp=sandbox.now - HOUR, nbf=sandbox.now - 2 * HOUR)
    room = await fast.rooms.get_or_create("ticket-1")
    assert room.ended
    assert is_the_only_one(room, sandbox)


@every_failure
@pytest.mark.parametrize("on", ["get", "list", "create"])
async def test_get_or_create_survives_a_failure(
    sandbox: Sandbox, fast: AsyncVidesk, fail: Fail, on: Operation
) -> None:
    """Of the look-up as of the create."""
    fail(sandbox, on)
    assert is_the_only_one(await fast.rooms.get_or_create("ticket-1"), sandbox)


async def test_get_or_create_gives_fifty_callers_one_room(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """All at once on one client: one makes it, the others find it."""
    rooms = await asyncio.gather(*(fast.rooms.get_or_create("ticket-1") for _ in range(50)))
    assert len({room.id for room in rooms}) == 1
    assert all(room.access_token for room in rooms)
    assert is_the_only_one(rooms[0], sandbox)


async def test_get_or_create_gives_both_faces_one_room_under_faults(sandbox: Sandbox) -> None:
    """Threads and tasks, while a third of all requests fail."""
    sandbox.faults.random(0.3, seed=5, kinds=KINDS)
    retry = Retry(attempts=15, base_delay=0.001)
    with Videsk(
        sandbox.api_token, base_url=sandbox.url, retry=retry, rate_limit=None, timeout=LATE
    ) as blocking:
        async with client(sandbox, retry=retry, timeout=LATE) as awaited:
            rooms = await asyncio.gather(
                *(awaited.rooms.get_or_create("ticket-1", name="Ours") for _ in range(25)),
                *(
                    asyncio.to_thread(blocking.rooms.get_or_create, "ticket-1", name="Ours")
                    for _ in range(8)
                ),
            )
    assert len({room.id for room in rooms}) == 1
    assert all(room.access_token for room in rooms)
    assert is_the_only_one(rooms[0], sandbox)


async def test_get_or_create_makes_a_new_room_when_the_old_one_is_gone_meanwhile(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Listed, and not there when it is asked for."""
    gone = {"total": 1, "limit": 100, "skip": 0, "data": [{**ROOM, "externalId": "ticket-1"}]}
    sandbox.faults.answer(200, headers=JSON, body=json.dumps(gone).encode(), on="list")
    room = await fast.rooms.get_or_create("ticket-1")
    assert operations(sandbox) == ["get", "list", "get", "create"]
    assert is_the_only_one(room, sandbox)


async def test_get_or_create_waits_for_the_winners_room_to_be_listed(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Whoever loses the race finds it, though reads lag behind."""
    there = sandbox.add_room(external_id="ticket-1", created_at=sandbox.now - HOUR)
    sandbox.faults.status(404, on="get", times=3)
    sandbox.faults.answer(200, headers=JSON, body=EMPTY_PAGE, on="list", times=3)
    room = await fast.rooms.get_or_create("ticket-1")
    assert room.id == there["id"]
    looking = ["get", "list"]
    assert operations(sandbox) == [*looking, "create", *looking, *looking, "get"]


async def test_get_or_create_gives_up_on_a_name_that_comes_and_goes(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """Taken whenever it is to be created, absent whenever it is looked up."""
    sandbox.add_room(external_id="ticket-1")
    sandbox.faults.status(404, on="get", times=None)
    sandbox.faults.answer(200, headers=JSON, body=EMPTY_PAGE, on="list", times=None)
    with pytest.raises(ConflictError, match="found no room, each time: choose another") as caught:
        await fast.rooms.get_or_create("ticket-1")
    assert caught.value.external_id == "ticket-1"
    assert len(sandbox.requests.of("create")) == 4


# -- repeating the others -------------------------------------------------------------------------


@pytest.mark.videsk_sandbox(deletion=True)
@pytest.mark.parametrize("fail", LOST.values(), ids=LOST)
async def test_a_repeated_delete_that_finds_nothing_has_succeeded(
    sandbox: Sandbox, fast: AsyncVidesk, fail: Fail
) -> None:
    """Its first attempt was it."""
    room = sandbox.add_room()
    fail(sandbox, "delete")
    await fast.rooms.delete(str(room["id"]))
    assert [request.status for request in sandbox.requests][1:] == [404]
    assert sandbox.rooms == ()


@pytest.mark.videsk_sandbox(deletion=True)
@pytest.mark.parametrize("name", [None, "429"])
async def test_a_delete_of_nothing_is_an_error(
    sandbox: Sandbox, fast: AsyncVidesk, name: str | None
) -> None:
    """When nothing of it was processed before, it deleted nothing."""
    if name is not None:
        UNDONE[name](sandbox, "delete")
    with pytest.raises(NotFoundError) as caught:
        await fast.rooms.delete(str(ROOM["id"]))
    assert not caught.value.outcome_unknown


async def test_a_repeated_update_changes_nothing_more(sandbox: Sandbox, fast: AsyncVidesk) -> None:
    """Also of the name that is unique: a room is in no conflict with itself."""
    room = sandbox.add_room(external_id="ticket-1", name="Support")
    sandbox.faults.drop("after", on="update", times=2)
    updated = await fast.rooms.update(str(room["id"]), external_id="ticket-2", name="Moved")
    assert (updated.external_id, updated.name) == ("ticket-2", "Moved")
    assert len(sandbox.requests.of("update")) == 3
    assert [each["id"] for each in sandbox.rooms] == [updated.id]


async def test_a_repeated_join_leaves_an_authorization_for_each_attempt(
    sandbox: Sandbox, fast: AsyncVidesk
) -> None:
    """The token of the lost answer was issued, and nobody has it; ours is the last one."""
    room = sandbox.add_room()
    sandbox.faults.drop("after", on="join")
    access = await fast.rooms.join(str(room["id"]))
    left = sandbox.rooms[0]["authorizations"]
    assert isinstance(left, list)
    assert len(left) == 2
    assert left[-1]["jti"] == access.jti
