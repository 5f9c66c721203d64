"""The section of decoding alone: the bytes of a page, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms import Headers, Response, _decode

from .clients import json_readers
from .measure import Call, Effort, in_turns
from .payloads import PAGE_SIZE, page_body
from .pydantic_models import PydanticPage
from .tables import Table

if TYPE_CHECKING:
    from .clients import JSONReader


def decode(effort: Effort) -> Table:
    """Turn the bytes of a full page into rooms."""
    body = page_body()
    response = Response(200, Headers({}), body, "GET", "http://127.0.0.1/vpaas/rooms", None, ())
    peers: dict[str, Call] = {
        "bytes to RoomPage": lambda: _decode.page(response),
        "pydantic model_validate_json": lambda: PydanticPage.model_validate_json(body),
        **{f"{name}.loads alone": _reading(read, body) for name, read in json_readers().items()},
    }
    title = f"decoding a page of {PAGE_SIZE} rooms ({len(body) / 1000:.0f} kB)"
    return Table.of("decode", title, "µs", in_turns(peers, effort), {})


def _reading(read: JSONReader, body: bytes) -> Call:
    return lambda: read(body)
