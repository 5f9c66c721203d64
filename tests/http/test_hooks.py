"""Hooks: what they are told, in which order, and that they harm no call."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from tests.inside import nothing_is_left
from tests.retrying import FAST, ID, LATE, client
from videsk_rooms import (
    AsyncVidesk,
    AttemptEvent,
    ClosedError,
    ConfigurationError,
    DeadlineExceededError,
    Hooks,
    NotFoundError,
    PaceEvent,
    RateLimit,
    RetryEvent,
    ServerError,
    Videsk,
    VideskError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms.sandbox import Sandbox

Event = AttemptEvent | RetryEvent | PaceEvent
ONE_AT_A_TIME = RateLimit(requests=1, per=0.2)


class Diary:
    """Hooks that write down what they are told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.threads: set[int] = set()

    def note(self, event: Event) -> None:
        self.events.append(event)
        self.threads.add(threading.get_ident())

    async def note_later(self, event: Event) -> None:
        await asyncio.sleep(0)
        self.note(event)

    def hooks(self, *, awaited: bool = False) -> Hooks:
        hook: Any = self.note_later if awaited else self.note
        return Hooks(on_attempt=hook, on_retry=hook, on_pace=hook)

    @property
    def kinds(self) -> list[type[Event]]:
        return [type(event) for event in self.events]


plain_or_awaited = pytest.mark.parametrize("awaited", [False, True], ids=["plain", "async"])


@plain_or_awaited
async def test_hooks_are_told_of_a_call_as_it_goes_on(sandbox: Sandbox, *, awaited: bool) -> None:
    """An attempt, the pause after it, the wait for the rate limit, the next attempt."""
    diary = Diary()
    sandbox.faults.status(503)
    async with client(
        sandbox, rate_limit=ONE_AT_A_TIME, hooks=diary.hooks(awaited=awaited)
    ) as videsk:
        await videsk.rooms.list(external_id="ticket-1")
    assert diary.kinds == [AttemptEvent, RetryEvent, PaceEvent, AttemptEvent]
    assert {(event.operation, event.method, event.path) for event in diary.events} == {
        ("rooms.list", "GET", "/vpaas/rooms")
    }
    first, retry, pace, second = diary.events
    assert isinstance(first, AttemptEvent)
    assert isinstance(retry, RetryEvent)
    assert isinstance(pace, PaceEvent)
    assert isinstance(second, AttemptEvent)
    assert (first.attempt.number, first.attempt.status) == (1, 503)
    assert retry.attempt == first.attempt
    assert 0 <= retry.pause <= FAST.base_delay
    assert 0 < pace.waited < LATE
    assert (second.attempt.number, second.attempt.status) == (2, 200)
    assert second.attempt.delay >= retry.pause + pace.waited


async def test_a_call_that_goes_well_is_one_attempt_and_nothing_else(sandbox: Sandbox) -> None:
    """Who has not waited was not paced."""
    diary = Diary()
    async with client(sandbox, rate_limit=RateLimit(requests=100), hooks=diary.hooks()) as videsk:
        response = await videsk.request("get", "/vpaas/rooms", query={"$limit": 1})
    (event,) = diary.events
    assert isinstance(event, AttemptEvent)
    assert (event.operation, event.path) == ("request", "/vpaas/rooms")
    assert (event.attempt,) == response.attempts


async def test_the_attempt_of_a_call_that_fails_is_told_too(sandbox: Sandbox) -> None:
    """The same as in the error; there is no pause after the last one."""
    diary = Diary()
    sandbox.faults.drop("after")
    async with client(sandbox, hooks=diary.hooks()) as videsk:
        with pytest.raises(NotFoundError) as caught:
            await videsk.rooms.get(ID)
    assert diary.kinds == [AttemptEvent, RetryEvent, AttemptEvent]
    told = [event.attempt for event in diary.events if isinstance(event, AttemptEvent)]
    assert tuple(told) == caught.value.attempts
    assert told[0].error is not None
    assert diary.events[0].path == f"/vpaas/rooms/{ID}"


async def test_all_requests_of_a_call_are_told(sandbox: Sandbox) -> None:
    """A create that looks its room up tells of that as well."""
    diary = Diary()
    sandbox.faults.drop("after", on="create")
    async with client(sandbox, hooks=diary.hooks()) as videsk:
        await videsk.rooms.create(external_id="ticket-1")
    assert [event.operation for event in diary.events if isinstance(event, AttemptEvent)] == [
        "rooms.create",
        "rooms.create",
        "rooms.get_by_external_id",
    ]


async def test_an_external_id_in_a_path_is_not_told(sandbox: Sandbox) -> None:
    """It may name a person: hooks are told the template in its place."""
    diary = Diary()
    sandbox.add_room(external_id="ana.perez")
    sandbox.faults.drop("after", on="get")
    async with client(sandbox, hooks=diary.hooks()) as videsk:
        await videsk.rooms.get_by_external_id("ana.perez")
    assert [event.path for event in diary.events] == ["/vpaas/rooms/{roomId}"] * 3


