# pyright: strict
"""Programs as users write them. They are checked, never run: `tests/test_typing.py`."""

from __future__ import annotations

import copy
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import aiohttp
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from typing_extensions import assert_type

from videsk_rooms import (
    AccessStock,
    Answer,
    APIError,
    AsyncAccessStock,
    AsyncOutcomes,
    AsyncRooms,
    AsyncVidesk,
    Attempt,
    AttemptEvent,
    AuthenticationError,
    Authorization,
    BadRequestError,
    ClosedError,
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    DeadlineExceededError,
    EnterableRoom,
    Headers,
    Hooks,
    InvalidRequestError,
    JSONValue,
    NotFoundError,
    Outcome,
    Outcomes,
    OutcomeUnknownAtDeadlineError,
    OutcomeUnknownError,
    PaceEvent,
    PermissionDeniedError,
    Progress,
    RateLimit,
    RateLimitError,
    RateLimitStatus,
    Response,
    ResponseError,
    Retry,
    RetryEvent,
    Room,
    RoomAccess,
    RoomChange,
    RoomPage,
    Rooms,
    RoomSpec,
    RoomStats,
    ServerError,
    Sort,
    StatsView,
    Timeout,
    TransportError,
    Videsk,
    VideskError,
    When,
    __version__,
)
from videsk_rooms.integrations.arq import retry_transient
from videsk_rooms.integrations.celery import VideskTask
from videsk_rooms.integrations.django import async_videsk, videsk
from videsk_rooms.integrations.fastapi import (
    VideskDep,
    VideskState,
    add_error_handlers,
    get_videsk,
    videsk_lifespan,
)
from videsk_rooms.integrations.flask import FlaskVidesk
from videsk_rooms.integrations.http import HttpAnswer, answer_to, http_answer
from videsk_rooms.integrations.queues import retry_delay
from videsk_rooms.integrations.starlette import videsk_of
from videsk_rooms.sandbox import (
    Fault,
    FaultKind,
    Operation,
    RequestLog,
    RequestRecord,
    Sandbox,
)

ORDERS: list[Sort] = ["created_at", ["-created_at", "name"], ("exp",), {"updated_at": -1}]
VIEW: StatsView = "snapshot"
START: When = datetime(2042, 8, 14, 15, tzinfo=timezone.utc)
END: When = timedelta(hours=2)

VERSION: str = __version__


# -- awaited --------------------------------------------------------------------------------------


async def awaited() -> None:
    async with AsyncVidesk() as videsk:
        assert_type(videsk, AsyncVidesk)
        assert_type(videsk.rooms, AsyncRooms)
        assert_type(videsk.rate_limit_status, RateLimitStatus)
        settings: dict[str, int | bool] = {"maxParticipants": 10, "recordingEnabled": True}
        room = await videsk.rooms.create(
            name="Support", external_id="ticket-1", exp=END, nbf=START, settings=settings
        )
        assert_type(room, EnterableRoom)
        assert_type(room.access_token, str)
        assert_type(await videsk.rooms.create(), EnterableRoom)
        assert_type(await videsk.rooms.get(room), EnterableRoom)
        assert_type(await videsk.rooms.get(room.id), EnterableRoom)
        assert_type(await videsk.rooms.get_by_external_id("ticket-1"), EnterableRoom)
        assert_type(await videsk.rooms.get_or_create("ticket-1"), EnterableRoom)
        await videsk.rooms.get_or_create("a", name="b", exp=END, nbf=START, settings=settings)
        assert_type(await videsk.rooms.get_or_create("a", exp=END, renew=True), EnterableRoom)
        assert_type(await videsk.rooms.update(room, name="Moved", nbf=END, settings={}), Room)
        assert_type(await videsk.rooms.update("id", external_id="b", exp=START), Room)
        assert_type(await videsk.rooms.update("id", ended=False), Room)
        assert_type(await videsk.rooms.end(room), Room)
        assert_type(await videsk.rooms.end("id"), Room)
        assert_type(
            (room.is_open(), room.is_over(at=datetime.now(timezone.utc))), tuple[bool, bool]
        )
        assert_type(await videsk.rooms.join(room), RoomAccess)
        assert_type(await videsk.rooms.stats(room), RoomStats)
        assert_type(await videsk.rooms.stats(room, view=VIEW), RoomStats)
        await videsk.rooms.delete(room)
        with_response = videsk.rooms.with_response
        answer = await with_response.create(name="Support", exp=END)
        assert_type(answer, Answer[EnterableRoom])
        assert_type((answer.value, answer.response), tuple[EnterableRoom, Response])
        assert_type(answer.response.elapsed, float)
        assert_type(await with_response.list(limit=10), Answer[RoomPage])
        assert_type(await with_response.delete(room), Answer[None])
        page = await videsk.rooms.list(
            limit=10, skip=20, sort=ORDERS[0], ended=False, external_id="ticket-1"
        )
        assert_type(page, RoomPage)
        async for each in videsk.rooms.iter(
            sort="-exp", ended=True, external_id="ticket-1", page_size=50, limit=9
        ):
            assert_type(each, Room)
        rooms = videsk.rooms.iter()
        assert_type(await rooms.__anext__(), Room)
        assert_type([each.name async for each in rooms], list[str | None])
        await rooms.aclose()
        response = await videsk.request(
            "GET", "/vpaas/rooms", query={"$limit": 1, "$sort": {"createdAt": -1}}, json=None
        )
        assert_type(response, Response)
        patient = videsk.with_options(timeout=None, retry=Retry(), rate_limit=None, api_token="a")
        assert_type(patient, AsyncVidesk)
        assert_type(videsk.with_options(secrets_in_pickles=True), AsyncVidesk)
        assert_type(videsk.with_options(headers={"X-Gateway-Key": "a"}), AsyncVidesk)
        assert_type(videsk.with_options(priority="background"), AsyncVidesk)
        assert_type(videsk.with_options(base_url=None, proxy="http://proxy:3128"), AsyncVidesk)
        assert_type(videsk.with_options(base_url="http://sandbox", allow_http=True), AsyncVidesk)
        assert_type(videsk.with_options(hooks=Hooks()).rooms, AsyncRooms)
        await patient.close()


