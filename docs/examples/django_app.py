"""A Django project in one file, with a video room for each ticket.

gunicorn --config gunicorn.conf.py django_app:application
python django_app.py check
python django_app.py videsk doctor
"""

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

from videsk_rooms.integrations.django import videsk

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    INSTALLED_APPS=["videsk_rooms.integrations.django"],
    MIDDLEWARE=["videsk_rooms.integrations.django.middleware.VideskErrorMiddleware"],
    ROOT_URLCONF=__name__,
    # The file shares the rate limit between workers.
    VIDESK={"TIMEOUT": 10.0, "RATE_LIMIT_SHARED": "file:videsk-rooms.limit"},
)


@require_POST
def enter(request: HttpRequest, number: int) -> HttpResponse:
    """Return an access token for the room of a ticket, creating the room if needed."""
    room = videsk.rooms.get_or_create(f"ticket-{number}", name=f"Ticket {number}", renew=True)
    access = videsk.rooms.join(room)
    return JsonResponse({"roomId": room.id, "accessToken": access.access_token})


urlpatterns = [path("tickets/<int:number>/room", enter)]

if __name__ == "__main__":
    execute_from_command_line()
else:
    application = get_wsgi_application()
