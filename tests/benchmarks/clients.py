"""What every peer sends, and what it reads the answers with."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from videsk_rooms import RateLimit

from .payloads import PAGE_SIZE, ROOM_ID

TOKEN = "an-api-token-of-a-usual-length-0123456789abcdef"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
ROOM_PATH = f"/vpaas/rooms/{ROOM_ID}"
PAGE_PATH = f"/vpaas/rooms?$limit={PAGE_SIZE}"

JSONReader: TypeAlias = Callable[[bytes], Any]


def json_readers() -> dict[str, JSONReader]:
    """Name what a peer without models reads JSON with: the standard library, and orjson if any."""
    readers: dict[str, JSONReader] = {"json": json.loads}
    try:
        import orjson
    except ImportError:
        return readers
    return {**readers, "orjson": orjson.loads}


# Without pacing, as its peers come; and with all that a client does by itself, at a limit that is
# too high to bite.
UNPACED: dict[str, Any] = {"rate_limit": None}
PACED: dict[str, Any] = {"rate_limit": RateLimit(10_000)}
