"""A Flask application with a video room for each ticket.

gunicorn --config gunicorn.conf.py 'flask_app:create_app()'
"""

from flask import Flask
from flask.typing import ResponseReturnValue
from http_errors import http_error

from videsk_rooms import RateLimit, Videsk, VideskError


def create_app(videsk: Videsk | None = None) -> Flask:
    """Make the application, on a client of its own unless a test brings one."""
    app = Flask(__name__)
    # One client for the process and all its threads or greenlets. It may be made before a fork,
    # starts its thread with the first call of each process, and closes itself when the process
    # exits. By the file all workers keep the account's limit together.
    client = videsk or Videsk(timeout=10.0, rate_limit=RateLimit(shared="file:videsk-rooms.pacing"))

    @app.post("/tickets/<int:number>/room")
    def enter(number: int) -> ResponseReturnValue:
        """Let somebody into the room of a ticket; whoever comes first opens it."""
        room = client.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}")
        access = client.rooms.join(room)
        return {"roomId": room.id, "accessToken": access.access_token}

    @app.errorhandler(VideskError)
    def failed(error: VideskError) -> ResponseReturnValue:
        answer = http_error(error)
        return {"detail": answer.detail}, answer.status, answer.headers

    return app
