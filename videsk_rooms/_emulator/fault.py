"""A fault: one kind of failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from videsk_rooms._emulator.messages import Operation, Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Mapping

FaultKind = Literal[
    "status",
    "html",
    "drop-before",
    "drop-after",
    "delay",
    "truncated",
    "garbage",
    "garbage-line",
    "empty",
    "answer",
    "enormous",
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
RANDOM_KINDS: tuple[FaultKind, ...] = tuple(kind for kind in KINDS if kind != "answer")

MEGABYTE = 1024 * 1024
NOT_JSON = b"<<<{]\x00 not JSON"
NOT_HTTP = b"\x16\x03\x01 what is this\r\n\r\n"


@dataclass(frozen=True)
class Fault:
    """One kind of failure.

    Attributes:
        kind: Its kind, as in `RequestRecord.fault`.
        processed: Whether the API still processes the request.
        reply: The response sent instead of the API's; `None`: the API's own.
        delay: Seconds by which the response is delayed.
        delayed_first: Whether the delay comes before the processing.
        reset: Whether a dropped connection is reset instead of closed in order.
        keep: The share of the body that a truncated response contains.
        line: The bytes sent instead of an HTTP response.
        size: Bytes of an enormous body, before compression.
        gzip: Whether an enormous body is compressed.
    """

    kind: FaultKind
    processed: bool
    reply: Reply | None = field(default=None, repr=False)
    delay: float = 0.0
    delayed_first: bool = False
    reset: bool = False
    keep: float = 1.0
    line: bytes = field(default=b"", repr=False)
    size: int = 0
    gzip: bool = False

    @property
    def silent(self) -> bool:
        """Whether no HTTP status is sent."""
        return self.kind in ("drop-before", "drop-after", "garbage-line")


def applies(on: frozenset[Operation] | None, operation: Operation | None) -> bool:
    """Return whether a fault for the operations in `on` applies to a request of `operation`."""
    return on is None or operation in on


def waf_page(status: int, headers: Mapping[str, str] | None) -> Reply:
    """Build the WAF's HTML page with a `cf-ray` header (docs/api.md, Access)."""
    page = (
        "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
        f"<body><h1>Error {status}</h1><p>Sorry, you have been blocked</p></body></html>"
    )
    declared = {
        "Content-Type": "text/html; charset=UTF-8",
        "Server": "cloudflare",
        "cf-ray": "8f2c1d3e4a5b6c7d-SCL",
    }
    return Reply(status, page.encode(), {**declared, **(headers or {})})


def enormous_answer(size: int, *, gzip: bool, processed: bool) -> Fault:
    """Build a fault that returns 200 with a very large body of valid JSON."""
    return Fault("enormous", processed, json_reply(200, {}), size=size, gzip=gzip)