# -- blocking -------------------------------------------------------------------------------------


def blocking() -> None:
    with Videsk() as videsk:
        assert_type(videsk, Videsk)
        assert_type(videsk.rooms, Rooms)
        assert_type(videsk.rate_limit_status, RateLimitStatus)
        with_response = videsk.rooms.with_response
        assert_type(with_response.create(name="Support", exp=END), Answer[EnterableRoom])
        assert_type(with_response.join("id").value, RoomAccess)
        assert_type(with_response.stats("id", view=VIEW), Answer[RoomStats])
        settings: dict[str, int | bool] = {"maxParticipants": 10, "recordingEnabled": True}
        room = videsk.rooms.create(
            name="Support", external_id="ticket-1", exp=END, nbf=START, settings=settings
        )
        assert_type(room, EnterableRoom)
        assert_type(room.access_token, str)
        assert_type(videsk.rooms.create(), EnterableRoom)
        assert_type(videsk.rooms.get(room), EnterableRoom)
        assert_type(videsk.rooms.get(room.id), EnterableRoom)
        assert_type(videsk.rooms.get_by_external_id("ticket-1"), EnterableRoom)
        assert_type(videsk.rooms.get_or_create("ticket-1"), EnterableRoom)
        videsk.rooms.get_or_create("a", name="b", exp=END, nbf=START, settings=settings)
        assert_type(videsk.rooms.get_or_create("a", exp=END, renew=True), EnterableRoom)
        assert_type(videsk.rooms.update(room, name="Moved", nbf=END, settings={}), Room)
        assert_type(videsk.rooms.update("id", external_id="b", exp=START), Room)
        assert_type(videsk.rooms.update("id", ended=False), Room)
        assert_type(videsk.rooms.end(room), Room)
        assert_type(videsk.rooms.end("id"), Room)
        assert_type(videsk.rooms.join(room), RoomAccess)
        assert_type(videsk.rooms.stats(room), RoomStats)
        assert_type(videsk.rooms.stats(room, view=VIEW), RoomStats)
        videsk.rooms.delete(room)
        page = videsk.rooms.list(
            limit=10, skip=20, sort=ORDERS[0], ended=False, external_id="ticket-1"
        )
        assert_type(page, RoomPage)
        for each in videsk.rooms.iter(
            sort="-exp", ended=True, external_id="ticket-1", page_size=50, limit=9
        ):
            assert_type(each, Room)
        rooms = videsk.rooms.iter()
        assert_type(next(rooms), Room)
        assert_type([each.name for each in rooms], list[str | None])
        rooms.close()
        response = videsk.request(
            "GET", "/vpaas/rooms", query={"$limit": 1, "$sort": {"createdAt": -1}}, json=None
        )
        assert_type(response, Response)
        patient = videsk.with_options(timeout=None, retry=Retry(), rate_limit=None, api_token="a")
        assert_type(patient, Videsk)
        assert_type(videsk.with_options(secrets_in_pickles=True), Videsk)
        assert_type(videsk.with_options(priority="interactive"), Videsk)
        assert_type(videsk.with_options(base_url="https://gateway", proxy=None), Videsk)
        assert_type(videsk.with_options(base_url="http://sandbox", allow_http=None), Videsk)
        assert_type(copy.copy(videsk), Videsk)
        assert_type(videsk.with_options(hooks=Hooks()).rooms, Rooms)
        patient.close()


