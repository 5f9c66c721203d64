"""A FastAPI application with a video room for each ticket.

uvicorn --workers 4 fastapi_app:app
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from http_errors import http_error

from videsk_rooms import AsyncVidesk, RateLimit, VideskError


class State(TypedDict):
    """What all requests of the application share."""

    videsk: AsyncVidesk


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[State]:
    """Open the client when the server starts, and close it when the server ends."""
    # By the file all workers keep the account's limit together.
    limit = RateLimit(shared="file:videsk-rooms.pacing")
    async with AsyncVidesk(timeout=10.0, rate_limit=limit) as videsk:
        yield {"videsk": videsk}


def videsk_of(request: Request) -> AsyncVidesk:
    """Hand out the client; a test overrides this."""
    videsk: AsyncVidesk = request.state.videsk
    return videsk


app = FastAPI(lifespan=lifespan)


@app.post("/tickets/{number}/room")
async def enter(number: int, videsk: Annotated[AsyncVidesk, Depends(videsk_of)]) -> dict[str, str]:
    """Let somebody into the room of a ticket; whoever comes first opens it."""
    room = await videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}")
    access = await videsk.rooms.join(room)
    return {"roomId": room.id, "accessToken": access.access_token}


@app.exception_handler(VideskError)
async def failed(request: Request, error: VideskError) -> JSONResponse:
    """Answer for every endpoint whose call of the Rooms API failed."""
    answer = http_error(error)
    return JSONResponse({"detail": answer.detail}, answer.status, answer.headers)
