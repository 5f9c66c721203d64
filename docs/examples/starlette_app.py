"""A Starlette application with a video room for each ticket.

uvicorn --workers 4 starlette_app:app
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from http_errors import http_error
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from videsk_rooms import AsyncVidesk, RateLimit, VideskError


class State(TypedDict):
    """What all requests of the application share."""

    videsk: AsyncVidesk


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[State]:
    """Open the client when the server starts, and close it when the server ends."""
    limit = RateLimit(shared="file:videsk-rooms.pacing")
    async with AsyncVidesk(timeout=10.0, rate_limit=limit) as videsk:
        yield {"videsk": videsk}


async def enter(request: Request) -> JSONResponse:
    """Let somebody into the room of a ticket; whoever comes first opens it."""
    videsk: AsyncVidesk = request.state.videsk
    number = request.path_params["number"]
    room = await videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}")
    access = await videsk.rooms.join(room)
    return JSONResponse({"roomId": room.id, "accessToken": access.access_token})


async def failed(request: Request, error: Exception) -> JSONResponse:
    """Answer for every endpoint whose call of the Rooms API failed."""
    if not isinstance(error, VideskError):
        raise error
    answer = http_error(error)
    return JSONResponse({"detail": answer.detail}, answer.status, answer.headers)


app = Starlette(
    routes=[Route("/tickets/{number:int}/room", enter, methods=["POST"])],
    exception_handlers={VideskError: failed},
    lifespan=lifespan,
)
