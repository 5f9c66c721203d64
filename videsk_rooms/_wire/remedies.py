"""Remedies: what an error of the API says to do, by operation and status. No I/O.

`_TABLE`, at the end, has a row for each status; what a refused `join` says is in `_of_join` and
`_window`. The statuses of each operation are in docs/api.md, "Operations". Where it leaves open
what a status means, a remedy names each plausible cause.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

import attrs

from videsk_rooms._quoting import ID_LENGTH, shown

from .headers import http_date, server_wait
from .message import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable


_PATH = re.compile(r"/vpaas/rooms(?:/(?P<room>[^/]+)(?:/(?P<part>join|stats))?)?/?")
_OPERATIONS = {
    ("GET", "rooms"): "list",
    ("POST", "rooms"): "create",
    ("GET", "room"): "get",
    ("PATCH", "room"): "update",
    ("DELETE", "room"): "delete",
    ("POST", "join"): "join",
    ("GET", "stats"): "stats",
}
_OBJECT_ID = re.compile(r"[0-9A-Fa-f]{24}")

# In the words of the API's messages. They may change without notice, so that a remedy which leans
# on them is right without them as well.
_OF_TOKENS = re.compile(r"(?i)\b(integration token|api[- ]?token|access to|administrator|ip)\b")
_OF_TIME = re.compile(
    r"(?i)\b(end|ends|ended|over|closed?|expired?|expiration|finished|past|future|early|started"
    r"|opens?|active|yet|exp|nbf)\b"
)
_OF_PAYLOAD_TIMES = re.compile(r"(?i)\b(exp|nbf|expir\w*|future|past)\b")
# A `Date` is cut to seconds, and an answer takes a while.
_CLOCK_TOLERANCE = timedelta(seconds=60)


@attrs.frozen
class Refusal:
    """An answer of 400 or more, and the request that it refuses.

    Attributes:
        request: What was asked.
        response: What came back.
        words: What the API says, details included.
        operation: One of the API's operations, or `end`; empty for a path that is none of them.
        room_id: What stands in the path where a room id belongs, percent-encoded.
    """

    request: Request
    response: Response
    words: str
    operation: str
    room_id: str | None

    @property
    def has_room_id(self) -> bool:
        """Whether the path names a room, and not by what can only be an external id."""
        return self.room_id is not None and _OBJECT_ID.fullmatch(self.room_id) is not None

    @property
    def is_about_time(self) -> bool:
        """Whether the API speaks of a room that is over, or not open yet."""
        return self.room_id is not None and _OF_TIME.search(self.words) is not None

    @property
    def is_about_token(self) -> bool:
        """Whether the API speaks of the token, or of who may do what."""
        return _OF_TOKENS.search(self.words) is not None

    @property
    def now(self) -> datetime:
        """The time there, or here if the answer has no date."""
        return http_date(self.response.headers.get("date", "")) or self.here

    @property
    def here(self) -> datetime:
        """The time on this machine when the answer came."""
        last = self.response.attempts[-1]
        return last.started_at + timedelta(seconds=last.duration)


def remedy(request: Request, response: Response, words: str) -> str:
    """Return what to do about an error of the API, as whole sentences."""
    refusal = _refusal(request, response, words)
    others = _OF_SERVER if response.status >= 500 else _OF_OTHERS
    by_operation = _TABLE.get(response.status, others)
    found = by_operation.get(refusal.operation) or by_operation[_EVERY]
    return found if isinstance(found, str) else found(refusal)


def remedy_of_page(response: Response) -> str:
    """Return what to do where a firewall or proxy answered in place of the API."""
    status = response.status
    whom = "whoever runs it"
    if status == 407:
        return "A proxy asks for credentials: give them in proxy=, or in HTTPS_PROXY."
    if status == 429:
        return (
            f"A firewall or proxy limits the rate. {_later(response)} and lower the rate of all "
            "processes."
        )
    if status >= 500 or status in {408, 425}:
        return (
            f"A firewall or proxy answered in place of the API. {_later(response)}; if it "
            f"persists, check base_url and proxy, and give the request id to {whom}."
        )
    return (
        "A firewall or proxy answered in place of the API: check base_url and proxy, and give the "
        f"request id to {whom}."
    )


def names_a_room(request: Request) -> bool:
    """Return whether the path of a request names a room."""
    match = _PATH.fullmatch(request.path)
    return match is not None and match["room"] is not None


def _refusal(request: Request, response: Response, words: str) -> Refusal:
    match = _PATH.fullmatch(request.path)
    if match is None:
        return Refusal(request, response, words, "", None)
    place = match["part"] or ("rooms" if match["room"] is None else "room")
    operation = _OPERATIONS.get((request.method, place), "")
    if request.operation == "rooms.end":
        operation = "end"
    return Refusal(request, response, words, operation, match["room"])


# -- by status -----------------------------------------------------------------------------------


def _of_fields(refusal: Refusal) -> str:
    told = "Correct the input; errors says which field, if the API told."
    return f"{_clock(refusal)}{told}{_not_a_room_id(refusal)}"


def _of_view(refusal: Refusal) -> str:
    return f"Ask for another view: the API may not have this one.{_not_a_room_id(refusal)}"


def _of_end(refusal: Refusal) -> str:
    told = "The room may be over already: rooms.get() tells its ended and exp."
    return f"{told}{_not_a_room_id(refusal)}"


def _of_unknown_token(refusal: Refusal) -> str:
    if "expired" in refusal.words:
        return (
            "The API token is past its end: make a new one in the dashboard, and set "
            "VIDESK_API_TOKEN or api_token= to it."
        )
    if "header" in refusal.words:
        return (
            "The token did not arrive as it was sent: check base_url and whatever stands between "
            "this machine and the API, which may remove the Authorization header."
        )
    return (
        "Check the API token (VIDESK_API_TOKEN or api_token=): it may be mistyped, removed from "
        "the dashboard, or not of type api-token."
    )


def _of_forbidden(refusal: Refusal) -> str:
    if removed := _of_removed_token(refusal):
        return removed
    if refusal.is_about_time and not refusal.is_about_token:
        return _of_time(refusal)
    return _RIGHTS


def _of_forbidden_deletion(refusal: Refusal) -> str:
    if removed := _of_removed_token(refusal):
        return removed
    if refusal.is_about_token:
        return f"{_END_INSTEAD} If that is refused too: {_RIGHTS}"
    return _END_INSTEAD


def _of_forbidden_join(refusal: Refusal) -> str:
    if removed := _of_removed_token(refusal):
        return removed
    window = _window(refusal)
    if refusal.is_about_token:
        return f"{window} If that is not why: {_RIGHTS}" if window else _RIGHTS
    if refusal.is_about_time:
        return _of_join(refusal)
    return window or f"{_WHEN_OPEN} If the room is open: {_RIGHTS}"


def _of_removed_token(refusal: Refusal) -> str:
    if "invalid or was removed" not in refusal.words:
        return ""
    return (
        "Look in the dashboard whether the token is still there; if not, make a new one, and set "
        "VIDESK_API_TOKEN or api_token= to it."
    )


def _of_missing(refusal: Refusal) -> str:
    if refusal.room_id is None:
        return "Check the path, and base_url, which ends before /vpaas."
    if refusal.is_about_time:
        return _of_time(refusal)
    if not refusal.has_room_id:
        return _not_a_room_id(refusal).lstrip()
    if refusal.request.room is not None:
        return "The room is no longer there, or belongs to another account than the token."
    return f"Check the room id. {_BY_EXTERNAL_ID}"


def _of_nothing_to_get(refusal: Refusal) -> str:
    if refusal.has_room_id or refusal.is_about_time:
        return _of_missing(refusal)
    return (
        "No room has this id, nor this external id. rooms.get_by_external_id() also finds external "
        "ids that a path cannot hold."
    )


def _of_missing_stats(refusal: Refusal) -> str:
    return (
        "These statistics may not be there yet: a summary is there once the session is compiled. "
        "Try again later, or ask for view='snapshot', which is computed live. rooms.get() tells "
        f"whether the room is there.{_not_a_room_id(refusal)}"
    )


def _of_method(refusal: Refusal) -> str:
    return f"This path takes no {refusal.request.method}: check the method and the path."


def _of_conflicting_change(refusal: Refusal) -> str:
    if b'"externalId"' in (refusal.request.body or b""):
        return (
            "Another room has this external_id: choose another one, or find that room with "
            "rooms.get_by_external_id()."
        )
    return _STATE


def _of_gone(refusal: Refusal) -> str:
    if refusal.room_id is not None:
        return f"The room is over, or no longer there. {_ANOTHER_ROOM}"
    return "Check the path: what it names is no longer there."


Remedy: TypeAlias = "str | Callable[[Refusal], str]"

_EVERY = "*"
"""The operations that a row does not name."""

_END_INSTEAD = (
    "The API deletes no rooms. Rooms are ended instead: call rooms.end(), and nobody can join any "
    "more."
)
_RIGHTS = "Check in the dashboard that the token may do this, and from this IP address."
_BY_EXTERNAL_ID = "Your own id is looked up with rooms.get_by_external_id()."
_STATE = (
    "The room is in a state that does not allow this: look at it with rooms.get(), and try again."
)
_ANOTHER_ROOM = "Create another one."
_WHEN_OPEN = (
    "A room can be joined from its nbf until its exp, unless it was ended: rooms.get() tells all "
    "three."
)


# -- parts ---------------------------------------------------------------------------------------


def _support(refusal: Refusal) -> str:
    what = "the request id" if refusal.response.request_id else "the time of the call"
    return f"If it persists, send Videsk support {what}."


def _of_room_gone(refusal: Refusal) -> str:
    return _window(refusal) or f"The room is over. {_ANOTHER_ROOM}"


def _of_time(refusal: Refusal) -> str:
    if refusal.operation == "join":
        return _of_join(refusal)
    if refusal.operation == "get":
        return f"The room is over, or not open yet. {_ANOTHER_ROOM}"
    return "The room is over, or not open yet: rooms.get() tells its nbf, exp and ended."


def _window(refusal: Refusal) -> str:
    """Say why a room cannot be joined, as far as the caller's own `Room` tells."""
    room, now = refusal.request.room, refusal.now
    if room is None:
        return ""
    if room.ended:
        return f"The room was ended. {_ANOTHER_ROOM}"
    if room.exp is not None and room.exp <= now:
        return (
            f"The room was over at {_moment(room.exp)}. Create another one, or try a later exp "
            "with rooms.update()."
        )
    if room.nbf is not None and now < room.nbf:
        return f"The room opens at {_moment(room.nbf)}, in {_span(room.nbf - now)}: join it then."
    return ""


