"""Remedies: what an error of the API suggests. No I/O.

It has the remedies that all operations share, and the parts from which operations compose others
(`operations.py`). If docs/api.md leaves open what a status means, a remedy names each plausible
cause.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import unquote

from videsk_rooms._quoting import ID_LENGTH, shown

from .headers import http_date, server_wait
from .operation import OTHER, Refusal, Remedy

if TYPE_CHECKING:
    from collections.abc import Callable

    from .message import Response

_PAYLOAD_TIMES = re.compile(r"(?i)\b(exp|nbf|expir\w*|future|past)\b")
# Which status refuses another address than the token is bound to is not documented.
_ADDRESS = re.compile(r"(?i)\bip\b")
# A `Date` has whole seconds, and a response takes a while.
_CLOCK_TOLERANCE = timedelta(seconds=60)
# Statuses that mean the same to a caller.
_SAME = {422: 400, 505: 501}

BY_EXTERNAL_ID = "Your own id is looked up with rooms.get_by_external_id()."
CHECK_ROOM_ID = f"Check the room id. {BY_EXTERNAL_ID}"
STATE = (
    "The room is in a state that does not allow this: look at it with rooms.get(), and try again."
)
PROXY_CREDENTIALS = "A proxy asks for credentials: give them in proxy=, or in HTTPS_PROXY."
RIGHTS = "Check in the dashboard that the token may do this, and from this IP address."
_NEW_TOKEN = "make a new one, and set VIDESK_API_TOKEN or api_token= to it."  # noqa: S105
_LOWER_RATE = "lower the rate of all processes."
_WHEN_OPEN = (
    "A room can be joined from its nbf until its exp, unless it was ended: rooms.get() shows all "
    "three."
)
_OVER_OR_EARLY = "The room is over, or not open yet: rooms.get() shows its nbf, exp and ended."


def remedy(refusal: Refusal) -> str:
    """Return what to do about an error of the API, as whole sentences."""
    own = {} if refusal.operation is None else refusal.operation.remedies
    status = _SAME.get(refusal.response.status, refusal.response.status)
    general = 500 if status >= 500 else OTHER
    found = own.get(status) or _OF_ALL.get(status) or own.get(general) or _OF_ALL[general]
    return _text(found, refusal)


def remedy_of_page(response: Response) -> str:
    """Return what to do if a firewall or proxy responded instead of the API."""
    status, answered = response.status, "A firewall or proxy responded instead of the API"
    give_id = f"check base_url and proxy, and give {_to_find_it(response)} to its administrator."
    if status == 407:
        return PROXY_CREDENTIALS
    if status == 429:
        return f"A firewall or proxy limits the rate. {_later(response)} and {_LOWER_RATE}"
    if status >= 500 or status in {408, 425}:
        return f"{answered}. {_later(response)}; if it persists, {give_id}"
    return f"{answered}: {give_id}"


# -- parts for the operations ---------------------------------------------------------------------


def about_input(refusal: Refusal) -> str:
    """Suggest correcting the fields that were sent, or the clock."""
    correct = "Correct the input; errors says which field, if the API named one."
    return _sentences(_clock(refusal), correct, _not_a_room_id(refusal))


def about_room(text: str) -> Callable[[Refusal], str]:
    """Suggest a text, preceded by what to do if the path seems to have an external id."""
    # That comes first, because it is then the likely cause, and the text may be long.
    return lambda refusal: _sentences(_not_a_room_id(refusal), text)


def forbidden(
    text: Remedy = RIGHTS, *, over: Remedy = _OVER_OR_EARLY, rights: Remedy = RIGHTS
) -> Callable[[Refusal], str]:
    """Suggest what to do about a 403, whose cause only the API's message shows.

    Args:
        text: The remedy where the words name no cause.
        over: The remedy for a room that is over, or not open yet.
        rights: The remedy for a token that lacks rights.
    """

    def found(refusal: Refusal) -> str:
        if "invalid or was removed" in refusal.words:
            return f"Look in the dashboard whether the token is still there; if not, {_NEW_TOKEN}"
        if refusal.is_about_token:
            return _text(rights, refusal)
        return _text(over if refusal.told_state else text, refusal)

    return found


def missing(over: Remedy = _OVER_OR_EARLY) -> Callable[[Refusal], str]:
    """Suggest what to do about a 404; `over` is for a room that is over, or not open yet."""

    def found(refusal: Refusal) -> str:
        if refusal.room_id is None:
            return "Check the path, and base_url, which ends before /vpaas."
        if refusal.told_state:
            return _text(over, refusal)
        if not refusal.has_room_id:
            return _not_a_room_id(refusal)
        if refusal.request.room is not None:
            return "The room is no longer there, or belongs to another account than the token."
        return CHECK_ROOM_ID

    return found


def cannot_join(refusal: Refusal) -> str:
    """Say when a room can be joined: which status refuses a join is not documented."""
    return closed_window(refusal) or _not_a_room_id(refusal) or _WHEN_OPEN


def may_not_join(refusal: Refusal) -> str:
    """Say when a room can be joined, and that the token may lack permission."""
    return closed_window(refusal) or f"{_WHEN_OPEN} If the room is open: {RIGHTS}"


def lacks_right_to_join(refusal: Refusal) -> str:
    """Say that the token lacks permission to join, unless the room is closed anyway."""
    window = closed_window(refusal)
    return f"{window} If that is not why: {RIGHTS}" if window else RIGHTS


def closed_window(refusal: Refusal) -> str:
    """Say why a room cannot be joined, as far as the caller's own `Room` shows it."""
    room, now = refusal.request.room, refusal.server_time
    if room is None:
        return ""
    if room.ended:
        return "The room was ended. Create another one."
    if room.exp is not None and room.exp <= now:
        return (
            f"The room was over at {_moment(room.exp)}. Create another one, or try a later exp "
            "with rooms.update()."
        )
    if room.nbf is not None and refusal.is_early:
        return f"The room opens at {_moment(room.nbf)}, in {_span(room.nbf - now)}: join it then."
    return ""


