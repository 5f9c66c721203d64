"""What a server that means well answers: enough of the API for every operation.

A request tells by its key how it is answered. A key has the form of a room's id, 24 hex digits: the
first six are the number of a behaviour, 0 for none, and the rest makes it unique. It is the room's
id and, with a prefix, its external id, so that every request carries one.
"""

from __future__ import annotations

import base64
import itertools
import json
import re

_KEY = re.compile(rb"(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])")
_serial = itertools.count(1)

PREFIX = "b-"


def new_key(behaviour: int = 0) -> str:
    """Make a key that no other request has."""
    return f"{behaviour:06x}{next(_serial):018x}"


def key_of(request: bytes) -> str:
    """Find the key of a request."""
    found = _KEY.search(request)
    return "" if found is None else found.group().decode()


def behaviour_of(key: str) -> int:
    """Tell by which behaviour a key asks to be answered."""
    return int(key[:6] or "0", 16)


def token_of(key: str) -> str:
    """Make an access token that tells the room."""
    parts = ({"alg": "HS256"}, {"jti": key, "exp": 4070908800, "nbf": 1700000000})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return b".".join((*encoded, b"signature")).decode()


def room_of(key: str) -> dict[str, object]:
    """Make a room."""
    return {
        "id": key,
        "name": f"Room {key}",
        "externalId": PREFIX + key,
        "exp": "2099-01-01T00:00:00.000Z",
        "nbf": "2024-01-01T00:00:00.000Z",
        "createdAt": "2024-01-01T00:00:00.000Z",
        "ended": False,
        "authorizations": [],
        "accessToken": token_of(key),
    }


def right_body(request: bytes) -> bytes:
    """Answer a request as the API does."""
    key = key_of(request)
    method, target = request.split(b" ", 2)[:2]
    path, _, query = target.partition(b"?")
    if path.endswith(b"/stats"):
        return json.dumps({"room": key}).encode()
    if path.endswith(b"/join"):
        return json.dumps({"accessToken": token_of(key)}).encode()
    if method == b"GET" and path.endswith(b"/vpaas/rooms"):
        skip = re.search(rb"skip=(\d+)", query)
        data = [] if skip is not None and int(skip[1]) else [room_of(key)]
        page = {"total": 1, "limit": 100, "skip": 0, "data": data}
        return json.dumps(page).encode()
    room = room_of(key)
    if method == b"PATCH":
        room |= json.loads(request.partition(b"\r\n\r\n")[2])
    return json.dumps(room).encode()
