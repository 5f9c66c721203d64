# ruff: noqa: B018, F401, I001 - a mistake is one, used or not
"""Mistakes that a type checker must find, one a line.

The comment at the end says what mypy calls it, and what pyright calls it. Checked by
`tests/test_typing.py`, never run.
"""

from __future__ import annotations

from datetime import datetime, timezone

from videsk_rooms import APIError, AsyncVidesk, AttemptEvent, Hooks, Outcome, PaceEvent, Progress
from videsk_rooms import RateLimit, Retry, RetryEvent, Room, RoomPage, Timeout, TransportError
from videsk_rooms import Videsk, VideskError
from videsk_rooms import Vidsk  # expect: attr-defined / reportAttributeAccessIssue
from videsk_rooms.sandbox import Sandbox


def set_up() -> None:
    Videsk(api_key="token")  # expect: call-arg / reportCallIssue
    Videsk(b"token")  # expect: arg-type / reportArgumentType
    Videsk(lambda: 1)  # expect: arg-type, return-value / reportArgumentType
    Videsk("token", "https://api.videsk.io")  # expect: call-arg / reportCallIssue
    Videsk(timeout="30")  # expect: arg-type / reportArgumentType
    Videsk(retry=3)  # expect: arg-type / reportArgumentType
    Videsk(rate_limit=20)  # expect: arg-type / reportArgumentType
    Videsk(session=None)  # expect: call-arg / reportCallIssue
    AsyncVidesk(session="mine")  # expect: arg-type / reportArgumentType
    AsyncVidesk(ssl="no")  # expect: arg-type / reportArgumentType
    Timeout(total="30")  # expect: arg-type / reportArgumentType
    Retry(tries=3)  # expect: call-arg / reportCallIssue
    Retry("3")  # expect: arg-type / reportArgumentType
    RateLimit(requests=0.5)  # expect: arg-type / reportArgumentType
    RateLimit(shared=6379)  # expect: arg-type / reportArgumentType
    RateLimit(window=1)  # expect: call-arg / reportCallIssue


def note_pace(event: PaceEvent) -> None:
    event.pause  # expect: attr-defined / reportAttributeAccessIssue


def watch(videsk: Videsk, event: AttemptEvent, again: RetryEvent) -> None:
    Videsk(hooks=None)  # expect: arg-type / reportArgumentType
    Videsk(hooks=note_pace)  # expect: arg-type / reportArgumentType
    Hooks(on_attempt=note_pace)  # expect: arg-type / reportArgumentType
    Hooks(on_error=note_pace)  # expect: call-arg / reportCallIssue
    Hooks(on_retry=lambda: None)  # expect: arg-type, misc / reportArgumentType
    videsk.with_options(hooks=None)  # expect: arg-type / reportArgumentType
    event.status  # expect: attr-defined / reportAttributeAccessIssue
    event.operation = "x"  # expect: misc / reportAttributeAccessIssue
    again.pause.upper()  # expect: attr-defined / reportAttributeAccessIssue


def call(videsk: Videsk, room: Room) -> None:
    videsk.rooms.creat()  # expect: attr-defined / reportAttributeAccessIssue
    videsk.rooms.create("Support")  # expect: call-arg / reportCallIssue
    videsk.rooms.create(name=1)  # expect: arg-type / reportArgumentType
    videsk.rooms.create(title="Support")  # expect: call-arg / reportCallIssue
    videsk.rooms.create(exp="2042-08-14T18:00:00.000Z")  # expect: arg-type / reportArgumentType
    videsk.rooms.create(nbf=3600)  # expect: arg-type / reportArgumentType
    videsk.rooms.create(settings=[("a", 1)])  # expect: arg-type / reportArgumentType
    videsk.rooms.get()  # expect: call-arg / reportCallIssue
    videsk.rooms.get(7)  # expect: arg-type / reportArgumentType
    videsk.rooms.get(None)  # expect: arg-type / reportArgumentType
    videsk.rooms.get(room.external_id)  # expect: arg-type / reportArgumentType
    videsk.rooms.get_by_external_id(room)  # expect: arg-type / reportArgumentType
    videsk.rooms.get_or_create()  # expect: call-arg / reportCallIssue
    videsk.rooms.get_or_create("a", external_id="b")  # expect: misc / reportCallIssue
    videsk.rooms.get_or_create(None)  # expect: arg-type / reportArgumentType
    videsk.rooms.get_or_create("a", "Support")  # expect: call-arg / reportCallIssue
    videsk.rooms.update(room, name=None)  # expect: arg-type / reportArgumentType
    videsk.rooms.update(room, exp=None)  # expect: arg-type / reportArgumentType
    videsk.rooms.stats(room, view="all")  # expect: arg-type / reportArgumentType
    videsk.rooms.stats(room, "report")  # expect: call-arg / reportCallIssue
    videsk.rooms.list(sort=1)  # expect: arg-type / reportArgumentType
    videsk.rooms.list(sort={"name": 2})  # expect: dict-item / reportArgumentType
    videsk.rooms.list(limit="10")  # expect: arg-type / reportArgumentType
    videsk.rooms.list(10)  # expect: call-arg / reportCallIssue
    videsk.rooms.iter(skip=10)  # expect: call-arg / reportCallIssue
    videsk.request("/vpaas/rooms")  # expect: call-arg / reportCallIssue
    videsk.request("GET", "/vpaas/rooms", query="a=b")  # expect: arg-type / reportArgumentType
    videsk.with_options(session=None)  # expect: call-arg / reportCallIssue
    videsk.with_options(retry=None)  # expect: arg-type / reportArgumentType
    videsk.rooms.get_or_create("a", renew=1)  # expect: arg-type / reportArgumentType
    videsk.rooms.update(room, ended="yes")  # expect: arg-type / reportArgumentType
    videsk.rooms.end()  # expect: call-arg / reportCallIssue
    room.is_open(3600)  # expect: arg-type / reportArgumentType
    videsk.rooms.delete(room).id  # expect: attr-defined / reportAttributeAccessIssue