async def test_events_are_plain_data(sandbox: Sandbox) -> None:
    """They hold neither the token nor a body nor a query, and cannot be changed."""
    diary = Diary()
    sandbox.faults.status(503)
    async with client(sandbox, rate_limit=ONE_AT_A_TIME, hooks=diary.hooks()) as videsk:
        await videsk.rooms.create(name="Confidential", external_id="ticket-1")
        await videsk.rooms.list(external_id="ticket-1")
    assert set(diary.kinds) == {AttemptEvent, RetryEvent, PaceEvent}
    for event in diary.events:
        text = repr(attrs.asdict(event))
        assert not [
            each for each in (sandbox.api_token, "Confidential", "ticket-1") if each in text
        ]
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            event.path = "/elsewhere"  # type: ignore[misc]  # which is the point


@pytest.mark.parametrize("name", ["on_attempt", "on_retry", "on_pace"])
@plain_or_awaited
async def test_a_hook_that_fails_is_logged_and_harms_no_call(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, name: str, *, awaited: bool
) -> None:
    """Whatever it raises, the call goes on."""

    def fail(_: Event) -> None:
        raise LookupError("a mistake of the hook")

    async def fail_later(event: Event) -> None:
        fail(event)

    hooks = Hooks(**{name: fail_later if awaited else fail})
    sandbox.faults.status(503)
    async with client(sandbox, rate_limit=ONE_AT_A_TIME, hooks=hooks) as videsk:
        assert (await videsk.rooms.list()).total == 0
        nothing_is_left(videsk)
    records = [record for record in caplog.records if record.name == "videsk_rooms"]
    assert {record.levelno for record in records} == {logging.WARNING}
    assert len(records) == (2 if name == "on_attempt" else 1)
    assert "a hook failed" in records[0].getMessage()
    assert records[0].exc_info is not None
    assert isinstance(records[0].exc_info[1], LookupError)


def cancelled_plainly(_: Event) -> None:
    raise asyncio.CancelledError


async def cancelled_itself(_: Event) -> None:
    raise asyncio.CancelledError


async def cancelled_within(_: Event) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


@pytest.mark.parametrize("hook", [cancelled_plainly, cancelled_itself, cancelled_within])
@pytest.mark.parametrize("name", ["on_attempt", "on_retry", "on_pace"])
async def test_a_hook_that_is_cancelled_has_failed_and_cancels_no_call(
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    name: str,
    hook: Callable[[Any], Any],
) -> None:
    """A `CancelledError` that is no cancellation of the caller's task is logged like any other."""
    sandbox.faults.status(503)
    async with client(sandbox, rate_limit=ONE_AT_A_TIME, hooks=Hooks(**{name: hook})) as videsk:
        assert (await videsk.rooms.create(name="Support")).name == "Support"
        nothing_is_left(videsk)
    records = [record for record in caplog.records if record.name == "videsk_rooms"]
    assert len(records) == (2 if name == "on_attempt" else 1)
    assert "a hook failed" in records[0].getMessage()