# -- many rooms at once ---------------------------------------------------------------------------


def specs() -> Iterator[RoomSpec]:
    yield {"name": "Support", "external_id": "ticket-1", "exp": END, "nbf": START}
    yield RoomSpec(settings={"maxParticipants": 10})
    yield {}


async def awaited_changes(videsk: AsyncVidesk) -> AsyncIterator[RoomChange]:
    async for room in videsk.rooms.iter():
        yield {"room": room, "name": "Moved"}
    yield RoomChange(room="id", exp=END, ended=False)


def show(progress: Progress) -> None:
    assert_type((progress.done, progress.failed, progress.under_way), tuple[int, int, int])
    assert_type(progress.total, int | None)


def read_outcome(outcome: Outcome[RoomSpec, Room]) -> str:
    assert_type(outcome.index, int)
    assert_type(outcome.item, RoomSpec)
    assert_type(outcome.value, Room | None)
    assert_type(outcome.error, VideskError | None)
    assert_type(outcome.ok, bool)
    assert_type({outcome: outcome.item.get("name")}, dict[Outcome[RoomSpec, Room], str | None])
    return outcome.result().id


async def awaited_many(videsk: AsyncVidesk, page: RoomPage) -> None:
    assert_type(videsk.rooms.create_many(specs()), AsyncOutcomes[RoomSpec, EnterableRoom])
    async for outcome in videsk.rooms.create_many([{"name": "a"}, {}], on_progress=show):
        read_outcome(outcome)
    async for outcome in await videsk.rooms.create_many(specs=specs(), concurrency=4):
        read_outcome(outcome)
    async for outcome in videsk.rooms.create_many({"name": name} for name in "abc"):
        read_outcome(outcome)
    async with videsk.rooms.update_many(awaited_changes(videsk)) as outcomes:
        assert_type(outcomes, AsyncOutcomes[RoomChange, Room])
        assert_type((await anext(outcomes)).result(), Room)
    deleting = videsk.rooms.delete_many(videsk.rooms.iter(ended=True))
    assert_type(deleting, AsyncOutcomes[Room | str, None])
    await deleting.aclose()
    videsk.rooms.delete_many(page)
    videsk.rooms.delete_many(["a", "b"], on_progress=print)
    joined = [each async for each in videsk.rooms.join_many(page)]
    assert_type(joined, list[Outcome[Room | str, RoomAccess]])
    assert_type(joined[0].result().access_token, str)
    async with videsk.rooms.access_stock(page[0], size=300) as stock:
        assert_type(stock, AsyncAccessStock)
        assert_type(await stock.take(), RoomAccess)
        assert_type((stock.level, stock.size), tuple[int, int])


def blocking_many(videsk: Videsk, page: RoomPage) -> None:
    assert_type(videsk.rooms.create_many(specs()), Outcomes[RoomSpec, EnterableRoom])
    for outcome in videsk.rooms.create_many([{"name": "a"}, {}], on_progress=show):
        read_outcome(outcome)
    for outcome in videsk.rooms.create_many(specs=specs(), concurrency=4):
        read_outcome(outcome)
    for outcome in videsk.rooms.create_many({"name": name} for name in "abc"):
        read_outcome(outcome)
    changes: list[RoomChange] = [{"room": page[0], "nbf": START}]
    with videsk.rooms.update_many(changes) as outcomes:
        assert_type(outcomes, Outcomes[RoomChange, Room])
        assert_type(next(outcomes).result(), Room)
    deleting = videsk.rooms.delete_many(videsk.rooms.iter(ended=True))
    assert_type(deleting, Outcomes[Room | str, None])
    deleting.close()
    videsk.rooms.delete_many(page)
    videsk.rooms.delete_many(["a", "b"], on_progress=print)
    joined = list(videsk.rooms.join_many(page))
    assert_type(joined, list[Outcome[Room | str, RoomAccess]])
    assert_type(joined[0].result().access_token, str)
    with videsk.rooms.access_stock("64f1a2b3c4d5e6f7a8b9c0d1", size=300) as stock:
        assert_type(stock, AccessStock)
        assert_type(stock.take(), RoomAccess)
        assert_type((stock.level, stock.size), tuple[int, int])


