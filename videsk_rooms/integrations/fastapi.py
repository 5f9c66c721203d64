"""Video rooms in a FastAPI application: one client, as a dependency.

```python
from fastapi import FastAPI
from videsk_rooms.integrations.fastapi import VideskDep, add_error_handlers, videsk_lifespan

app = FastAPI(lifespan=videsk_lifespan())
add_error_handlers(app)


@app.post("/rooms/{room}/guests")
async def join(room: str, videsk: VideskDep) -> dict[str, str]:
    access = await videsk.rooms.join(room)
    return {"accessToken": access.access_token}
```

A test can replace the client: `app.dependency_overrides[get_videsk] = lambda: client`.
"""

from typing import Annotated, TypeAlias

from fastapi import Depends
from starlette.requests import HTTPConnection

from videsk_rooms import AsyncVidesk

from .starlette import VideskState, add_error_handlers, videsk_lifespan, videsk_of

__all__ = ["VideskDep", "VideskState", "add_error_handlers", "get_videsk", "videsk_lifespan"]


async def get_videsk(connection: HTTPConnection) -> AsyncVidesk:
    """Return the client that the lifespan opened; a dependency, which tests can override.

    Args:
        connection: The request or the WebSocket.

    Returns:
        The client.

    Raises:
        ConfigurationError: No lifespan has yielded a client.

    Example:
        ```python
        from typing import Annotated
        from fastapi import Depends, FastAPI
        from videsk_rooms import AsyncVidesk
        from videsk_rooms.integrations.fastapi import get_videsk, videsk_lifespan

        app = FastAPI(lifespan=videsk_lifespan())

        @app.post("/rooms/{room}/end")
        async def end(room: str, videsk: Annotated[AsyncVidesk, Depends(get_videsk)]) -> None:
            await videsk.rooms.end(room)
        ```
    """
    # A coroutine, because FastAPI runs plain dependencies in a thread.
    return videsk_of(connection)


VideskDep: TypeAlias = Annotated[AsyncVidesk, Depends(get_videsk)]
"""The client, as the type of an argument of an endpoint or a dependency."""
