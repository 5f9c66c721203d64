"""A Django application in one file, awaited, with a video room for each ticket.

uvicorn --workers 4 django_asgi_app:application
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST
from http_errors import http_error

from videsk_rooms import AsyncVidesk, RateLimit, VideskError

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    MIDDLEWARE=[f"{__name__}.VideskErrors"],
    ROOT_URLCONF=__name__,
)

# Django has no hook for the end of the server. None is needed: connections belong to the event loop
# that opened them, and close with it.
videsk = AsyncVidesk(timeout=10.0, rate_limit=RateLimit(shared="file:videsk-rooms.pacing"))


@require_POST
async def enter(request: HttpRequest, number: int) -> HttpResponse:
    """Let somebody into the room of a ticket; whoever comes first opens it."""
    room = await videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}")
    access = await videsk.rooms.join(room)
    return JsonResponse({"roomId": room.id, "accessToken": access.access_token})


class VideskErrors:
    """Middleware that answers for every view whose call of the Rooms API failed."""

    sync_capable = False
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> None:
        self._get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request pass."""
        return await self._get_response(request)

    async def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """Answer for an error of the client; leave all others to Django."""
        if not isinstance(error, VideskError):
            return None
        answer = http_error(error)
        return JsonResponse({"detail": answer.detail}, status=answer.status, headers=answer.headers)


urlpatterns = [path("tickets/<int:number>/room", enter)]
application = get_asgi_application()