def call_many(videsk: Videsk, room: Room, outcome: Outcome[str, Room]) -> None:
    videsk.rooms.create_many()  # expect: call-arg / reportCallIssue
    videsk.rooms.create_many({"name": "a"})  # expect: dict-item / reportArgumentType
    videsk.rooms.create_many([{"title": "a"}])  # expect: typeddict-unknown-key / reportArgumentType
    videsk.rooms.create_many([{"name": 1}])  # expect: typeddict-item / reportArgumentType
    videsk.rooms.create_many([], 16)  # expect: call-arg / reportCallIssue
    videsk.rooms.create_many([], concurrency="16")  # expect: arg-type / reportArgumentType
    videsk.rooms.create_many([], on_progress=note_pace)  # expect: arg-type / reportArgumentType
    videsk.rooms.update_many([{"name": "a"}])  # expect: typeddict-item / reportArgumentType
    videsk.rooms.delete_many(room)  # expect: arg-type / reportArgumentType
    videsk.rooms.join_many([room.external_id])  # expect: list-item / reportArgumentType
    videsk.rooms.access_stock(room)  # expect: call-arg / reportCallIssue
    videsk.rooms.access_stock(room, size="300")  # expect: arg-type / reportArgumentType
    videsk.with_options(priority="urgent")  # expect: arg-type / reportArgumentType
    outcome.value.id  # expect: union-attr / reportOptionalMemberAccess
    outcome.result().nmae  # expect: attr-defined / reportAttributeAccessIssue
    outcome.error = None  # expect: misc / reportAttributeAccessIssue
    Progress(1, 0, 0, None).left  # expect: attr-defined / reportAttributeAccessIssue


def read(videsk: Videsk, room: Room, page: RoomPage) -> None:
    room.externalId  # expect: attr-defined / reportAttributeAccessIssue
    room.name.upper()  # expect: union-attr / reportOptionalMemberAccess
    room.exp - datetime.now(timezone.utc)  # expect: operator / reportOptionalOperand
    room.name = "Moved"  # expect: misc / reportAttributeAccessIssue
    room.extra["region"] = 1  # expect: index / reportIndexIssue
    page["data"]  # expect: call-overload / reportArgumentType, reportCallIssue
    page.data.append(room)  # expect: attr-defined / reportAttributeAccessIssue
    videsk.rooms.join(room).token  # expect: attr-defined / reportAttributeAccessIssue
    for each in videsk.rooms.iter():
        each.ende  # expect: attr-defined / reportAttributeAccessIssue
    for each in videsk.rooms.list():
        each.ende  # expect: attr-defined / reportAttributeAccessIssue


def catch(any_error: VideskError, error: TransportError, refused: APIError) -> None:
    any_error.attempts  # expect: attr-defined / reportAttributeAccessIssue
    any_error.external_id.upper()  # expect: union-attr / reportOptionalMemberAccess
    any_error.unknown_outcome  # expect: attr-defined / reportAttributeAccessIssue
    error.retry_after  # expect: attr-defined / reportAttributeAccessIssue
    refused.retry_after + 1  # expect: operator / reportOptionalOperand
    APIError("no", status=400)  # expect: call-overload / reportCallIssue


async def mix_up(videsk: AsyncVidesk, blocking: Videsk) -> None:
    videsk.rooms.create()  # expect: unused-coroutine / reportUnusedCoroutine
    videsk.rooms.get("id").name  # expect: attr-defined / reportAttributeAccessIssue
    await blocking.rooms.get("id")  # expect: misc / reportGeneralTypeIssues
    await videsk.rooms.iter()  # expect: misc / reportGeneralTypeIssues
    for _ in videsk.rooms.iter():  # expect: attr-defined / reportGeneralTypeIssues
        pass
    async for _ in blocking.rooms.iter():  # expect: attr-defined / reportGeneralTypeIssues
        pass
    for _ in videsk.rooms.delete_many([]):  # expect: attr-defined / reportGeneralTypeIssues
        pass
    async for _ in blocking.rooms.delete_many([]):  # expect: attr-defined / reportGeneralTypeIssues
        pass
    await blocking.rooms.delete_many([])  # expect: misc / reportGeneralTypeIssues
    blocking.rooms.delete_many(videsk.rooms.iter())  # expect: arg-type / reportArgumentType
    async for _ in videsk.rooms.list():  # expect: attr-defined / reportGeneralTypeIssues
        pass
    with videsk:  # expect: attr-defined / reportGeneralTypeIssues
        pass
    async with blocking:  # expect: attr-defined / reportGeneralTypeIssues
        pass


def imitate(sandbox: Sandbox) -> None:
    Sandbox(window="rolling")  # expect: arg-type / reportArgumentType
    Sandbox(delete_status=202)  # expect: arg-type / reportArgumentType
    sandbox.advance(3600)  # expect: arg-type / reportArgumentType
    sandbox.faults.status("503")  # expect: arg-type / reportArgumentType
    sandbox.faults.status(503, on="creat")  # expect: arg-type / reportArgumentType
    sandbox.faults.drop("later")  # expect: arg-type / reportArgumentType
    sandbox.faults.random(kinds=["answers"])  # expect: list-item / reportArgumentType
    sandbox.requests.of("creat")  # expect: arg-type / reportArgumentType
    sandbox.url = "http://127.0.0.1"  # expect: misc / reportAttributeAccessIssue
