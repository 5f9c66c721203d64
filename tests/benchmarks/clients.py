"""What every peer sends, and what it reads the answers with."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any, TypeAlias

from videsk_rooms import AsyncVidesk

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


def unpaced() -> dict[str, Any]:
    """Make the arguments that let a client send as fast as it can."""
    # A client may come without pacing, and then has no word for switching it off.
    return {"rate_limit": None} if "rate_limit" in inspect.signature(AsyncVidesk).parameters else {}
