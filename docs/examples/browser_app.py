"""A Flask application with a page that joins the video room of a ticket.

flask --app browser_app run
"""

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from flask import Flask
from flask.typing import ResponseReturnValue

from videsk_rooms import Room
from videsk_rooms.integrations.flask import FlaskVidesk

PAGE = Path(__file__).with_name("browser")

# Only Videsk's hosts, as its documentation asks: https://docs.videsk.io, "Cabeceras".
HEADERS = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self' https://*.videsk.io",
            "style-src 'self' https://*.videsk.io",
            "connect-src 'self' https://*.videsk.io wss://*.videsk.io",
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
    """Respond for a room that has ended or is not open yet; `None` if it is open."""
    if room.is_over():
        return {"detail": "The room is over."}, 410
    now = datetime.now(timezone.utc)
    if room.nbf and room.nbf > now:
        # In seconds, because the browser's clock may be wrong.
        opens_in = math.ceil((room.nbf - now).total_seconds())
        return {"detail": "The room is not open yet.", "opensIn": opens_in}, 409
    return None


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Create the application; tests configure another account."""
    app = Flask(__name__, static_folder=PAGE, static_url_path="/browser")
    app.config["VIDESK_TIMEOUT"] = 10.0
    app.config.from_mapping(config)
    videsk.init_app(app)

    @app.get("/tickets/<int:number>")
    def ticket(number: int) -> ResponseReturnValue:
        """Serve the page, which reads the number from its URL."""
        return app.send_static_file("room.html"), HEADERS

    @app.post("/tickets/<int:number>/room")
    def enter(number: int) -> ResponseReturnValue:
        """Return an access token for the room of a ticket, creating the room if needed."""
        room = videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}")
        if answer := closed(room):
            return answer
        access = videsk.rooms.join(room)
        answer = {"roomId": room.id, "accessToken": access.access_token}
        return answer, {"Cache-Control": "no-store"}

    return app
