"""The application of the guide "A class at nine", with 300 people who come at once."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from typing import TYPE_CHECKING, Any

import httpx

from tests.stock.support import LATE, full, operations

from .blocks import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    import pytest
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
    module = class_app()
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