# -- setting up -----------------------------------------------------------------------------------


def plain_token() -> str:
    return "token"


async def awaited_token() -> str:
    return "token"


async def set_up() -> None:
    session, context = aiohttp.ClientSession(), ssl.create_default_context()
    AsyncVidesk("token", base_url="https://api.videsk.io", timeout=10)
    AsyncVidesk(plain_token, timeout=Timeout(total=20.0, attempt=None, connect=1))
    AsyncVidesk(awaited_token, retry=Retry(1, base_delay=0.1, max_delay=1, max_retry_after=5))
    AsyncVidesk(rate_limit=RateLimit(50, per=2, shared="redis://localhost:6379/0"))
    AsyncVidesk(
        session=session, proxy="http://proxy:3128", trust_env=True, ssl=context, headers={"a": "b"}
    )
    Videsk(lambda: "token", base_url=None, timeout=None, retry=Retry(), rate_limit=RateLimit())
    Videsk(awaited_token, proxy=None, trust_env=False, ssl=False, allow_http=True)
    retry, rate_limit = Retry(attempts=2), RateLimit(10)
    assert_type((retry.attempts, retry.base_delay), tuple[int, float])
    assert_type((retry.max_delay, retry.max_retry_after), tuple[float, float])
    assert_type((rate_limit.requests, rate_limit.per), tuple[int, float])
    assert_type(rate_limit.shared, str | None)


# -- watching -------------------------------------------------------------------------------------


def note_attempt(event: AttemptEvent) -> None:
    assert_type((event.operation, event.method, event.path), tuple[str, str, str])
    assert_type(event.attempt, Attempt)


async def note_retry(event: RetryEvent) -> None:
    assert_type((event.operation, event.method, event.path), tuple[str, str, str])
    assert_type((event.attempt, event.pause), tuple[Attempt, float])


def note_pace(event: PaceEvent) -> None:
    assert_type((event.operation, event.method, event.path), tuple[str, str, str])
    assert_type(event.waited, float)


def watch() -> None:
    hooks = Hooks(on_attempt=note_attempt, on_retry=note_retry, on_pace=note_pace)
    AsyncVidesk(hooks=hooks)
    Videsk(hooks=hooks)
    seen: list[AttemptEvent] = []
    Videsk(hooks=Hooks(seen.append))
    Videsk(hooks=Hooks(on_pace=None))


# -- reading --------------------------------------------------------------------------------------


def read_room(room: Room) -> None:
    assert_type(room.id, str)
    assert_type(room.name, str | None)
    assert_type(room.external_id, str | None)
    assert_type(room.exp, datetime | None)
    assert_type(room.nbf, datetime | None)
    assert_type(room.settings, Mapping[str, JSONValue] | None)
    assert_type(room.ended, bool | None)
    assert_type(room.created_at, datetime | None)
    assert_type(room.updated_at, datetime | None)
    assert_type(room.authorizations, tuple[Authorization, ...] | None)
    assert_type(room.access_token, str | None)
    assert_type(room.extra, Mapping[str, JSONValue])
    for one in room.authorizations or ():
        assert_type((one.ip, one.jti), tuple[str | None, str | None])
        assert_type(one.created_at, datetime | None)
    assert_type({room: room.exp or room.created_at}, dict[Room, datetime | None])


def read_page(page: RoomPage) -> None:
    assert_type((page.total, page.limit, page.skip), tuple[int, int, int])
    assert_type(page.data, tuple[Room, ...])
    assert_type(page.has_more, bool)
    assert_type(page[0], Room)
    assert_type(page[1:], tuple[Room, ...])
    assert_type(len(page), int)
    assert_type([room.id for room in page], list[str])


def read_access(access: RoomAccess, stats: RoomStats) -> None:
    assert_type(access.access_token, str)
    assert_type((access.exp, access.nbf), tuple[datetime | None, datetime | None])
    assert_type(access.jti, str | None)
    assert_type(access.claims, Mapping[str, JSONValue])
    assert_type(stats.data, Mapping[str, JSONValue])
    assert_type(stats.view, StatsView)


