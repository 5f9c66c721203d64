"""A Flask application with a video room for each ticket.

gunicorn --config gunicorn.conf.py 'flask_app:create_app()'
flask --app flask_app videsk doctor
"""

from collections.abc import Mapping

from flask import Flask
from flask.typing import ResponseReturnValue

from videsk_rooms.integrations.flask import FlaskVidesk

videsk = FlaskVidesk()


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Create the application; tests configure another account."""
    app = Flask(__name__)
    # The file shares the rate limit between workers.
    app.config["VIDESK_RATE_LIMIT_SHARED"] = "file:videsk-rooms.limit"
    app.config["VIDESK_TIMEOUT"] = 10.0
    app.config.from_mapping(config)
    videsk.init_app(app)

    @app.post("/tickets/<int:number>/room")
    def enter(number: int) -> ResponseReturnValue:
        """Return an access token for the room of a ticket, creating the room if needed."""
        room = videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}", renew=True)
        access = videsk.rooms.join(room)
        return {"roomId": room.id, "accessToken": access.access_token}

    return app