def _of_join(refusal: Refusal) -> str:
    """Say when a room can be joined: which status refuses it is not documented."""
    if window := _window(refusal):
        return window
    if not refusal.has_room_id:
        return _not_a_room_id(refusal).lstrip()
    return _WHEN_OPEN


def _not_a_room_id(refusal: Refusal) -> str:
    """Say that only Retrieve takes external ids, where the path seems to have one."""
    if refusal.room_id is None or refusal.has_room_id:
        return ""
    return (
        f" '{shown(unquote(refusal.room_id), ID_LENGTH)}' does not look like a room id, which has "
        "24 hexadecimal digits. Only retrieving takes an external id: get the room with "
        "rooms.get_by_external_id(), and pass that."
    )


def _clock(refusal: Refusal) -> str:
    """Say that a clock is wrong, where times are refused that were right by another clock."""
    there = http_date(refusal.response.headers.get("date", ""))
    if there is None or not _OF_PAYLOAD_TIMES.search(refusal.words):
        return ""
    ahead = refusal.here - there
    if abs(ahead) < _CLOCK_TOLERANCE:
        return ""
    way = "ahead of" if ahead > timedelta(0) else "behind"
    return (
        f"This machine's clock is {_span(abs(ahead))} {way} the server's: set it, because exp and "
        "nbf are judged by the server's. "
    )


