"""A FastAPI application with a video room for each ticket.

uvicorn --workers 4 fastapi_app:app
"""

from fastapi import FastAPI

from videsk_rooms import AsyncVidesk, RateLimit
from videsk_rooms.integrations.fastapi import VideskDep, add_error_handlers, videsk_lifespan


def make_client() -> AsyncVidesk:
    """Create the client of a worker; the file shares the rate limit between workers."""
    return AsyncVidesk(timeout=10.0, rate_limit=RateLimit(shared="file:videsk-rooms.limit"))


app = FastAPI(lifespan=videsk_lifespan(make_client))
add_error_handlers(app)


@app.post("/tickets/{number}/room")
async def enter(number: int, videsk: VideskDep) -> dict[str, str]:
    """Return an access token for the room of a ticket, creating the room if needed."""
    room = await videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}", renew=True)
    access = await videsk.rooms.join(room)
    return {"roomId": room.id, "accessToken": access.access_token}
