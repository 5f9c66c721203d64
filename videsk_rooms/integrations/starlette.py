"""Video rooms in a Starlette application: one client, opened and closed with the server.

```python
from starlette.applications import Starlette
from videsk_rooms.integrations.starlette import add_error_handlers, videsk_lifespan

app = Starlette(lifespan=videsk_lifespan())
add_error_handlers(app)
```
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TypedDict

from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from videsk_rooms import AsyncVidesk, ConfigurationError, VideskError

from .http import ChooseAnswer, HttpAnswer, answer_to, http_answer

__all__ = ["VideskState", "add_error_handlers", "videsk_lifespan", "videsk_of"]

# Close codes of a WebSocket: https://www.iana.org/assignments/websocket
_INTERNAL_ERROR, _TRY_AGAIN_LATER = 1011, 1013
_REASON_BYTES = 123  # the longest reason that fits in a close frame: RFC 6455, 5.5


class VideskState(TypedDict):
    """State that the lifespan yields for all requests; an application's lifespan may add to it.

    Attributes:
        videsk: The application's client.
    """

    videsk: AsyncVidesk


def videsk_lifespan(
    make_client: Callable[[], AsyncVidesk] = AsyncVidesk,
) -> Callable[[Starlette], AbstractAsyncContextManager[VideskState]]:
    """Return a lifespan that opens the client when the server starts, and closes it at shutdown.

    An application with its own lifespan does not need this: it can open an `AsyncVidesk` there, and
    yield it under the key `videsk`.

    Args:
        make_client: Creates the client. It is only called when the server starts, so the
            application can be imported without a token.

    Returns:
        A lifespan for `Starlette(lifespan=…)` or `FastAPI(lifespan=…)`.

    Example:
        ```python
        from starlette.applications import Starlette
        from videsk_rooms import AsyncVidesk
        from videsk_rooms.integrations.starlette import videsk_lifespan

        app = Starlette(lifespan=videsk_lifespan(lambda: AsyncVidesk(timeout=10.0)))
        ```
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[VideskState]:
        async with make_client() as videsk:
            yield {"videsk": videsk}

    return lifespan


def videsk_of(connection: HTTPConnection) -> AsyncVidesk:
    """Return the client that the lifespan opened.

    Args:
        connection: The request or the WebSocket.

    Returns:
        The client.

    Raises:
        ConfigurationError: No lifespan has yielded a client.

    Example:
        ```python
        from starlette.requests import Request
        from starlette.responses import JSONResponse
        from videsk_rooms.integrations.starlette import videsk_of

        async def enter(request: Request) -> JSONResponse:
            access = await videsk_of(request).rooms.join(request.path_params["room"])
            return JSONResponse({"accessToken": access.access_token})
        ```
    """
    client: AsyncVidesk | None = getattr(connection.state, "videsk", None)
    if client is None:
        raise ConfigurationError(
            "no lifespan of this application has opened a client; give the application "
            "lifespan=videsk_lifespan(), or yield {'videsk': client} in its own lifespan; "
            "Starlette's TestClient runs it in a with block only"
        )
    return client


def add_error_handlers(app: Starlette, choose_answer: ChooseAnswer = http_answer) -> None:
    """Add handlers that respond for endpoints whose call of the Rooms API failed.

    A WebSocket is closed with code 1013 for transient errors, and with 1011 for others.

    Args:
        app: The application. An application mounted in another shares that one's client, but
            needs separate error handlers.
        choose_answer: Chooses the response.

    Example:
        ```python
        from starlette.applications import Starlette
        from videsk_rooms.integrations.starlette import add_error_handlers, videsk_lifespan

        app = Starlette(lifespan=videsk_lifespan())
        add_error_handlers(app)
        ```
    """

    async def failed(connection: HTTPConnection, error: Exception) -> JSONResponse | None:
        assert isinstance(error, VideskError)  # noqa: S101 - for the type checker
        answer = answer_to(error, choose_answer)
        if isinstance(connection, WebSocket):
            await _close(connection, answer)
            return None
        return JSONResponse(answer.body, answer.status, answer.headers)

    app.add_exception_handler(VideskError, failed)  # type: ignore[arg-type]  # one for both kinds


async def _close(websocket: WebSocket, answer: HttpAnswer) -> None:
    """Close a WebSocket, unless either side has closed it already."""
    if websocket.application_state is WebSocketState.DISCONNECTED:
        return
    code = _TRY_AGAIN_LATER if answer.status == 503 else _INTERNAL_ERROR
    reason = answer.detail.encode()[:_REASON_BYTES].decode(errors="ignore")
    with suppress(WebSocketDisconnect):
        await websocket.close(code, reason)