def read_response(response: Response) -> None:
    assert_type(response.status, int)
    assert_type(response.headers, Headers)
    assert_type(response.headers["x-request-id"], str)
    assert_type(response.headers.get("retry-after"), str | None)
    assert_type(response.body, bytes)
    assert_type((response.method, response.url), tuple[str, str])
    assert_type(response.request_id, str | None)
    assert_type(response.attempts, tuple[Attempt, ...])
    value = response.json()
    if isinstance(value, dict):
        total: JSONValue = value.get("total")
        assert isinstance(total, int)
    for attempt in response.attempts:
        assert_type((attempt.number, attempt.status), tuple[int, int | None])
        assert_type((attempt.duration, attempt.delay), tuple[float, float])
        assert_type(attempt.started_at, datetime)
        assert_type((attempt.error, attempt.request_id), tuple[str | None, str | None])


# -- errors ---------------------------------------------------------------------------------------


def handle(videsk: Videsk) -> str | None:  # noqa: C901, PLR0911 - each error once
    try:
        videsk.rooms.get("id")
    except RateLimitError as error:
        assert_type(error.retry_after, float | None)
        assert_type((error.outcome_unknown, error.external_id), tuple[bool, str | None])
    except (BadRequestError, AuthenticationError, PermissionDeniedError) as error:
        assert_type(error.errors, Mapping[str, object] | list[object])
        assert_type((error.status, error.message), tuple[int, str])
        return error.name or error.class_name
    except NotFoundError as error:
        assert_type(error.headers, Mapping[str, str])
        return error.request_id
    except (ConflictError, ServerError) as error:
        return f"{error.method} {error.url}"
    except APIError as error:
        assert_type(error.attempts, tuple[Attempt, ...])
        assert_type(error.retry_after, float | None)
    except ResponseError as error:
        assert_type((error.path, error.body_start), tuple[str | None, str])
    except ConnectionFailedError as error:
        assert_type(error.attempts, tuple[Attempt, ...])
    except DeadlineExceededError as error:
        assert_type(error.outcome_unknown, bool)
        return error.external_id
    except OutcomeUnknownError as error:
        return error.external_id
    except TransportError as error:
        assert_type(error.attempts, tuple[Attempt, ...])
    except InvalidRequestError as error:
        return error.argument
    except (ClosedError, ConfigurationError, VideskError):
        raise
    return None


async def reconcile(videsk: AsyncVidesk) -> Room | None:
    try:
        return await videsk.rooms.create()
    except OutcomeUnknownAtDeadlineError as error:
        late: DeadlineExceededError = error
        unknown: OutcomeUnknownError = error
        raise unknown from late
    except VideskError as error:
        assert_type((error.outcome_unknown, error.external_id), tuple[bool, str | None])
        if error.outcome_unknown and error.external_id is not None:
            return await videsk.rooms.get_or_create(error.external_id)
        return None


def handle_as_builtin_errors(videsk: Videsk) -> None:
    try:
        videsk.rooms.list()
    except TimeoutError as error:
        assert_type(error, TimeoutError)
    except ValueError as error:
        assert_type(error, ValueError)


# -- the sandbox and the fixtures -----------------------------------------------------------------


async def sandboxes() -> None:
    async with Sandbox(
        port=0,
        host="127.0.0.1",
        api_token="token",
        rate=None,
        window="sliding",
        seed=1,
        retry_after=False,
        deletion=True,
        delete_status=204,
        join_status=200,
        external_ids=False,
        update_token=True,
        reopening=False,
    ) as sandbox:
        assert_type(sandbox, Sandbox)
        assert_type((sandbox.url, sandbox.api_token), tuple[str, str])
        assert_type((sandbox.console_url, sandbox.sdk_url), tuple[str, str])
    with Sandbox() as sandbox:
        assert_type(sandbox.add_rooms(10), tuple[str, ...])
        assert_type(
            sandbox.add_room(
                name="x",
                external_id="y",
                exp=sandbox.now,
                nbf=sandbox.now,
                settings={"a": 1},
                created_at=sandbox.now,
                extra={"b": [2]},
                without=["ended"],
            ),
            dict[str, object],
        )
        assert_type(sandbox.rooms, tuple[dict[str, object], ...])
        sandbox.advance(timedelta(hours=1))
    assert_type(Sandbox().start(), Sandbox)
    sandbox.stop()