def _later(response: Response) -> str:
    seconds = server_wait(response.status, response.headers)
    return "Try again later" if seconds is None else f"Retry after {_seconds(seconds)}"


def _seconds(seconds: float) -> str:
    return f"{math.ceil(seconds * 10) / 10:.1f}".removesuffix(".0") + " s"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(math.ceil(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    while len(parts) > 1 and not parts[0][0]:
        del parts[0]
    return " ".join(f"{number} {unit}" for number, unit in parts[:2] if number)


# -- the table -----------------------------------------------------------------------------------

_BAD_INPUT: dict[str, Remedy] = {
    "create": _of_fields,
    "update": _of_fields,
    "end": _of_end,
    "list": "Correct limit, skip, sort or the filters; errors says which, if the API told.",
    "get": f"Check the room id: it has 24 hexadecimal digits. {_BY_EXTERNAL_ID}",
    "delete": _END_INSTEAD,
    "join": _of_join,
    "stats": _of_view,
    _EVERY: "Correct query= and json=; errors says which field, if the API told.",
}
_TABLE: dict[int, dict[str, Remedy]] = {
    400: _BAD_INPUT,
    401: {_EVERY: _of_unknown_token},
    402: {_EVERY: "Ask whoever manages the Videsk account: its plan may not include this."},
    403: {"delete": _of_forbidden_deletion, "join": _of_forbidden_join, _EVERY: _of_forbidden},
    404: {"get": _of_nothing_to_get, "stats": _of_missing_stats, _EVERY: _of_missing},
    405: {"delete": _END_INSTEAD, _EVERY: _of_method},
    408: {
        _EVERY: lambda refusal: (
            f"The server waited too long for the request. Try again later. {_support(refusal)}"
        )
    },
    409: {
        "create": (
            "Fetch the room that has this external_id with rooms.get_by_external_id(), or choose "
            "another external_id."
        ),
        "update": _of_conflicting_change,
        "end": _of_end,
        "delete": _END_INSTEAD,
        "join": _of_join,
        "stats": _STATE,
        _EVERY: "What is there does not allow this: read it first, and try again.",
    },
    410: {
        "delete": "The room is no longer there, so nothing is left to do.",
        "join": _of_room_gone,
        "stats": "The room, or its statistics, are no longer there.",
        _EVERY: _of_gone,
    },
    413: {_EVERY: "Send less: the body is too large for the API."},
    422: _BAD_INPUT,
    425: {
        _EVERY: lambda refusal: (
            f"The server was asked too early. Try again in a moment. {_support(refusal)}"
        )
    },
    429: {
        _EVERY: lambda refusal: f"{_later(refusal.response)}, and lower the rate of all processes."
    },
    501: {
        _EVERY: lambda refusal: (
            f"The API does not offer this, so trying again does not help. {_support(refusal)}"
        )
    },
}
_TABLE[505] = _TABLE[501]
_OF_SERVER: dict[str, Remedy] = {
    _EVERY: lambda refusal: f"{_later(refusal.response)}. {_support(refusal)}"
}
_OF_OTHERS: dict[str, Remedy] = {
    "join": _of_join,
    _EVERY: lambda refusal: f"Look up what the status means. {_support(refusal)}",
}