# -- parts of texts -------------------------------------------------------------------------------


def _text(remedy: Remedy, refusal: Refusal) -> str:
    return remedy if isinstance(remedy, str) else remedy(refusal)


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _support(refusal: Refusal) -> str:
    return f"If it persists, send Videsk support {_to_find_it(refusal.response)}."


def _to_find_it(response: Response) -> str:
    return "the request id" if response.request_id else "the time of the call"


def _with_support(text: str) -> Callable[[Refusal], str]:
    return lambda refusal: f"{text} {_support(refusal)}"


def _not_a_room_id(refusal: Refusal) -> str:
    """Say that only Retrieve takes external ids, if the path seems to have one."""
    if refusal.room_id is None or refusal.has_room_id:
        return ""
    return (
        f"'{shown(unquote(refusal.room_id), ID_LENGTH)}' does not look like a room id, which has "
        "24 hexadecimal digits. Only retrieving takes an external id: get the room with "
        "rooms.get_by_external_id(), and pass that."
    )


def _clock(refusal: Refusal) -> str:
    """Say that a clock is wrong, if refused times were right by another clock."""
    there = http_date(refusal.response.headers.get("date", ""))
    if there is None or not _PAYLOAD_TIMES.search(refusal.words):
        return ""
    ahead = refusal.local_time - there
    if abs(ahead) < _CLOCK_TOLERANCE:
        return ""
    way = "ahead of" if ahead > timedelta(0) else "behind"
    return (
        f"This machine's clock is {_span(abs(ahead))} {way} the server's: set it, because exp and "
        "nbf are judged by the server's."
    )


def _unknown_token(refusal: Refusal) -> str:
    if "expired" in refusal.words:
        return f"The API token has expired: in the dashboard, {_NEW_TOKEN}"
    if _ADDRESS.search(refusal.words):
        return RIGHTS
    if "header" in refusal.words:
        return (
            "The token did not arrive as it was sent: check base_url and whatever stands between "
            "this machine and the API, which may remove the Authorization header."
        )
    return (
        "Check the API token (VIDESK_API_TOKEN or api_token=): it may be mistyped, removed from "
        "the dashboard, or not of type api-token."
    )


def _gone(refusal: Refusal) -> str:
    if refusal.room_id is not None:
        return "The room is over, or no longer there. Create another one."
    return "Check the path: what it names is no longer there."


def _later(response: Response) -> str:
    seconds = server_wait(response.status, response.headers)
    if seconds is None:
        return "Try again later"
    return f"Retry after {math.ceil(seconds * 10) / 10:.1f}".removesuffix(".0") + " s"


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


# -- what all operations share --------------------------------------------------------------------

_OF_ALL: dict[int, Remedy] = {
    400: "Correct query= and json=; errors says which field, if the API named one.",
    401: _unknown_token,
    402: "Ask the administrator of the Videsk account: its plan may not include this.",
    403: forbidden(),
    404: missing(),
    405: lambda refusal: (
        f"This path takes no {refusal.request.method}: check the method and the path."
    ),
    408: _with_support("The server waited too long for the request. Try again later."),
    409: "What is there does not allow this: read it first, and try again.",
    410: _gone,
    413: "Send less: the body is too large for the API.",
    425: _with_support("The server was asked too early. Try again in a moment."),
    429: lambda refusal: f"{_later(refusal.response)}, and {_LOWER_RATE}",
    500: lambda refusal: f"{_later(refusal.response)}. {_support(refusal)}",
    501: _with_support("The API does not offer this, so trying again does not help."),
    OTHER: _with_support("Look up what the status means."),
}
