"""The page of `docs/examples/browser` under Django, which lets nobody post without its token.

`python -m tests.browser.django_site` prints its URL, and serves until its input ends.
"""

from __future__ import annotations

import sys

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.static import serve

from tests.browser.support import served
from tests.docs.blocks import EXAMPLES
from videsk_rooms import Videsk

TEMPLATES = "django.template.loaders.locmem.Loader"
PAGE = (EXAMPLES / "browser" / "room.html").read_text(encoding="utf-8")
# The one change that the guide names.
TEMPLATE = PAGE.replace(
    'name="csrf-token" content=""', 'name="csrf-token" content="{{ csrf_token }}"'
)


def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Show the page."""
    return render(request, "room.html")


def enter(request: HttpRequest, number: int) -> HttpResponse:
    """Let somebody into the room of a ticket."""
    room = videsk.rooms.get_or_create(f"ticket-{number}")
    return JsonResponse({"accessToken": videsk.rooms.join(room).access_token})


urlpatterns = [
    path("tickets/<int:number>", ticket),
    path("tickets/<int:number>/room", enter),
    path("browser/<path>", serve, {"document_root": EXAMPLES / "browser"}),
]

if __name__ == "__main__":
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="of-the-tests",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": [(TEMPLATES, {"room.html": TEMPLATE})]},
            }
        ],
    )
    with Videsk() as videsk, served(get_wsgi_application()) as url:
        print(url, flush=True)
        sys.stdin.read()
