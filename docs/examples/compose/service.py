"""A service with a video room for each ticket; its environment says where Videsk is."""

from fastapi import FastAPI

from videsk_rooms.integrations.fastapi import VideskDep, add_error_handlers, videsk_lifespan

app = FastAPI(lifespan=videsk_lifespan())
add_error_handlers(app)


@app.post("/tickets/{number}/room")
async def enter(number: int, videsk: VideskDep) -> dict[str, str]:
    """Let somebody into the room of a ticket."""
    room = await videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}")
    access = await videsk.rooms.join(room)
    return {"roomId": room.id, "accessToken": access.access_token}
