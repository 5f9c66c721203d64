"""What every peer sends, and what it reads the answers with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from videsk_rooms import RateLimit

from .payloads import PAGE_SIZE, ROOM_ID

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "an-api-token-of-a-usual-length-0123456789abcdef"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
ROOMS_PATH = "/vpaas/rooms"
ROOM_PATH = f"{ROOMS_PATH}/{ROOM_ID}"
PAGE_PATH = f"{ROOMS_PATH}?$limit={PAGE_SIZE}"


class JSON(NamedTuple):
    """What a peer without models reads and writes JSON with."""

    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]


STANDARD_JSON = JSON(json.loads, lambda value: json.dumps(value).encode())


def json_packages() -> dict[str, JSON]:
    """Name the standard library's JSON, and orjson if there is any."""
    packages = {"json": STANDARD_JSON}
    try:
        import orjson
    except ImportError:
        return packages
    return {**packages, "orjson": JSON(orjson.loads, orjson.dumps)}


# Without a rate limit, as its peers come; and with one that no call waits for, under which as many
# requests are counted at a time as under the API's.
UNLIMITED: dict[str, Any] = {"rate_limit": None}
LIMITED: dict[str, Any] = {"rate_limit": RateLimit(20, per=0.001)}