@pytest.mark.parametrize("name", ["on_attempt", "on_retry", "on_pace"])
async def test_whoever_cancels_a_call_in_a_hook_has_cancelled_it(
    sandbox: Sandbox, name: str
) -> None:
    """The hook ends with the call, and nothing is left."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang(_: Event) -> None:
        begun.set()
        try:
            await asyncio.sleep(LATE)
        finally:
            ended.set()

    sandbox.faults.status(503)
    async with client(sandbox, rate_limit=ONE_AT_A_TIME, hooks=Hooks(**{name: hang})) as videsk:
        call = asyncio.ensure_future(videsk.rooms.list())
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert ended.is_set()
        nothing_is_left(videsk)


async def test_a_hook_that_resists_its_cancellation_is_cancelled_again(sandbox: Sandbox) -> None:
    """As often as it takes: the call ends with its time all the same."""
    cancelled = 0

    async def resist(_: Event) -> None:
        nonlocal cancelled
        while cancelled < 2:
            with contextlib.suppress(asyncio.CancelledError):
                cancelled += 1
                await asyncio.sleep(LATE)

    async with client(sandbox, timeout=0.3, hooks=Hooks(on_attempt=resist)) as videsk:
        await videsk.rooms.list()
    assert cancelled == 2


class NotMeantForAnybodyError(BaseException):
    """What no `except Exception` catches."""


@pytest.mark.parametrize("name", ["on_attempt", "on_retry", "on_pace"])
async def test_what_is_no_exception_passes_through_a_hook(sandbox: Sandbox, name: str) -> None:
    """Such as an interrupt; and even then nothing is left behind."""

    def interrupt(_: Event) -> None:
        raise NotMeantForAnybodyError

    sandbox.faults.status(503)
    async with client(
        sandbox, rate_limit=ONE_AT_A_TIME, hooks=Hooks(**{name: interrupt})
    ) as videsk:
        with pytest.raises(NotMeantForAnybodyError):
            await videsk.rooms.list()
        nothing_is_left(videsk)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("on_attempt", ServerError),  # the answer that it was told of stands
        ("on_retry", DeadlineExceededError),
        ("on_pace", DeadlineExceededError),
    ],
)
async def test_a_hook_that_hangs_is_cut_at_the_deadline(
    sandbox: Sandbox, name: str, kind: type[VideskError]
) -> None:
    """The call ends with its time, and what it was about to do is not done."""
    ended = asyncio.Event()

    async def hang(_: Event) -> None:
        try:
            await asyncio.sleep(LATE)
        finally:
            ended.set()

    sandbox.faults.status(503, times=None)
    started = time.monotonic()
    async with client(
        sandbox, timeout=1.5, rate_limit=ONE_AT_A_TIME, hooks=Hooks(**{name: hang})
    ) as videsk:
        with pytest.raises(kind) as caught:
            await videsk.rooms.list()
        nothing_is_left(videsk)
    assert ended.is_set()
    assert time.monotonic() - started < LATE / 2
    assert len(sandbox.requests) == 1
    assert isinstance(caught.value, ServerError | DeadlineExceededError)
    assert len(caught.value.attempts) == 1


async def test_a_hook_that_hangs_after_the_answer_does_not_lose_it(sandbox: Sandbox) -> None:
    """The answer was in time, so the call succeeds when the hook has been cut."""

    async def hang(_: AttemptEvent) -> None:
        await asyncio.sleep(LATE)

    async with client(sandbox, timeout=1.0, hooks=Hooks(on_attempt=hang)) as videsk:
        room = await videsk.rooms.create(external_id="ticket-1")
    assert room.external_id == "ticket-1"


async def test_a_hook_may_close_the_client(sandbox: Sandbox) -> None:
    """The call ends then, and does not pause for a client that is no more."""
    clients: list[AsyncVidesk] = []

    async def close(_: RetryEvent) -> None:
        await clients[0].close()

    sandbox.faults.status(503, headers={"Retry-After": "50"})
    started = time.monotonic()
    clients.append(client(sandbox, timeout=None, hooks=Hooks(on_retry=close)))
    with pytest.raises(ClosedError) as caught:
        await clients[0].rooms.create(external_id="ticket-1")
    assert time.monotonic() - started < 25
    assert (caught.value.outcome_unknown, caught.value.external_id) == (True, "ticket-1")


async def test_a_view_may_have_other_hooks(sandbox: Sandbox) -> None:
    """And its client keeps its own."""
    mine, theirs = Diary(), Diary()
    async with client(sandbox, hooks=mine.hooks()) as videsk:
        view = videsk.with_options(hooks=theirs.hooks())
        await view.rooms.list()
        assert (len(mine.events), len(theirs.events)) == (0, 1)
        await videsk.rooms.list()
        await videsk.with_options(timeout=5.0).rooms.list()
        assert (len(mine.events), len(theirs.events)) == (2, 1)
        await view.with_options(hooks=Hooks()).rooms.list()
    assert (len(mine.events), len(theirs.events)) == (2, 1)


@plain_or_awaited
def test_the_blocking_face_has_hooks_too(sandbox: Sandbox, *, awaited: bool) -> None:
    """They run in the client's own thread; a view may have others."""
    mine, theirs = Diary(), Diary()
    sandbox.faults.status(503)
    with Videsk(
        sandbox.api_token,
        base_url=sandbox.url,
        retry=FAST,
        rate_limit=ONE_AT_A_TIME,
        hooks=mine.hooks(awaited=awaited),
    ) as videsk:
        videsk.rooms.list()
        assert mine.kinds == [AttemptEvent, RetryEvent, PaceEvent, AttemptEvent]
        assert threading.get_ident() not in mine.threads
        assert len(mine.threads) == 1
        videsk.with_options(hooks=theirs.hooks(awaited=awaited)).rooms.list()
        assert len(mine.events) == 4
        assert theirs.kinds == [PaceEvent, AttemptEvent]


@pytest.mark.parametrize("make", [AsyncVidesk, Videsk])
@pytest.mark.parametrize("hooks", [None, print, {"on_attempt": print}])
def test_what_is_no_hooks_is_refused(make: Callable[..., Any], hooks: object) -> None:
    """When the client is made, not when the first call is."""
    with pytest.raises(ConfigurationError, match=r"give Hooks\(on_attempt=…\)"):
        make("a-token", hooks=hooks)