def read_the_log(log: RequestLog) -> None:
    operation: Operation = "create"
    for record in log.of(operation):
        assert_type(record, RequestRecord)
        assert_type((record.status, record.fault), tuple[int | None, FaultKind | None])
        assert_type((record.path, record.body), tuple[str, bytes])
        assert_type(record.query, tuple[tuple[str, str], ...])
        assert_type(record.headers["authorization"], str)
        assert_type(record.json, object)
    assert_type((log[0].number, len(log)), tuple[int, int])
    log.clear()


def test_faults(videsk_sandbox: Sandbox) -> None:
    faults = videsk_sandbox.faults
    faults.status(503, message="x", errors={"a": 1}, headers={"Retry-After": "1"}, times=2)
    faults.status(403, html=True, processed=True, on=("create", "list"))
    faults.drop("after", reset=True, on="create", times=None)
    faults.delay(0.1, process="last")
    faults.truncated(keep=0.1)
    faults.garbage(b"{", status=201)
    faults.garbage_line(b"SSH-2.0\r\n", processed=True)
    faults.empty(status=204)
    faults.answer(302, headers={"Location": "/"}, body=b"")
    faults.enormous(1024, gzip=True)
    faults.random(0.2, seed=1, kinds=["status", "drop-after"], on={"get"})
    assert_type(faults.pending, tuple[Fault, ...])
    faults.clear()


def test_tokens(videsk_sandbox: Sandbox, videsk: Videsk) -> None:
    tokens = videsk_sandbox.tokens
    token = tokens.issue(type="api-token", expires_in=timedelta(hours=1), networks=["10.0.0.0/8"])
    assert_type(token, str)
    tokens.bind(token, "127.0.0.1", "10.0.0.0/8")
    tokens.forbid(token)
    tokens.revoke(token)
    tokens.restore(token)
    assert_type(videsk.with_options(api_token=token).rooms.list().total, int)
    assert_type(len(videsk_sandbox.requests), int)


async def test_awaited(async_videsk: AsyncVidesk, videsk_sandbox: Sandbox) -> None:
    room = await async_videsk.rooms.create(name="Support")
    assert_type(room.access_token, str)
    assert_type(videsk_sandbox.requests[-1].status, int | None)


# -- web frameworks -------------------------------------------------------------------------------


class Problem(HttpAnswer):
    @property
    def body(self) -> dict[str, object]:
        return {"title": self.detail}


def closed(error: VideskError) -> HttpAnswer:
    answer = http_answer(error)
    assert_type((answer.status, answer.detail), tuple[int, str])
    assert_type((answer.headers, answer.body), tuple[Mapping[str, str], dict[str, object]])
    assert_type(answer_to(error, closed), HttpAnswer)
    return Problem(503, "Closed.", {"Retry-After": "60"})


async def with_starlette() -> None:
    app = Starlette(lifespan=videsk_lifespan())
    add_error_handlers(app, closed)
    assert_type(videsk_of(HTTPConnection({"type": "http"})), AsyncVidesk)
    async with videsk_lifespan(lambda: AsyncVidesk(timeout=10.0))(app) as state:
        assert_type(state, VideskState)
        assert_type(state["videsk"], AsyncVidesk)


async def with_fastapi(client: VideskDep) -> None:
    app = FastAPI(lifespan=videsk_lifespan(AsyncVidesk))
    add_error_handlers(app, choose_answer=closed)
    app.dependency_overrides[get_videsk] = lambda: client
    assert_type(client, AsyncVidesk)
    assert_type(await get_videsk(HTTPConnection({"type": "http"})), AsyncVidesk)


def with_flask() -> None:
    extension = FlaskVidesk(choose_answer=closed)
    extension.init_app(Flask(__name__))
    assert_type(extension.client, Videsk)
    assert_type(extension.rooms, Rooms)


async def with_django() -> None:
    assert_type(videsk.rooms.list(), RoomPage)
    assert_type(await async_videsk.rooms.list(), RoomPage)


# -- queues ---------------------------------------------------------------------------------------


@retry_transient
async def open_room(ctx: dict[str, Any], appointment: int) -> str:
    videsk: AsyncVidesk = ctx["videsk"]
    return (await videsk.rooms.get_or_create(f"appointment-{appointment}")).id


class PatientTask(VideskTask):
    max_retries = None


async def queues(ctx: dict[str, Any], task: VideskTask, error: VideskError) -> None:
    assert_type(await open_room(ctx, 7), str)
    assert_type(retry_delay(error, 2, max_tries=None, base_delay=1.0, max_delay=60), float | None)
    assert_type(task.max_retries, int | None)
    task.retry(exc=error, countdown=3.0)
