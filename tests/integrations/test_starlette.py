"""The integration with Starlette, and with FastAPI, which is built on it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from tests.integrations.support import IN_SPANISH, JOINING, in_spanish
from videsk_rooms import AsyncVidesk, ClosedError, ConnectionFailedError, Retry
from videsk_rooms.integrations.fastapi import (
    VideskDep,
    VideskState,
    add_error_handlers,
    get_videsk,
    videsk_lifespan,
)
from videsk_rooms.integrations.http import HttpAnswer
from videsk_rooms.integrations.starlette import videsk_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import Message

    from videsk_rooms.sandbox import Sandbox


@pytest.fixture
def make_client(sandbox: Sandbox) -> Callable[[], AsyncVidesk]:
    """Makes clients on the sandbox that try once."""
    return partial(
        AsyncVidesk,
        sandbox.api_token,
        base_url=sandbox.url,
        retry=Retry(attempts=1),
        rate_limit=None,
    )


def fastapi_app(**arguments: Any) -> FastAPI:
    """Make an application that retrieves rooms."""
    app = FastAPI(**arguments)

    @app.get("/rooms/{room}")
    async def get(room: str, videsk: VideskDep) -> dict[str, str | None]:
        return {"name": (await videsk.rooms.get(room)).name}

    @app.post("/rooms/{room}/guests")
    async def join(room: str, videsk: VideskDep) -> dict[str, str]:
        return {"accessToken": (await videsk.rooms.join(room)).access_token}

    @app.websocket("/rooms/{room}/live")
    async def live(websocket: WebSocket, room: str, videsk: VideskDep) -> None:
        await websocket.accept()
        await websocket.send_json((await videsk.rooms.get(room)).name)

    return app


def starlette_app(**arguments: Any) -> Starlette:
    """Make the same of Starlette, mounted below another application."""

    async def get(request: Request) -> JSONResponse:
        room = await videsk_of(request).rooms.get(request.path_params["room"])
        return JSONResponse({"name": room.name})

    async def join(request: Request) -> JSONResponse:
        access = await videsk_of(request).rooms.join(request.path_params["room"])
        return JSONResponse({"accessToken": access.access_token})

    rooms = [Route("/{room}", get), Route("/{room}/guests", join, methods=["POST"])]
    return Starlette(routes=[Mount("/rooms", routes=rooms)], **arguments)


BOTH = pytest.mark.parametrize("make_app", [fastapi_app, starlette_app])


@pytest.fixture
def path(sandbox: Sandbox) -> str:
    """Where the applications have a room that is called Support."""
    return f"/rooms/{sandbox.add_room(name='Support')['id']}"


# -- the client -----------------------------------------------------------------------------------


@BOTH
def test_requests_find_the_client_of_the_lifespan(
    make_app: Callable[..., Starlette], make_client: Callable[[], AsyncVidesk], path: str
) -> None:
    """Whoever asks for it calls the API."""
    with TestClient(make_app(lifespan=videsk_lifespan(make_client))) as browser:
        assert browser.get(path).json() == {"name": "Support"}


async def test_the_client_is_made_with_the_server_and_closed_with_it(
    make_client: Callable[[], AsyncVidesk],
) -> None:
    """Not before: an application can be loaded where there is no token."""
    made: list[AsyncVidesk] = []

    def make() -> AsyncVidesk:
        made.append(make_client())
        return made[-1]

    lifespan = videsk_lifespan(make)
    app = Starlette(lifespan=lifespan)
    assert made == []
    async with lifespan(app) as state:
        assert state == {"videsk": made[0]}
        await state["videsk"].rooms.list()
    with pytest.raises(ClosedError):
        await made[0].rooms.list()


@BOTH
def test_an_application_may_have_a_lifespan_of_its_own(
    make_app: Callable[..., Starlette], make_client: Callable[[], AsyncVidesk], path: str
) -> None:
    """It yields the client, beside whatever else it has."""

    class State(VideskState):
        clinic: str

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[State]:
        async with make_client() as videsk:
            yield {"videsk": videsk, "clinic": "Norte"}

    with TestClient(make_app(lifespan=lifespan)) as browser:
        assert browser.get(path).json() == {"name": "Support"}


@BOTH
def test_whoever_has_no_lifespan_is_told_what_to_do(
    make_app: Callable[..., Starlette], path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log; the visitor is told that it does not work."""
    app = make_app()
    add_error_handlers(app)
    assert TestClient(app).get(path).status_code == 500
    assert "lifespan=videsk_lifespan()" in caplog.text


def test_a_test_overrides_the_dependency(async_videsk: AsyncVidesk) -> None:
    """With a client of its own, and without a lifespan."""
    app = fastapi_app()
    app.dependency_overrides[get_videsk] = lambda: async_videsk
    add_error_handlers(app)
    answer = TestClient(app).get("/rooms/64f1a2b3c4d5e6f7a8b9c0d1")
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no such room."})


