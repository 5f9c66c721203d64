"""An async Django project in one file, with a video room for each ticket.

uvicorn --workers 4 django_asgi_app:application
"""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

from videsk_rooms.integrations.django import async_videsk

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    INSTALLED_APPS=["videsk_rooms.integrations.django"],
    MIDDLEWARE=["videsk_rooms.integrations.django.middleware.VideskErrorMiddleware"],
    ROOT_URLCONF=__name__,
    VIDESK={"TIMEOUT": 10.0, "RATE_LIMIT_SHARED": "file:videsk-rooms.limit"},
)


@require_POST
async def enter(request: HttpRequest, number: int) -> HttpResponse:
    """Return an access token for the room of a ticket, creating the room if needed."""
    room = await async_videsk.rooms.get_or_create(
        f"ticket-{number}", name=f"Ticket {number}", renew=True
    )
    access = await async_videsk.rooms.join(room)
    return JsonResponse({"roomId": room.id, "accessToken": access.access_token})


urlpatterns = [path("tickets/<int:number>/room", enter)]
application = get_asgi_application()
