"""The section of decoding alone: the bytes of a page, without a network."""

from __future__ import annotations

from functools import partial

from videsk_rooms import Headers, Response
from videsk_rooms._wire import decode as _decode

from .clients import json_packages
from .measure import Effort, Run, in_a_row, in_turns
from .payloads import PAGE_SIZE, page_body
from .pydantic_models import PydanticPage
from .tables import Table


def decode(effort: Effort) -> Table:
    """Turn the bytes of a full page into rooms."""
    body = page_body(0, PAGE_SIZE)
    response = Response(200, Headers({}), body, "GET", "http://127.0.0.1/vpaas/rooms", None, ())
    peers: dict[str, Run] = {
        "bytes to RoomPage": in_a_row(lambda: _decode.page(response)),
        "pydantic model_validate_json": in_a_row(lambda: PydanticPage.model_validate_json(body)),
        **{
            f"{name}.loads alone": in_a_row(partial(package.read, body))
            for name, package in json_packages().items()
        },
    }
    title = f"decoding a page of {PAGE_SIZE} rooms ({len(body) / 1000:.0f} kB)"
    return Table.of("decode", title, "µs", in_turns(peers, effort), {})
