"""The bodies that the benchmark's server answers with: rooms as full as the API sends them."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from functools import cache
from uuid import UUID

ROOM_ID = "64f1a2b3c4d5e6f7a8b9c000"
PAGE_SIZE = 100
ROOMS = 10_000

_START = datetime(2042, 8, 14, 15, tzinfo=timezone.utc)


def room_body() -> bytes:
    """Write one room with its access token, as `GET /vpaas/rooms/{roomId}` answers."""
    return _as_bytes({**_room(0), "accessToken": _access_token()})


def page_body(skip: int, limit: int) -> bytes:
    """Write a page of all rooms, as `GET /vpaas/rooms?$skip=…&$limit=…` answers."""
    rooms = b",".join(_listed(number) for number in range(skip, min(skip + limit, ROOMS)))
    return b'{"total":%d,"limit":%d,"skip":%d,"data":[%b]}' % (ROOMS, limit, skip, rooms)


@cache  # several pages have the same rooms
def _listed(number: int) -> bytes:
    return _as_bytes(_room(number))


def _room(number: int) -> dict[str, object]:
    start = _START + timedelta(minutes=7 * number)
    return {
        "id": f"{int(ROOM_ID, 16) + number:024x}",
        "name": f"Support with Zoë Müller, ticket {12345 + number}",
        "externalId": f"ticket-{12345 + number}",
        "nbf": _time(start),
        "exp": _time(start + timedelta(hours=3)),
        "settings": {"maxParticipants": 10, "recordingEnabled": number % 2 == 0},
        "ended": number % 3 == 0,
        "createdAt": _time(start - timedelta(days=1)),
        "updatedAt": _time(start - timedelta(hours=1)),
        "authorizations": [
            _authorization(number, start + timedelta(minutes=guest)) for guest in range(number % 3)
        ],
    }


def _authorization(number: int, at: datetime) -> dict[str, object]:
    return {
        "ip": f"192.168.1.{number % 256}",
        "jti": str(UUID(int=0xF47AC10B58CC4372A5670E02B2C3D479 + number)),
        "createdAt": _time(at),
    }


def _access_token() -> str:
    claims = {"exp": 2291641200, "nbf": 2291630400, "jti": str(UUID(int=7)), "room": ROOM_ID}
    parts = [_as_bytes({"alg": "HS256", "typ": "JWT"}), _as_bytes(claims), bytes(range(32))]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _as_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
