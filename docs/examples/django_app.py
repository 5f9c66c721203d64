"""A Django application in one file, with a video room for each ticket.

gunicorn --config gunicorn.conf.py django_app:application
"""

from collections.abc import Callable

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST
from http_errors import http_error

from videsk_rooms import RateLimit, Videsk, VideskError

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    MIDDLEWARE=[f"{__name__}.VideskErrors"],
    ROOT_URLCONF=__name__,
)

# One client for the process and all its threads or greenlets. It may be made before a fork, starts
# its thread with the first call of each process, and closes itself when the process exits. By the
# file all workers keep the account's limit together.
videsk = Videsk(timeout=10.0, rate_limit=RateLimit(shared="file:videsk-rooms.pacing"))


@require_POST
def enter(request: HttpRequest, number: int) -> HttpResponse:
    """Let somebody into the room of a ticket; whoever comes first opens it."""
    room = videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}")
    access = videsk.rooms.join(room)
    return JsonResponse({"roomId": room.id, "accessToken": access.access_token})


class VideskErrors:
    """Middleware that answers for every view whose call of the Rooms API failed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request pass."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for an error of the client; leave all others to Django."""
        if not isinstance(error, VideskError):
            return None
        answer = http_error(error)
        return JsonResponse({"detail": answer.detail}, status=answer.status, headers=answer.headers)


urlpatterns = [path("tickets/<int:number>/room", enter)]
application = get_wsgi_application()
