"""A Starlette application with a video room for each ticket.

uvicorn --workers 4 starlette_app:app
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from videsk_rooms import AsyncVidesk, RateLimit
from videsk_rooms.integrations.starlette import add_error_handlers, videsk_lifespan, videsk_of


def make_client() -> AsyncVidesk:
    """Create the client of a worker; the file shares the rate limit between workers."""
    return AsyncVidesk(timeout=10.0, rate_limit=RateLimit(shared="file:videsk-rooms.limit"))


async def enter(request: Request) -> JSONResponse:
    """Return an access token for the room of a ticket, creating the room if needed."""
    rooms = videsk_of(request).rooms
    number = request.path_params["number"]
    room = await rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}", renew=True)
    access = await rooms.join(room)
    return JSONResponse({"roomId": room.id, "accessToken": access.access_token})


app = Starlette(
    routes=[Route("/tickets/{number:int}/room", enter, methods=["POST"])],
    lifespan=videsk_lifespan(make_client),
)
add_error_handlers(app)
