"""The application of the guide "A class at nine", with 300 people who come at once."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import freezegun
import httpx
import pytest

from tests.stock.support import LATE, full, operations

from .blocks import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from contextlib import AbstractContextManager

    from starlette.types import Receive, Scope, Send

    from videsk_rooms.sandbox import Sandbox


def class_app() -> Any:
    """Load the application, as its server would."""
    spec = importlib.util.spec_from_file_location("class_app", EXAMPLES / "class_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def at(hour: int) -> AbstractContextManager[object]:
    """Set the clock to an hour of today, from which it goes on."""
    class_app()  # What it imports does not bear a clock of another class.
    then = datetime.now().astimezone().replace(hour=hour, minute=30)
    offset = then.utcoffset()
    assert offset is not None
    return freezegun.freeze_time(then, tz_offset=offset, tick=True, real_asyncio=True)


class Served:
    """An application with the state of its lifespan, as a server gives it to each request."""

    def __init__(self, app: Any, state: Mapping[str, object]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shared: MutableMapping[str, Any] = {**scope, "state": dict(self._state)}
        await self._app(shared, receive, send)


async def test_three_hundred_people_get_their_tokens_without_a_request(
    account: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The API may be out of reach meanwhile: each has a token of their own all the same."""
    with at(8):
        module = class_app()
        await _all_enter(module, account, capsys)


async def _all_enter(module: Any, account: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    async with module.lifespan(module.app) as state:
        await full(state["stock"])
        # The class begins at nine: nobody can join yet, and there is a token for everybody.
        assert set(operations(account)) == {"get", "list", "create"}
        account.faults.delay(LATE, times=None)
        transport = httpx.ASGITransport(app=Served(module.app, state))
        async with httpx.AsyncClient(transport=transport, base_url="http://class.test") as people:
            began = time.monotonic()
            answers = await asyncio.gather(
                *(people.post("/class/access") for _ in range(module.PEOPLE))
            )
            took = time.monotonic() - began
    with capsys.disabled():
        print(f"\n{module.PEOPLE} people had their tokens after {took:.3f} s")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["accessToken"] for answer in answers}) == module.PEOPLE == 300


@pytest.mark.parametrize(("hour", "days"), [(8, 0), (10, 0), (11, 1)])
def test_a_server_that_restarts_during_the_class_serves_that_class(hour: int, days: int) -> None:
    """Only when it is over, the next one comes: tomorrow's."""
    with at(hour):
        nine = class_app().this_nine()
        today = datetime.now().astimezone()
    assert (nine.date(), nine.hour) == (today.date() + timedelta(days=days), 9)


async def test_a_room_may_be_opened_for_a_class_that_has_begun(account: Sandbox) -> None:
    """The server may start late."""
    with at(9):
        module = class_app()
        async with module.lifespan(module.app) as state:
            access = await state["stock"].take()
    assert access.access_token
    assert len(account.rooms) == 1
