"""The views of the Django project of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import JsonResponse
from django.urls import path

from tests.integrations.rest import ARoomItself, OneRoom, Rooms
from videsk_rooms.integrations.django import async_videsk, videsk

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def blocking(request: HttpRequest, room: str) -> HttpResponse:
    """Retrieve a room."""
    return JsonResponse({"name": videsk.rooms.get(room).name})


async def awaited(request: HttpRequest, room: str) -> HttpResponse:
    """Retrieve a room."""
    return JsonResponse({"name": (await async_videsk.rooms.get(room)).name})


def joined(request: HttpRequest, room: str) -> HttpResponse:
    """Join a room."""
    return JsonResponse({"accessToken": videsk.rooms.join(room).access_token})


def broken(request: HttpRequest) -> HttpResponse:
    """Fail for a reason of its own."""
    raise KeyError("mine")


urlpatterns = [
    path("blocking/<room>", blocking),
    path("awaited/<room>", awaited),
    path("joined/<room>", joined),
    path("broken", broken),
    path("rest/rooms", Rooms.as_view()),
    path("rest/rooms/<room>", OneRoom.as_view()),
    path("rest/itself/<room>", ARoomItself.as_view()),
]
