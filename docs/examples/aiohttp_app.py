"""An aiohttp.web application with a video room for each ticket.

python aiohttp_app.py
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from videsk_rooms import AsyncVidesk, VideskError
from videsk_rooms.integrations.http import answer_to

VIDESK = web.AppKey("videsk", AsyncVidesk)


async def open_client(app: web.Application) -> AsyncIterator[None]:
    """Keep a client open while the server runs."""
    async with AsyncVidesk(timeout=10.0) as videsk:
        app[VIDESK] = videsk
        yield


async def enter(request: web.Request) -> web.StreamResponse:
    """Return an access token for the room of a ticket, creating the room if needed."""
    videsk = request.app[VIDESK]
    number = request.match_info["number"]
    room = await videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}", renew=True)
    access = await videsk.rooms.join(room)
    return web.json_response({"roomId": room.id, "accessToken": access.access_token})


@web.middleware
async def videsk_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn an error of the Rooms API into a response."""
    try:
        return await handler(request)
    except VideskError as error:
        answer = answer_to(error)
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)


def create_app() -> web.Application:
    """Create the application."""
    app = web.Application(middlewares=[videsk_errors])
    app.cleanup_ctx.append(open_client)
    app.router.add_post(r"/tickets/{number:\d+}/room", enter)
    return app


if __name__ == "__main__":
    web.run_app(create_app())
