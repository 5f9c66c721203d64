"""A Flask application whose page lets a person into the video room of a ticket.

flask --app browser_app run
"""

import math
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from flask import Flask, render_template
from flask.typing import ResponseReturnValue

from videsk_rooms import Room
from videsk_rooms.integrations.flask import FlaskVidesk

PAGE = Path(__file__).with_name("browser")

# Videsk's SDK, unless the environment names the stand-in of `videsk-rooms dev`.
SDK = os.environ.get("VIDESK_SDK_URL", "https://cdn.videsk.io/sdk/webrtc.esm.js")
SDK_HOST = SDK.partition("/sdk/")[0]
SDK_SOCKETS = SDK_HOST.replace("http", "ws", 1)

# Of other sites only Videsk's, as its documentation asks for: https://docs.videsk.io, "Cabeceras".
HEADERS = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' https://*.videsk.io {SDK_HOST}",
            "style-src 'self' https://*.videsk.io",
            f"connect-src 'self' https://*.videsk.io wss://*.videsk.io {SDK_HOST} {SDK_SOCKETS}",
            "media-src 'self' blob: https://*.videsk.io",
            "img-src 'self' data: https://*.videsk.io",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    ),
    "Permissions-Policy": ", ".join(
        f"{feature}=(self)"
        for feature in ("autoplay", "camera", "fullscreen", "microphone", "picture-in-picture")
    ),
}

videsk = FlaskVidesk()


def closed(room: Room) -> ResponseReturnValue | None:
    """Answer for a room that is over or not open yet; `None` for one that is open."""
    if room.is_over():
        return {"detail": "The room is over."}, 410
    now = datetime.now(timezone.utc)
    if room.nbf and room.nbf > now:
        # In seconds, because the clock of the browser may be wrong.
        opens_in = math.ceil((room.nbf - now).total_seconds())
        return {"detail": "The room is not open yet.", "opensIn": opens_in}, 409
    return None


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Make the application; a test configures another account."""
    app = Flask(__name__, static_folder=PAGE, static_url_path="/browser", template_folder=PAGE)
    app.config["VIDESK_TIMEOUT"] = 10.0
    app.config.from_mapping(config)
    videsk.init_app(app)

    @app.get("/tickets/<int:number>")
    def ticket(number: int) -> ResponseReturnValue:
        """Show the page, which reads the number from its own address."""
        return render_template("room.html", sdk=SDK), HEADERS

    @app.post("/tickets/<int:number>/room")
    def enter(number: int) -> ResponseReturnValue:
        """Let somebody into the room of a ticket; whoever comes first opens it."""
        room = videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}")
        if answer := closed(room):
            return answer
        access = videsk.rooms.join(room)
        answer = {"roomId": room.id, "accessToken": access.access_token}
        return answer, {"Cache-Control": "no-store"}

    return app
