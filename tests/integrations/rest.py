"""Views of Django REST framework for rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from videsk_rooms.integrations.django import videsk

if TYPE_CHECKING:
    from rest_framework.request import Request


class RoomSerializer(serializers.Serializer):
    """The fields of a room that visitors see, and those that they may set."""

    id = serializers.CharField(read_only=True)
    name = serializers.CharField(max_length=500)
    exp = serializers.DateTimeField(required=False)
    is_over = serializers.BooleanField(read_only=True)


class Rooms(APIView):
    """All rooms, and a new one."""

    def get(self, request: Request) -> Response:
        """Give a page, by a serializer."""
        return Response(RoomSerializer(videsk.rooms.list(), many=True).data)

    def post(self, request: Request) -> Response:
        """Create a room with what was sent, checked by a serializer."""
        asked = RoomSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        fields: Any = asked.validated_data
        return Response(RoomSerializer(videsk.rooms.create(**fields)).data)


class OneRoom(APIView):
    """One room."""

    def get(self, request: Request, room: str) -> Response:
        """Give it as the API writes it."""
        return Response(videsk.rooms.get(room).to_dict())


class ARoomItself(APIView):
    """A mistake: a room is not JSON."""

    def get(self, request: Request, room: str) -> Response:
        """Give the object."""
        return Response(videsk.rooms.get(room))
