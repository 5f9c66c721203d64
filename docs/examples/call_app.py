"""A FastAPI application whose page brings everybody who opens it into one call.

uvicorn call_app:app
"""

import os
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from videsk_rooms.integrations.fastapi import VideskDep, add_error_handlers, videsk_lifespan

SDK = os.environ.get("VIDESK_SDK_URL", "https://cdn.videsk.io/sdk/webrtc.esm.js")
PAGE = Path(__file__).parent / "call" / "call.html"

app = FastAPI(lifespan=videsk_lifespan())
add_error_handlers(app)


@app.get("/", response_class=HTMLResponse)
async def show() -> str:
    """Show the page."""
    return PAGE.read_text(encoding="utf-8").replace("SDK_URL", SDK)


@app.post("/token")
async def enter(videsk: VideskDep) -> dict[str, str]:
    """Let somebody in; whoever comes first opens the room."""
    room = await videsk.rooms.get_or_create("first-call", name="First call", renew=True)
    access = await videsk.rooms.join(room)
    return {"accessToken": access.access_token}
