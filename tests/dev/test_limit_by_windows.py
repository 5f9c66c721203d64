"""The seconds of `/dev/v1/limit` beside the windows of the rate limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms import Videsk
from videsk_rooms.sandbox import Sandbox

from .server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_no_second_holds_more_than_the_limit() -> None:
    """A window begins with a request: two of them may touch one second of the clock."""
    with Sandbox(console=True, rate=5) as sandbox:
        server = Server(sandbox)
        with Videsk(sandbox.api_token, base_url=sandbox.url) as videsk:
            for _ in range(18):
                videsk.rooms.list()
        seconds: list[Mapping[str, int]] = server.send("GET", "/dev/v1/limit").json["seconds"]
    assert sum(each["interactive"] for each in seconds) == 18
    assert max(each["interactive"] for each in seconds) <= 5
