"""An operation of the API, and its refusal. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

import attrs

from videsk_rooms.models import Room

from . import validation as check
from .headers import http_date
from .message import Request, Response

if TYPE_CHECKING:
    from videsk_rooms.errors import RoomState

# In the words of the API's messages. They may change without notice, so a remedy that relies on
# them must also be right without them.
_OF_TOKENS = re.compile(r"(?i)\b(integration token|api[- ]?token|access to|administrator|ip)\b")
_OF_START = re.compile(
    r"(?i)\b(yet|early|nbf|opens|not active|not (?:been )?(?:opened|started|begun)"
    r"|hasn't (?:opened|started|begun))\b"
)
_OF_END = re.compile(
    r"(?i)\b((?:is|was) (?:already )?over|(?<!not )ended|closed|expired|finished|in the past)\b"
)
# The statuses below 500 that refuse a request's content, and not its sender or its frequency.
_REFUSALS = frozenset({400, 403, 404, 409, 410, 422})
_DATE_PRECISION = timedelta(seconds=1)
_ROOM_IN_PATH = re.compile(r"/vpaas/rooms/([^/]+)(?:/[^/]+)?/?")
_OBJECT_ID = re.compile(r"[0-9A-Fa-f]{24}")


def is_object_id(value: str) -> bool:
    """Return whether a text has the form of a room's id: 24 hex digits."""
    return _OBJECT_ID.fullmatch(value) is not None


def room_in_path(path: str) -> str | None:
    """Return the part of a path where a room id belongs, percent-encoded."""
    match = _ROOM_IN_PATH.fullmatch(path)
    return None if match is None else match[1]


@attrs.frozen
class Refusal:
    """A response of 400 or more, and the request that it refuses.

    Attributes:
        request: The request.
        response: The response.
        words: The API's words, details included.
        operation: The operation that was refused, if it is one of the API's.
    """

    request: Request
    response: Response
    words: str
    operation: Operation | None

    @property
    def room_id(self) -> str | None:
        """The part of the path where a room id belongs, percent-encoded; `None` if it has none."""
        return room_in_path(self.request.path)

    @property
    def has_room_id(self) -> bool:
        """Whether the path has a room id, and not an id that can only be an external one.

        The id of a `Room` is an id of the API, whatever its format.
        """
        return self.request.room is not None or is_object_id(self.room_id or "")

    @property
    def is_about_token(self) -> bool:
        """Whether the API speaks of the token, or of permissions."""
        return _OF_TOKENS.search(self.words) is not None

    @property
    def room_state(self) -> RoomState | None:
        """The state that the room was refused for; `None` for another reason, or an unknown one.

        Which status refuses a join then is not documented (docs/api.md, "Operations"). So the API's
        words decide, then the caller's own `Room`, then a status of 410.
        """
        status = self.response.status
        if self.room_id is None or status not in _REFUSALS:
            return None
        if status == 403 and self.is_about_token:
            return None
        enters = self.operation is not None and self.operation.enters
        # A 403 does not refuse input, so it is not about the times that were sent.
        told = self.told_state if enters or status == 403 else None
        own = self._own_state if enters and status != 404 else None
        return told or own or ("over" if status == 410 else None)

    @property
    def told_state(self) -> RoomState | None:
        """The state of the room according to the API's message, if it mentions one."""
        if self.room_id is None:
            return None
        # Without the id that it repeats, such as `closed-beta`.
        words = self.words.replace(unquote(self.room_id), "").replace(self.room_id, "")
        if _OF_START.search(words):
            return "not open yet"
        return "over" if _OF_END.search(words) else None

    @property
    def _own_state(self) -> RoomState | None:
        room = self.request.room
        if room is not None and room.is_over(self.server_time):
            return "over"
        return "not open yet" if self.is_early else None

    @property
    def is_early(self) -> bool:
        """Whether the caller's own `Room` opens later, by more than the part that `Date` cuts."""
        room = self.request.room
        opens_at = None if room is None else room.nbf
        return opens_at is not None and opens_at >= self.server_time + _DATE_PRECISION

    @property
    def server_time(self) -> datetime:
        """The server's time, or this machine's if the response has no date."""
        return http_date(self.response.headers.get("date", "")) or self.local_time

    @property
    def local_time(self) -> datetime:
        """The time on this machine when the response arrived."""
        last = self.response.attempts[-1]
        return last.started_at + timedelta(seconds=last.duration)


Remedy: TypeAlias = "str | Callable[[Refusal], str]"

OTHER = 0
"""Stands for the statuses below 500 that have no specific remedy."""


@attrs.frozen
class Operation:
    """The fixed facts of an operation.

    Attributes:
        name: How hooks and logs name it, such as `rooms.create`.
        method: The HTTP method.
        template: The path, with `{roomId}` instead of an id.
        remedies: What its errors suggest, by status; 400 also stands for 422. A status without an
            entry has the remedy of all operations.
        repeatable: Whether a request whose response was lost may be sent again, although it may
            have been processed.
        enters: Whether it asks for a token to enter a room. It sends no times, so a time in the
            response is the room's own.
    """

    name: str
    method: str
    template: str
    remedies: Mapping[int, Remedy] = attrs.field(factory=dict)
    repeatable: bool = attrs.field(kw_only=True)
    enters: bool = attrs.field(kw_only=True, default=False)

    def request(
        self,
        room: object = None,
        *,
        query: str = "",
        body: bytes | None = None,
        external_id: str | None = None,
    ) -> Request:
        """Build a request; `room` is what the path names, if it names one."""
        path = self.template
        if "{roomId}" in path:
            path = path.replace("{roomId}", check.room_id("room", room))
        return Request(
            self.name,
            self.method,
            path,
            self.template,
            query=query,
            body=body,
            external_id=external_id,
            repeatable=self.repeatable,
            room=room if isinstance(room, Room) else None,
        )

    def matches(self, request: Request) -> bool:
        """Return whether a request, whatever its name, is one of this operation."""
        path = request.path.rstrip("/")
        room = room_in_path(path)
        expected = self.template if room is None else self.template.replace("{roomId}", room)
        return self.method == request.method and path == expected