def test_the_client_is_no_part_of_the_openapi_document() -> None:
    """The endpoint takes the id of a room, and nothing else."""
    operation = fastapi_app().openapi()["paths"]["/rooms/{room}"]["get"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["room"]
    assert "requestBody" not in operation


# -- errors ---------------------------------------------------------------------------------------


@BOTH
def test_an_error_is_answered(
    make_app: Callable[..., Starlette],
    make_client: Callable[[], AsyncVidesk],
    sandbox: Sandbox,
    path: str,
) -> None:
    """With what a visitor can go by."""
    app = make_app(lifespan=videsk_lifespan(make_client))
    add_error_handlers(app)
    sandbox.faults.status(429, headers={"Retry-After": "120"})
    with TestClient(app) as browser:
        answer = browser.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    assert answer.json() == {"detail": "Video rooms are busy. Please try again."}


@BOTH
@JOINING
def test_a_join_that_is_refused_is_answered(
    make_app: Callable[..., Starlette],
    make_client: Callable[[], AsyncVidesk],
    sandbox: Sandbox,
    make_room: Callable[[Sandbox], str],
    answered: tuple[int, str],
) -> None:
    """As in all integrations."""
    app = make_app(lifespan=videsk_lifespan(make_client))
    add_error_handlers(app)
    with TestClient(app) as browser:
        answer = browser.post(f"/rooms/{make_room(sandbox)}/guests")
    assert (answer.status_code, answer.json()["detail"]) == answered


def test_a_mounted_application_shares_the_client_and_answers_for_itself(
    make_client: Callable[[], AsyncVidesk], sandbox: Sandbox, path: str
) -> None:
    """By handlers of its own: when those of the other hear of it, the answer has been begun."""
    mounted, unanswered = fastapi_app(), fastapi_app()
    add_error_handlers(mounted)
    app = Starlette(
        routes=[Mount("/video", mounted), Mount("/bare", unanswered)],
        lifespan=videsk_lifespan(make_client),
    )
    add_error_handlers(app)
    with TestClient(app, raise_server_exceptions=False) as browser:
        assert browser.get(f"/video{path}").json() == {"name": "Support"}
        sandbox.faults.status(429, times=2)
        assert browser.get(f"/video{path}").status_code == 503
        assert browser.get(f"/bare{path}").status_code == 500


def test_an_application_chooses_its_answers(
    make_client: Callable[[], AsyncVidesk], sandbox: Sandbox, path: str
) -> None:
    """By a function of its own."""
    app = fastapi_app(lifespan=videsk_lifespan(make_client))
    add_error_handlers(app, in_spanish)
    sandbox.faults.status(403)
    with TestClient(app) as browser:
        answer = browser.get(path)
    assert (answer.status_code, answer.json()) == (500, {"detail": IN_SPANISH})


@pytest.mark.parametrize(("status", "code"), [(429, 1013), (403, 1011)])
def test_a_websocket_is_closed_on_an_error(
    make_client: Callable[[], AsyncVidesk], sandbox: Sandbox, path: str, status: int, code: int
) -> None:
    """With the code that says whether to come again."""
    app = fastapi_app(lifespan=videsk_lifespan(make_client))
    add_error_handlers(app)
    with TestClient(app) as browser:
        with browser.websocket_connect(f"{path}/live") as websocket:
            assert websocket.receive_json() == "Support"
        sandbox.faults.status(status)
        with (
            browser.websocket_connect(f"{path}/live") as websocket,
            pytest.raises(WebSocketDisconnect) as caught,
        ):
            websocket.receive_json()
    assert caught.value.code == code


def failing_websocket(*, closed: bool = False, detail: str = "Closed.") -> Starlette:
    """Make an application whose WebSocket has it fail, maybe after it was closed."""

    async def fail(websocket: WebSocket) -> None:
        await websocket.accept()
        if closed:
            await websocket.close()
        raise ConnectionFailedError("refused")

    app = Starlette(routes=[WebSocketRoute("/live", fail)])
    add_error_handlers(app, lambda _: HttpAnswer(503, detail))
    return app


def end_of(app: Starlette) -> WebSocketDisconnect:
    """Tell how its WebSocket is closed."""
    with (
        TestClient(app) as browser,
        browser.websocket_connect("/live") as websocket,
        pytest.raises(WebSocketDisconnect) as caught,
    ):
        websocket.receive_json()
    return caught.value


@pytest.mark.parametrize("detail", ["é" * 61, "é" * 62, "e" * 124], ids=["122", "124 of é", "124"])
def test_a_websocket_is_told_as_much_as_a_closing_frame_holds(detail: str) -> None:
    """123 bytes: servers refuse to send more, and the visitor would have no code either."""
    end = end_of(failing_websocket(detail=detail))
    assert (end.code, end.reason) == (1013, detail[: 123 // len(detail[0].encode())])


def test_a_websocket_that_is_closed_stays_as_it_is() -> None:
    """What failed afterwards is logged, and no error comes of answering."""
    assert end_of(failing_websocket(closed=True)).code == 1000


async def test_a_visitor_who_has_left_a_websocket_is_told_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As servers tell it, by an OSError; the API's failure is in the log, and nothing else."""

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        if message["type"] == "websocket.close":
            raise OSError("gone")

    await failing_websocket()({"type": "websocket", "path": "/live", "headers": []}, receive, send)
    assert [record.getMessage()[:30] for record in caplog.records] == [
        "the Rooms API failed: refused."
    ]
